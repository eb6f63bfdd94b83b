import type { JobTotals } from "./options.ts";

/** Indices of the 32-bit words in the shared memory. */
const enum Word {
  /** 1 while a thread holds the input cursor. */
  InputLock,
  /** Number of the block whose turn it is to be written. */
  Turn,
  /** Number of the next block to be read. */
  NextTicket,
  /** 1 if no more blocks are to be read. */
  InputDone,
  /** 1 if all threads have to stop. */
  Cancelled,
  /** 1 if the spool file is complete. */
  SpoolDone,
  /** Incremented whenever the spool file grows. */
  SpoolSignal,
  Count,
}

/** Indices of the 64-bit numbers. The first five may be used only by the holder of a cursor. */
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

/** Numbers of each worker, written only by that worker. */
const enum WorkerField {
  Documents,
  BytesRead,
  BytesWritten,
  Count,
}

const FIELDS_OFFSET = 8 * Math.ceil(Word.Count / 2);

/** Waits until `words[index]` is no longer `value`, or for a short time. */
export type Pause = (
  words: Int32Array,
  index: number,
  value: number,
) => void | Promise<void>;

/** How long a thread waits before it checks whether the job was cancelled, in milliseconds. */
const PAUSE_TIME = 200;

/** Maximum bytes in the spool file that are not read yet. */
const MAX_SPOOL_AHEAD = 256 * 1024 * 1024;

/** How often a thread that fills the spool file checks whether its readers caught up, in milliseconds. */
export const READERS_INTERVAL = 5;

/** The pause of worker threads. */
export const pauseThread: Pause = (words, index, value) => {
  Atomics.wait(words, index, value, PAUSE_TIME);
};

/**
 * The memory that the threads of a job share: the input and the output cursor,
 * their locks, and the progress. One object per thread.
 */
export class SharedState {
  /** The memory, to be passed to other threads. */
  readonly memory: SharedArrayBuffer;
  readonly #words: Int32Array;
  readonly #fields: Float64Array;
  readonly #pause: Pause;

  /** Wraps `memory`, or allocates memory for a number of workers. */
  constructor(memory: SharedArrayBuffer | number, pause: Pause) {
    this.memory = typeof memory === "number" ? allocate(memory) : memory;
    this.#words = new Int32Array(this.memory, 0, Word.Count);
    this.#fields = new Float64Array(this.memory, FIELDS_OFFSET);
    this.#pause = pause;
  }

