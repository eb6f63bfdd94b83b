import { writeInt32 } from "../codec/bytes.ts";
import type { LockOptions } from "./target/target_lock.ts";
import { findCodec } from "../codec/codecs.ts";
import type { Compressor } from "../codec/engine.ts";
import { leaseCompressor } from "../codec/lease.ts";
import type { CodecName } from "../codec/names.ts";
import { fitting, maxCompressedSize } from "../codec/output_size.ts";
import { globalMemoryPool, type MemoryPool } from "../pool/memory_pool.ts";
import { cutOff, type CutRange, cutTear } from "./target/torn_record.ts";
import {
  checkTarget,
  createTemporary,
  removeTemporaries,
} from "./target/temporary.ts";
import { TargetLock } from "./target/target_lock.ts";
import { asFileError, fileError, nodeFs } from "./source/byte_source.ts";
import type { Doc } from "./doc.ts";
import {
  checkDocument,
  DEFAULT_KEY_SIZE_LIMIT,
  recordSize,
} from "./format/record.ts";

/** Records are written to the file once they fill this many bytes. */
const BATCH_SIZE = 256 * 1024;

/** How to write a bin file. */
export interface DocWriterOptions extends LockOptions {
  /** Codec of the contents: a name, alias or number. Default `gzip`, as in the original. */
  codec?: string | number;
  /** Compression level; the codec's default when not given. */
  level?: number;
  /**
   * Whether to add to the file if it exists. What is flushed can be read at
   * once then. Default: a new file is made, which appears when the writer is
   * closed, and an existing one is an error.
   */
  append?: boolean;
  /** Whether to replace an existing file. Default false. */
  force?: boolean;
  /** Longest key that is accepted, in bytes. Default {@linkcode DEFAULT_KEY_SIZE_LIMIT}. */
  keySizeLimit?: number;
  /** The pool to work with. Default: `globalMemoryPool`. */
  pool?: MemoryPool;
}

/**
 * Writes documents to a bin file, many records per system call.
 *
 * A new file, or one that replaces another, appears whole or not at all: it is
 * written beside its place and renamed when the writer is closed. Until then, and
 * for ever if the process dies, an old file stays as it is.
 *
 * With `append`, records are added to the file itself. Should the process die,
 * those that were flushed are there; the beginning of one more may be, which is
 * cut off when the file is next appended to or replaced ({@linkcode DocWriter.cut}).
 *
 * Either way the file is locked, so that no other process writes to it, nor
 * another writer of this one.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { Doc, DocReader, DocWriter } from "@binfiles/binfiles/doc";
 *
 * const path = Deno.makeTempFileSync();
 * {
 *   using writer = new DocWriter(path, { codec: "zstd", append: true });
 *   writer.write(new Doc("key", "content"));
 * }
 * using reader = new DocReader(path);
 * assertEquals(reader.read()?.text(), "content");
 * ```
 */
export class DocWriter implements Disposable {
  /** Path of the file. */
  readonly file: string;
  /**
   * What was cut off from the end of the file when it was opened: the beginning
   * of a record whose writer had died. Undefined if there was nothing of the kind.
   */
  readonly cut: CutRange | undefined;
  readonly #fs = nodeFs();
  readonly #lock: TargetLock;
  /** Path of the file that is written: the temporary one, unless records are added. */
  readonly #path: string;
  readonly #descriptor: number;
  readonly #append: boolean;
  readonly #force: boolean;
  readonly #codec: CodecName;
  readonly #compressor: Compressor & Disposable;
  readonly #keySizeLimit: number;
  readonly #pool: MemoryPool;
  #batch: Uint8Array;
  #batchLength = 0;
  /** Size of the file without the batch: where the last record ends that was flushed. */
  #written: number;
  #closed = false;

  /**
   * Opens the file.
   *
   * @throws {TargetExistsError} It exists, and neither `append` nor `force` is set.
   * @throws {LockedError} Another writer has it open, and still has after `lockWait`.
   * @throws {RecordError} It is to be appended to, but is damaged, or no bin file.
   * @throws {FileError} It cannot be opened.
   * @throws {UnknownCodecError | NoEngineError | OptionError} The codec or its
   * level is not to be had.
   */
  constructor(path: string, options: DocWriterOptions = {}) {
    const {
      codec = "gzip",
      level,
      append = false,
      force = false,
      keySizeLimit = DEFAULT_KEY_SIZE_LIMIT,
      pool = globalMemoryPool,
    } = options;
    this.file = path;
    this.#append = append;
    this.#force = force;
    this.#keySizeLimit = keySizeLimit;
    this.#pool = pool;
    this.#codec = findCodec(codec).name;
    this.#compressor = leaseCompressor(this.#codec, { level, pool });
    let lock: TargetLock | undefined;
    let temporary: string | undefined;
    let descriptor: number | undefined;
    try {
      lock = this.#lock = TargetLock.takeSync(path, options);
      if (append) {
        this.#path = lock.path;
        const { O_RDWR, O_CREAT } = this.#fs.constants;
        descriptor = this.#fs.openSync(lock.path, O_RDWR | O_CREAT, 0o666);
        this.cut = lock.cut ?? cutTear(lock.path, keySizeLimit);
        lock.beginAppend({ keySizeLimit });
      } else {
        checkTarget(path, [], force);
        temporary = this.#path = createTemporary(lock.path);
        descriptor = this.#fs.openSync(temporary, "r+");
      }
      this.#descriptor = descriptor;
      this.#written = this.#fs.fstatSync(this.#descriptor).size;
      this.#batch = pool.getBuffer(BATCH_SIZE);
    } catch (error) {
      this.#compressor[Symbol.dispose]();
      if (descriptor !== undefined) this.#fs.closeSync(descriptor);
      if (temporary !== undefined) removeTemporaries([temporary]);
      lock?.release();
      throw asFileError("write", path, error);
    }
  }

