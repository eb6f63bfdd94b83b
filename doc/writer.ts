import { writeInt32 } from "../codec/bytes.ts";
import type { LockOptions } from "./target/target_lock.ts";
import { findCodec } from "../codec/codecs.ts";
import type { Compressor } from "../codec/engine.ts";
import { leaseCompressor } from "../codec/lease.ts";
import type { CodecName } from "../codec/names.ts";
import { fitting, maxCompressedSize } from "../codec/output_size.ts";
import { globalMemoryPool, type MemoryPool } from "../pool/memory_pool.ts";
import {
  removeTornRecord,
  type TornRecord,
  truncateFile,
} from "./target/torn_record.ts";
import {
  checkTarget,
  createTemporary,
  removeTemporaries,
} from "./target/temporary.ts";
import { TargetLock } from "./target/target_lock.ts";
import { writeFully } from "./target/write_fully.ts";
import { asFileError, fileError, nodeFs } from "./source/byte_source.ts";
import type { Doc } from "./doc.ts";
import {
  checkDocument,
  DEFAULT_KEY_SIZE_LIMIT,
  recordSize,
} from "./format/record.ts";

/** Size of the batch buffer, in bytes: a larger batch is written to the file. */
const BATCH_SIZE = 256 * 1024;

/** How to write a bin file. */
export interface DocWriterOptions extends LockOptions {
  /** Codec of the contents: a name, alias or number. Default `gzip`, as in the original. */
  codec?: string | number;
  /** Compression level. Default: that of the codec. */
  level?: number;
  /**
   * Whether to append to the file; it is created if it does not exist. Flushed
   * documents can be read at once. Default false: a new file is written, which
   * appears when the writer is closed, and an existing one is an error.
   */
  append?: boolean;
  /** Whether to replace an existing file. Default false. */
  force?: boolean;
  /** Longest accepted key, in bytes. Default {@linkcode DEFAULT_KEY_SIZE_LIMIT}. */
  keySizeLimit?: number;
  /** The pool to use. Default: `globalMemoryPool`. */
  pool?: MemoryPool;
}

/**
 * Writes documents to a bin file, many records per system call.
 *
 * A new file, or one that replaces another, appears whole or not at all: it is
 * written to a temporary file beside the target, which is renamed when the writer
 * is closed. If the process dies before that, an old file is unchanged.
 *
 * With `append`, records are written to the file itself. If the process dies,
 * flushed records are kept. A torn record may follow them; the next writer of the
 * file removes it ({@linkcode DocWriter.cut}).
 *
 * Either way the file is locked against other writers, in this process or another.
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
   * The torn record that was removed from the end of the file when it was
   * opened, left by a writer that died. Undefined if there was none.
   */
  readonly cut: TornRecord | undefined;
  readonly #fs = nodeFs();
  readonly #lock: TargetLock;
  /** Path of the written file: the temporary file, unless records are appended. */
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
  /** Offset after the last flushed record. */
  #written: number;
  #closed = false;

  /**
   * Opens the file.
   *
   * @throws {TargetExistsError} It exists, and neither `append` nor `force` is set.
   * @throws {LockedError} Another writer still holds its lock after `lockWait`.
   * @throws {RecordError} With `append`: it is corrupt, or not a bin file.
   * @throws {FileError} It cannot be opened.
   * @throws {UnknownCodecError | NoEngineError | OptionError} The codec or level is
   * unknown or unavailable.
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
        this.cut = lock.cut ?? removeTornRecord(lock.path, keySizeLimit);
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
   * The document's bytes are not used after the call.
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
   * Writes the batch to the file. After a failure it can be called again.
   *
   * @throws {FileError} It cannot be written, for example because the disk is full.
   */
  flush(): void {
    if (this.#batchLength === 0) return;
    try {
      const batch = this.#batch.subarray(0, this.#batchLength);
      // At its position: a retry overwrites what a failed attempt has written.
      writeFully(this.#descriptor, batch, this.#written);
    } catch (error) {
      throw fileError("write", this.file, error);
    }
    this.#written += this.#batchLength;
    this.#batchLength = 0;
  }

  /**
   * Writes the batch, flushes the file to the disk and closes it. A new or
   * replaced file appears now. Closing twice does nothing.
   *
   * @throws {FileError} The batch cannot be written. The file is closed anyway: a
   * new file does not appear, an old one is not replaced, and an appended file
   * ends with a whole record.
   * @throws {TargetExistsError} The file was created meanwhile, and `force` is not set.
   */
  close(): void {
    if (this.#closed) return;
    try {
      this.flush();
      this.#fs.fdatasyncSync(this.#descriptor);
      if (!this.#append) {
        this.#lock.commit({
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
   * Closes the file without writing the batch. A new file does not appear, and an
   * old one is not replaced. Records that were already appended stay. Does nothing
   * if the writer is closed.
   *
   * @throws {FileError} A torn record cannot be removed from the end of the file.
   * The next writer tries again.
   */
  discard(): void {
    if (this.#closed) return;
    try {
      if (!this.#append) removeTemporaries([this.#path]);
      else if (this.#fs.fstatSync(this.#descriptor).size > this.#written) {
        truncateFile(this.#path, this.#written);
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

  /** Releases the descriptor, lock, compressor and buffer. */
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
      // Get first: if it throws, the old batch must still be there to be returned.
      const larger = this.#pool.getBuffer(room);
      this.#pool.putBuffer(this.#batch);
      this.#batch = larger;
    }
  }
}