  /** Whether all threads have to stop. */
  get cancelled(): boolean {
    return Atomics.load(this.#words, Word.Cancelled) === 1;
  }

  /** Stops all threads. */
  cancel(): void {
    Atomics.store(this.#words, Word.Cancelled, 1);
    for (let word = 0; word < Word.Count; word++) {
      Atomics.notify(this.#words, word);
    }
  }

  /** Takes the input cursor. @returns False if the job was cancelled. */
  async lockInput(): Promise<boolean> {
    while (Atomics.exchange(this.#words, Word.InputLock, 1) === 1) {
      if (this.cancelled) return false;
      await this.#pause(this.#words, Word.InputLock, 1);
    }
    if (!this.cancelled) return true;
    this.unlockInput();
    return false;
  }

  /** Releases the input cursor. */
  unlockInput(): void {
    Atomics.store(this.#words, Word.InputLock, 0);
    Atomics.notify(this.#words, Word.InputLock, 1);
  }

  /** Returns the number of the next block. For the holder of the input cursor. */
  takeTicket(): number {
    return this.#words[Word.NextTicket]++;
  }

  /** Whether no more blocks are to be read. Set by the holder of the input cursor. */
  get inputDone(): boolean {
    return Atomics.load(this.#words, Word.InputDone) === 1;
  }
  set inputDone(done: boolean) {
    Atomics.store(this.#words, Word.InputDone, done ? 1 : 0);
  }

  /** Offset of the next block. For the holder of the input cursor. */
  get inputPosition(): number {
    return this.#fields[Field.InputPosition];
  }
  set inputPosition(position: number) {
    this.#fields[Field.InputPosition] = position;
  }

  /** Number of records in all blocks so far. For the holder of the input cursor. */
  get recordsTaken(): number {
    return this.#fields[Field.RecordsTaken];
  }
  set recordsTaken(records: number) {
    this.#fields[Field.RecordsTaken] = records;
  }

  /** Waits until it is a block's turn at the output cursor. @returns False if the job was cancelled. */
  async waitTurn(ticket: number): Promise<boolean> {
    for (;;) {
      const turn = Atomics.load(this.#words, Word.Turn);
      if (this.cancelled) return false;
      if (turn === ticket) return true;
      await this.#pause(this.#words, Word.Turn, turn);
    }
  }

  /** Releases the output cursor to the next block. */
  passTurn(): void {
    Atomics.add(this.#words, Word.Turn, 1);
    Atomics.notify(this.#words, Word.Turn);
  }

  /**
   * Reserves `size` bytes of a part of the target. For the holder of the output
   * cursor.
   *
   * @returns Their position.
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
   * Numbers the next `count` documents of the part that was reserved last.
   *
   * @returns The index of the first of them.
   */
  reserveDocuments(count: number): number {
    const first = this.#fields[Field.OutputDocuments];
    this.#fields[Field.OutputDocuments] = first + count;
    return first;
  }

  /** Number of parts that were started; at least 1. */
  get parts(): number {
    return this.#fields[Field.OutputPart] + 1;
  }

  /**
   * Whether the job is complete: it was not cancelled, every block that was read
   * had its turn, and `records`, the number of accounted records, is all of them.
   */
  isComplete(records: number): boolean {
    return !this.cancelled &&
      this.#words[Word.Turn] === this.#words[Word.NextTicket] &&
      this.recordsTaken === records;
  }

  /** Adds to the progress of a worker. */
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

  /** Adds up the progress of all workers. */
  totals(): JobTotals {
    const totals = { documents: 0, bytesRead: 0, bytesWritten: 0 };
    for (
      let at: number = Field.Workers;
      at < this.#fields.length;
      at += WorkerField.Count
    ) {
      totals.documents += this.#fields[at + WorkerField.Documents];
      totals.bytesRead += this.#fields[at + WorkerField.BytesRead];
      totals.bytesWritten += this.#fields[at + WorkerField.BytesWritten];
    }
    return totals;
  }

  /** Size of the spool file so far, in bytes. */
  get spoolSize(): number {
    return this.#fields[Field.SpoolSize];
  }

  /** Whether the spool file is complete. */
  get spoolDone(): boolean {
    return Atomics.load(this.#words, Word.SpoolDone) === 1;
  }

  /** Reports that the spool file has grown to `size` bytes, and whether it is complete. */
  growSpool(size: number, done: boolean): void {
    this.#fields[Field.SpoolSize] = size;
    if (done) Atomics.store(this.#words, Word.SpoolDone, 1);
    Atomics.add(this.#words, Word.SpoolSignal, 1);
    Atomics.notify(this.#words, Word.SpoolSignal);
  }

  /** Whether so much of the spool file is unread that filling it should wait. */
  get spoolIsAhead(): boolean {
    return !this.cancelled && !this.inputDone &&
      this.spoolSize - this.inputPosition > MAX_SPOOL_AHEAD &&
      // A reader may look far ahead, for the end of a large record or corrupted region.
      this.spoolSize >= this.#fields[Field.SpoolWanted];
  }

  /** Lets the spool file be filled completely before anything is read. */
  fillSpoolFirst(): void {
    this.#fields[Field.SpoolWanted] = Infinity;
  }

  /** Blocks the thread while too much of the spool file is unread. */
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

function allocate(workers: number): SharedArrayBuffer {
  const size = FIELDS_OFFSET +
    8 * (Field.Workers + WorkerField.Count * workers);
  // Most pages in browsers have no shared memory; a single thread needs none.
  const Memory = globalThis.SharedArrayBuffer ?? ArrayBuffer;
  return new Memory(size) as SharedArrayBuffer;
}
