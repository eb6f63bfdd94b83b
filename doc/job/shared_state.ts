/**
 * The memory that the threads of a job share: two cursors, who may move
 * them, and what has been done.
 */

/** Indices of 32-bit words. */
const enum Word {
  /** 1 while a thread holds the input cursor. */
  InputLock,
  /** Number of the block that may be written now. */
  Turn,
  /** Number of the next block to be read. */
  NextTicket,
  /** 1 when there are no more blocks to be read. */
  InputDone,
  /** 1 when everybody has to stop. */
  Cancelled,
  /** 1 when the spool file is complete. */
  SpoolDone,
  /** Counts up whenever the spool file grows. */
  SpoolSignal,
  Count,
}

/** Indices of 64-bit numbers. The first five belong to whoever holds a cursor. */
const enum Field {
  InputPosition,
  RecordsTaken,
  OutputPosition,
  OutputPart,
  OutputDocuments,
  SpoolSize,
  SpoolWanted,
  Workers,
}

/** Numbers that each worker has for itself. */
const enum WorkerField {
  Documents,
  BytesRead,
  BytesWritten,
  Count,
}

const FIELDS_OFFSET = 8 * Math.ceil(Word.Count / 2);

/** What has been done so far. */
export interface JobProgress {
  /** Documents written. */
  documents: number;
  /** Bytes of records taken from the source. */
  bytesRead: number;
  /** Bytes written to the target. */
  bytesWritten: number;
}

/** Waits until `words[index]` is no longer `value`, or for a short while. */
export type Pause = (
  words: Int32Array,
  index: number,
  value: number,
) => void | Promise<void>;

/** How long a thread sleeps at most before it looks again whether to stop, in milliseconds. */
const PAUSE_TIME = 200;

/** Bytes that a spool file may be ahead of its readers. */
const MAX_SPOOL_AHEAD = 256 * 1024 * 1024;

/** How often whoever fills a spool file looks for readers it is too far ahead of, in milliseconds. */
export const READERS_INTERVAL = 5;

/** The pause of worker threads. */
export const pauseThread: Pause = (words, index, value) => {
  Atomics.wait(words, index, value, PAUSE_TIME);
};

/** One thread's view of the shared memory. */
export class JobControl {
  /** The memory, to be handed to other threads. */
  readonly memory: SharedArrayBuffer;
  readonly #words: Int32Array;
  readonly #fields: Float64Array;
  readonly #pause: Pause;

  /** Creates a view of `memory`, or of new memory for a number of workers. */
  constructor(memory: SharedArrayBuffer | number, pause: Pause) {
    this.memory = typeof memory === "number"
      ? new SharedArrayBuffer(
        FIELDS_OFFSET + 8 * (Field.Workers + WorkerField.Count * memory),
      )
      : memory;
    this.#words = new Int32Array(this.memory, 0, Word.Count);
    this.#fields = new Float64Array(this.memory, FIELDS_OFFSET);
    this.#pause = pause;
  }