  /**
   * Compresses a document and adds it to the batch, which is written when full.
   *
   * @returns The offset of its record in the file, in bytes.
   * @throws {DocumentError} Its key or content is over a limit, or both are empty.
   * @throws {FileError} The batch cannot be written.
   */
  write(doc: Doc): number {
    const { key, content } = doc;
    checkDocument(key.length, content.length, this.#keySizeLimit);
    const room = recordSize(key.length, maxCompressedSize(content.length));
    if (this.#batchLength + room > this.#batch.length) this.#makeRoom(room);
    const start = this.#batchLength;
    const batch = this.#batch;
    writeInt32(batch, start, key.length);
    batch.set(key, start + 4);
    const sizeAt = start + 4 + key.length;
    const size = fitting(
      this.#compressor.compress(content, batch, sizeAt + 4),
      this.#codec,
      content.length,
    );
    checkDocument(key.length, size, this.#keySizeLimit);
    writeInt32(batch, sizeAt, size);
    this.#batchLength = sizeAt + 4 + size;
    return this.#written + start;
  }

  /**
   * Writes the batch to the file. If that fails, it can be tried again.
   *
   * @throws {FileError} It cannot be written, for example because the disk is full.
   */
  flush(): void {
    try {
      for (let done = 0; done < this.#batchLength;) {
        // With its position, so that a part that got there before something
        // failed is written over.
        done += this.#fs.writeSync(
          this.#descriptor,
          this.#batch,
          done,
          this.#batchLength - done,
          this.#written + done,
        );
      }
    } catch (error) {
      throw fileError("write", this.file, error);
    }
    this.#written += this.#batchLength;
    this.#batchLength = 0;
  }

  /**
   * Writes what is left, flushes the file to the disk and closes it. A file that
   * did not exist, or is replaced, is there from now on. Closing twice does nothing.
   *
   * @throws {FileError} What is left cannot be written. The file is closed all
   * the same: a new one is not made, an old one not replaced, and one that was
   * appended to ends with a whole record.
   * @throws {TargetExistsError} The file has appeared meanwhile, and `force` is not set.
   */
  close(): void {
    if (this.#closed) return;
    try {
      this.flush();
      this.#fs.fdatasyncSync(this.#descriptor);
      if (!this.#append) {
        this.#lock.giveNames({
          temporary: this.#path,
          parts: 0,
          sums: false,
          force: this.#force,
        });
      }
      this.#lock.finish();
      this.#end();
    } catch (error) {
      this.discard();
      throw asFileError("write", this.file, error);
    }
  }

  /**
   * Closes the file without what is left. A new one is not made, and an old one
   * not replaced; from one that is appended to, records are not taken back that
   * were written to it. Does nothing if the file is closed.
   *
   * @throws {FileError} The file cannot be freed of half a record. Who opens it
   * next tries again.
   */
  discard(): void {
    if (this.#closed) return;
    try {
      if (!this.#append) removeTemporaries([this.#path]);
      else if (this.#fs.fstatSync(this.#descriptor).size > this.#written) {
        cutOff(this.#path, this.#written);
      }
      this.#lock.finish();
    } finally {
      this.#end();
    }
  }

  /** Same as {@linkcode DocWriter.close}. */
  [Symbol.dispose](): void {
    this.close();
  }

  /** Gives back all that the writer has. */
  #end(): void {
    this.#closed = true;
    try {
      this.#fs.closeSync(this.#descriptor);
    } finally {
      this.#lock.release();
      this.#compressor[Symbol.dispose]();
      this.#pool.putBuffer(this.#batch);
    }
  }

  #makeRoom(room: number): void {
    this.flush();
    if (room > this.#batch.length) {
      // In this order: getting may throw, and there must be a batch to return then.
      const larger = this.#pool.getBuffer(room);
      this.#pool.putBuffer(this.#batch);
      this.#batch = larger;
    }
  }
}
