import { writeInt32 } from "../../codec/bytes.ts";
import { type JobControl, READERS_INTERVAL } from "./shared_state.ts";
import { pacer } from "./yield.ts";
import { SpoolFile } from "./spool_file.ts";

/** Bytes that are written to the spool file at a time. */
const BUFFER_SIZE = 1024 * 1024;

/**
 * Writes records to the spool file of a job, for sources that are no bin files.
 * A record's size is written when its content has come to its end, because what
 * was said of it before may prove wrong; the workers learn of it only then.
 */
export class RecordSpool implements Disposable {
  /** Number of records so far. */
  records = 0;
  readonly #control: JobControl;
  readonly #file: SpoolFile;
  readonly #pace = pacer();
  readonly #buffer = new Uint8Array(BUFFER_SIZE);
  #length = 0;
  /** Offset in the file of the buffer's start. */
  #position = 0;
  /** Where the last whole record ends. */
  #end = 0;
  /** Where the size of the content belongs that is being written. */
  #sizeAt = 0;

  /** Opens the file at `path`. */
  constructor(path: string, control: JobControl) {
    this.#control = control;
    this.#file = new SpoolFile(path, "write");
  }

  /** Whether anybody is still interested in more records. */
  get isWanted(): boolean {
    return !this.#control.cancelled && !this.#control.inputDone;
  }

  /**
   * Gives back the space of records that have been taken, waits if there are too
   * many that have not, and lets other events be handled now and then. To be
   * called often.
   */
  pause(): Promise<void> | undefined {
    if (this.#control.spoolIsAhead) return this.#waitForReaders();
    this.#file.removeBefore(this.#control.inputPosition);
    return this.#pace();
  }

  /** Size of the content that is being written, so far, in bytes. */
  get contentSize(): number {
    return this.#position + this.#length - this.#sizeAt - 4;
  }

  /** Begins a record. */
  begin(key: Uint8Array): void {
    const size = new Uint8Array(4);
    writeInt32(size, 0, key.length);
    this.write(size);
    this.write(key);
    // In one piece, so that it can be changed in one.
    if (BUFFER_SIZE - this.#length < 4) this.#flush();
    this.#sizeAt = this.#position + this.#length;
    this.#length += 4;
  }

  /** Adds to the content of the record. */
  write(bytes: Uint8Array): void {
    for (let at = 0; at < bytes.length;) {
      const space = this.space();
      const part = bytes.subarray(at, at + space.length);
      space.set(part);
      this.advance(part.length);
      at += part.length;
    }
  }

  /** Memory for the next bytes of the content, to be followed by {@linkcode RecordSpool.advance}. */
  space(): Uint8Array {
    if (this.#length === BUFFER_SIZE) this.#flush();
    return this.#buffer.subarray(this.#length);
  }

  /** Says that `count` bytes of the space have been filled. */
  advance(count: number): void {
    this.#length += count;
  }

  /** Ends the record. */
  end(): void {
    const { contentSize } = this;
    const inBuffer = this.#sizeAt - this.#position;
    if (inBuffer >= 0) writeInt32(this.#buffer, inBuffer, contentSize);
    else {
      const size = new Uint8Array(4);
      writeInt32(size, 0, contentSize);
      this.#file.write(size, this.#sizeAt);
    }
    this.#end = this.#position + this.#length;
    this.records++;
  }

  /** Takes the record back that has been begun. */
  drop(): void {
    this.#length = Math.max(this.#end - this.#position, 0);
    this.#position = Math.min(this.#end, this.#position);
  }

  /** Says that there are no more records. */
  finish(): void {
    this.#flush();
    this.#control.growSpool(this.#end, true);
  }

  /** Closes the file. */
  [Symbol.dispose](): void {
    this.#file[Symbol.dispose]();
  }

  async #waitForReaders(): Promise<void> {
    while (this.#control.spoolIsAhead) {
      await new Promise((resolve) => setTimeout(resolve, READERS_INTERVAL));
    }
  }

  #flush(): void {
    this.#file.write(this.#buffer.subarray(0, this.#length), this.#position);
    this.#position += this.#length;
    this.#length = 0;
    this.#control.growSpool(Math.min(this.#end, this.#position), false);
  }
}