  /** Whether everybody has to stop. */
  get cancelled(): boolean {
    return Atomics.load(this.#words, Word.Cancelled) === 1;
  }

  /** Makes everybody stop. */
  cancel(): void {
    Atomics.store(this.#words, Word.Cancelled, 1);
    for (let word = 0; word < Word.Count; word++) {
      Atomics.notify(this.#words, word);
    }
  }

  /** Takes the input cursor. @returns False when everybody has to stop. */
  async lockInput(): Promise<boolean> {
    while (Atomics.exchange(this.#words, Word.InputLock, 1) === 1) {
      if (this.cancelled) return false;
      await this.#pause(this.#words, Word.InputLock, 1);
    }
    if (!this.cancelled) return true;
    this.unlockInput();
    return false;
  }

  /** Lets go of the input cursor. */
  unlockInput(): void {
    Atomics.store(this.#words, Word.InputLock, 0);
    Atomics.notify(this.#words, Word.InputLock, 1);
  }

  /** Number of the next block. For the holder of the input cursor. */
  takeTicket(): number {
    return this.#words[Word.NextTicket]++;
  }

  /** Whether there are no more blocks. To be set by the holder of the input cursor. */
  get inputDone(): boolean {
    return Atomics.load(this.#words, Word.InputDone) === 1;
  }
  set inputDone(done: boolean) {
    Atomics.store(this.#words, Word.InputDone, done ? 1 : 0);
  }

  /** Where the next block starts. For the holder of the input cursor. */
  get inputPosition(): number {
    return this.#fields[Field.InputPosition];
  }
  set inputPosition(position: number) {
    this.#fields[Field.InputPosition] = position;
  }

  /** Records in the blocks so far. For the holder of the input cursor. */
  get recordsTaken(): number {
    return this.#fields[Field.RecordsTaken];
  }
  set recordsTaken(records: number) {
    this.#fields[Field.RecordsTaken] = records;
  }

  /** Waits for the turn of a block. @returns False when everybody has to stop. */
  async waitTurn(ticket: number): Promise<boolean> {
    for (;;) {
      const turn = Atomics.load(this.#words, Word.Turn);
      if (this.cancelled) return false;
      if (turn === ticket) return true;
      await this.#pause(this.#words, Word.Turn, turn);
    }
  }

  /** Lets the next block have its turn. */
  passTurn(): void {
    Atomics.add(this.#words, Word.Turn, 1);
    Atomics.notify(this.#words, Word.Turn);
  }

  /**
   * Reserves `size` bytes of output in a part of the target. For the block whose
   * turn it is.
   *
   * @returns Where they are to be written.
   */
  reserveOutput(part: number, size: number): number {
    if (part !== this.#fields[Field.OutputPart]) {
      this.#fields[Field.OutputPart] = part;
      this.#fields[Field.OutputPosition] = 0;
      this.#fields[Field.OutputDocuments] = 0;
    }
    const position = this.#fields[Field.OutputPosition];
    this.#fields[Field.OutputPosition] = position + size;
    return position;
  }

  /**
   * Numbers the next `count` documents of the part that was reserved from last.
   *
   * @returns The number of the first, from 0 on.
   */
  reserveDocuments(count: number): number {
    const first = this.#fields[Field.OutputDocuments];
    this.#fields[Field.OutputDocuments] = first + count;
    return first;
  }

  /** Number of parts that have been begun; at least one. */
  get parts(): number {
    return this.#fields[Field.OutputPart] + 1;
  }

  /**
   * Whether the job came to its end: nobody was stopped, every block that was
   * read has had its turn, and `records` were seen to, which must be all.
   */
  isComplete(records: number): boolean {
    return !this.cancelled &&
      this.#words[Word.Turn] === this.#words[Word.NextTicket] &&
      this.recordsTaken === records;
  }

  /** Adds to what a worker has done. */
  count(
    worker: number,
    documents: number,
    bytesRead: number,
    bytesWritten: number,
  ): void {
    const at = Field.Workers + WorkerField.Count * worker;
    this.#fields[at + WorkerField.Documents] += documents;
    this.#fields[at + WorkerField.BytesRead] += bytesRead;
    this.#fields[at + WorkerField.BytesWritten] += bytesWritten;
  }

  /** What all workers have done. */
  progress(): JobProgress {
    const progress = { documents: 0, bytesRead: 0, bytesWritten: 0 };
    for (
      let at: number = Field.Workers;
      at < this.#fields.length;
      at += WorkerField.Count
    ) {
      progress.documents += this.#fields[at + WorkerField.Documents];
      progress.bytesRead += this.#fields[at + WorkerField.BytesRead];
      progress.bytesWritten += this.#fields[at + WorkerField.BytesWritten];
    }
    return progress;
  }

  /** Size of the spool file so far, in bytes. */
  get spoolSize(): number {
    return this.#fields[Field.SpoolSize];
  }

  /** Whether the spool file is complete. */
  get spoolDone(): boolean {
    return Atomics.load(this.#words, Word.SpoolDone) === 1;
  }

  /** Tells the others that the spool file has grown to `size` bytes, and whether that is all. */
  growSpool(size: number, done: boolean): void {
    this.#fields[Field.SpoolSize] = size;
    if (done) Atomics.store(this.#words, Word.SpoolDone, 1);
    Atomics.add(this.#words, Word.SpoolSignal, 1);
    Atomics.notify(this.#words, Word.SpoolSignal);
  }

  /** Whether the spool file is so far ahead of its readers that filling it should wait for them. */
  get spoolIsAhead(): boolean {
    return !this.cancelled && !this.inputDone &&
      this.spoolSize - this.inputPosition > MAX_SPOOL_AHEAD &&
      // A reader may look far ahead, for the end of damage or of a large record.
      this.spoolSize >= this.#fields[Field.SpoolWanted];
  }

  /** Blocks the thread while the spool file is far ahead of its readers. */
  waitForReaders(): void {
    while (this.spoolIsAhead) {
      const signal = Atomics.load(this.#words, Word.SpoolSignal);
      Atomics.wait(this.#words, Word.SpoolSignal, signal, READERS_INTERVAL);
    }
  }

  /** Blocks the thread until the spool file has `size` bytes or is complete. */
  waitForSpool(size: number): void {
    this.#fields[Field.SpoolWanted] = size;
    for (;;) {
      const signal = Atomics.load(this.#words, Word.SpoolSignal);
      if (this.spoolDone || this.spoolSize >= size || this.cancelled) return;
      Atomics.wait(this.#words, Word.SpoolSignal, signal, PAUSE_TIME);
    }
  }
}
