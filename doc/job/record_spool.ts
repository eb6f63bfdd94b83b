import { writeInt32 } from "../../codec/bytes.ts";
import { pacer } from "./pacer.ts";
import { READERS_INTERVAL, type SharedState } from "./shared_state.ts";
import { SpoolFile } from "./spool_file.ts";

/** Bytes per write to the spool file. */
const BUFFER_SIZE = 1024 * 1024;

/**
 * Writes records to the spool file of a job whose source is not a bin file. The
 * size of a content is written at its end, because a size that was announced can
 * be wrong; workers see a record only when it is complete.
 */
export class RecordSpool implements Disposable {
  /** Number of complete records. */
  records = 0;
  readonly #state: SharedState;
  readonly #file: SpoolFile;
  readonly #pace = pacer();
  readonly #buffer = new Uint8Array(BUFFER_SIZE);
  #length = 0;
  /** Offset of the buffer in the file. */
  #position = 0;
  /** End of the last complete record. */
  #end = 0;
  /** Offset of the size of the current content. */
  #sizeAt = 0;

  /** Opens the spool file at `path`. */
  constructor(path: string, state: SharedState) {
    this.#state = state;
    this.#file = new SpoolFile(path, "write");
  }

  /** Whether the job takes more records. */
  get isWanted(): boolean {
    return !this.#state.cancelled && !this.#state.inputDone;
  }

  /**
   * Removes records that were read from the disk, waits if too many are unread,
   * and handles other events now and then. To be called often.
   */
  pause(): Promise<void> | undefined {
    if (this.#state.spoolIsAhead) return this.#waitForReaders();
    this.#file.removeBefore(this.#state.inputPosition);
    return this.#pace();
  }

  /** Size of the current content so far, in bytes. */
  get contentSize(): number {
    return this.#position + this.#length - this.#sizeAt - 4;
  }

  /** Starts a record. */
  begin(key: Uint8Array): void {
    const size = new Uint8Array(4);
    writeInt32(size, 0, key.length);
    this.write(size);
    this.write(key);
    // The size of the content must not span two buffers, because it is changed later.
    if (BUFFER_SIZE - this.#length < 4) this.#flush();
    this.#sizeAt = this.#position + this.#length;
    this.#length += 4;
  }

  /** Appends to the content. */
  write(bytes: Uint8Array): void {
    for (let at = 0; at < bytes.length;) {
      const space = this.space();
      const part = bytes.subarray(at, at + space.length);
      space.set(part);
      this.advance(part.length);
      at += part.length;
    }
  }

  /** Returns memory for the next bytes of the content; see {@linkcode RecordSpool.advance}. */
  space(): Uint8Array {
    if (this.#length === BUFFER_SIZE) this.#flush();
    return this.#buffer.subarray(this.#length);
  }

  /** Appends the first `count` bytes of the {@linkcode RecordSpool.space} to the content. */
  advance(count: number): void {
    this.#length += count;
  }

  /** Completes the record. */
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

  /** Discards the record that was started. */
  drop(): void {
    this.#length = Math.max(this.#end - this.#position, 0);
    this.#position = Math.min(this.#end, this.#position);
  }

  /** Completes the spool file. */
  finish(): void {
    this.#flush();
    this.#state.growSpool(this.#end, true);
  }

  /** Closes the file. */
  [Symbol.dispose](): void {
    this.#file[Symbol.dispose]();
  }

  async #waitForReaders(): Promise<void> {
    while (this.#state.spoolIsAhead) {
      await new Promise((resolve) => setTimeout(resolve, READERS_INTERVAL));
    }
  }

  #flush(): void {
    this.#file.write(this.#buffer.subarray(0, this.#length), this.#position);
    this.#position += this.#length;
    this.#length = 0;
    this.#state.growSpool(Math.min(this.#end, this.#position), false);
  }
}
