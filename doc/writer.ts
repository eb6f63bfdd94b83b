import { checkBytes } from "../codec/bytes.ts";
import { findCodec } from "../codec/codecs.ts";
import { decompress } from "../codec/compress.ts";
import type { Compressor } from "../codec/engine.ts";
import { CodecError } from "../codec/errors.ts";
import { leaseCompressor } from "../codec/lease.ts";
import type { CodecLike, CodecName } from "../codec/names.ts";
import { fitting, maxCompressedSize } from "../codec/output_size.ts";
import { globalMemoryPool, type MemoryPool } from "../pool/memory_pool.ts";
import type { Doc } from "./doc.ts";
import { ClosedError, DocumentError, FileError } from "./errors.ts";
import {
  checkDocument,
  checkLimits,
  DEFAULT_KEY_SIZE_LIMIT,
} from "./format/record.ts";
import { RecordBatch } from "./format/record_batch.ts";
import { asFileError, fileError, nodeFs } from "./source/byte_source.ts";
import { prepareAppend } from "./target/append_target.ts";
import { type LockOptions, TargetLock } from "./target/target_lock.ts";
import {
  checkTarget,
  createTemporary,
  removeTemporaries,
  syncDirectory,
} from "./target/temporary.ts";
import type { TornRecord } from "./target/torn_record.ts";
import { writeFully } from "./target/write_fully.ts";

/** Size of the batch buffer, in bytes: a larger batch is written to the file. */
const BATCH_SIZE = 256 * 1024;

/** How to write a bin file. */
export interface DocWriterOptions extends LockOptions {
  /**
   * Codec of the contents: a name, alias or number. Default: that of the file it
   * is appended to; for a new or empty file `gzip`, as in the original.
   */
  codec?: CodecLike;
  /** Compression level. Default: that of the codec. */
  level?: number;
  /**
   * Whether to append to the file; it is created if it does not exist. Flushed
   * documents can be read at once. Default false: a new file is written, which
   * appears when the writer is closed, and an existing one is an error.
   */
  append?: boolean;
  /**
   * Whether to replace an existing file or, with `append`, to append to one whose
   * contents seem to have another codec than `codec`. Default false.
   */
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
 * written to a temporary file beside the target, which {@linkcode DocWriter.close}
 * renames. Leaving the scope of `using` without `close`, by an exception for
 * example, discards it, and an old file is unchanged. So it is if the process dies.
 *
 * With `append`, records are written to the file itself, and what was written
 * stays. If the process dies, a torn record may follow; the next writer of the
 * file removes it ({@linkcode DocWriter.cut}).
 *
 * Either way the file is locked against other writers, in this process or another.
 *
 * A call that throws has not taken its document. After a {@linkcode FileError},
 * such as that of a full disk, it can be repeated: nothing that was taken is lost
 * until the writer is discarded.
 *
 * @example
 * ```ts
 * import { mkdtempSync } from "node:fs";
 * import { tmpdir } from "node:os";
 * import { assertEquals } from "@std/assert";
 * import { Doc, DocReader, DocWriter } from "@binfiles/binfiles/doc";
 *
 * const path = `${mkdtempSync(`${tmpdir()}/docs-`)}/docs.bin`;
 * {
 *   using writer = new DocWriter(path, { codec: "zstd", append: true });
 *   writer.write(new Doc("key", "content"));
 *   writer.close();
 * }
 * using reader = new DocReader(path);
 * assertEquals(reader.read()?.text(), "content");
 * ```
 */
export class DocWriter implements Disposable {
  /** Path of the file. */
  readonly file: string;
  /** Codec of the contents. */
  readonly codec: CodecName;
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
  readonly #compressor: Compressor & Disposable;
  readonly #keySizeLimit: number;
  readonly #pool: MemoryPool;
  #writable: WritableStream<Doc> | undefined;
  readonly #batch: RecordBatch;
  /** Offset after the last flushed record. */
  #written: number;
  /** Whether the name of the file may not be on the disk yet. */
  #isNew: boolean;
  /** The failure of a flush to the disk, after which nobody knows what is there. */
  #syncFailure: FileError | undefined;
  #closed = false;

  /**
   * Opens the file.
   *
   * @throws {TargetExistsError} It exists, and neither `append` nor `force` is set.
   * @throws {LockedError} Another writer still holds its lock after `lockWait`.
   * @throws {RecordError} With `append`: it is corrupt.
   * @throws {FileError} It cannot be opened. With `append`: it is not a bin file, or
   * is a package, or its contents have another codec than `codec`.
   * @throws {UnknownCodecError | NoEngineError | OptionError} The codec, level or
   * another option is invalid or unavailable.
   */
  constructor(path: string, options: DocWriterOptions = {}) {
    const {
      level,
      append = false,
      force = false,
      keySizeLimit = DEFAULT_KEY_SIZE_LIMIT,
      pool = globalMemoryPool,
    } = options;
    checkLimits(options);
    const codec = options.codec === undefined
      ? undefined
      : findCodec(options.codec).name;
    this.file = path;
    this.#append = append;
    this.#force = force;
    this.#keySizeLimit = keySizeLimit;
    this.#pool = pool;
    let lock: TargetLock | undefined;
    let compressor: (Compressor & Disposable) | undefined;
    let temporary: string | undefined;
    let descriptor: number | undefined;
    try {
      lock = this.#lock = TargetLock.takeSync(path, options);
      if (!append) checkTarget(path, [], force);
      const target = append
        ? prepareAppend(path, {
          codec,
          packageCodec: "none",
          force,
          keySizeLimit,
        })
        : undefined;
      this.codec = codec ?? target?.codec ?? "gzip";
      compressor = this.#compressor = leaseCompressor(this.codec, {
        level,
        pool,
      });
      if (append) {
        this.#path = lock.path;
        const { O_RDWR, O_CREAT } = this.#fs.constants;
        descriptor = this.#fs.openSync(lock.path, O_RDWR | O_CREAT, 0o666);
        this.cut = lock.cut ?? target?.cut;
        lock.beginAppend({ keySizeLimit });
      } else {
        temporary = this.#path = createTemporary(lock.path);
        descriptor = this.#fs.openSync(temporary, "r+");
      }
      this.#isNew = append && target === undefined;
      this.#descriptor = descriptor;
      this.#written = this.#fs.fstatSync(this.#descriptor).size;
      this.#batch = new RecordBatch(pool, BATCH_SIZE);
    } catch (error) {
      compressor?.[Symbol.dispose]();
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
   * @throws {TypeError} Its key or content is not a `Uint8Array`.
   * @throws {FileError} The batch before it cannot be written. The document was not
   * taken and can be written again.
   * @throws {ClosedError} The writer is closed.
   */
  write(doc: Doc): number {
    this.#checkOpen();
    const { key, content } = doc;
    checkBytes(key, "doc.key");
    checkBytes(content, "doc.content");
    checkDocument(key.length, content.length, this.#keySizeLimit);
    const start = this.#reserve(key, maxCompressedSize(content.length));
    const size = fitting(
      this.#compressor.compress(content, this.#batch.buffer, start),
      this.codec,
      content.length,
    );
    checkDocument(key.length, size, this.#keySizeLimit);
    return this.#written + this.#batch.add(start, size);
  }

  /**
   * Adds a document whose content is already compressed with
   * {@linkcode DocWriter.codec}; see {@linkcode DocWriter.write}.
   *
   * @param options With `check: false`, the content is not decompressed to check
   * it: for contents that were checked before, or that `compress` returned.
   *
   * @throws {DocumentError} Its key or content is over a limit, both are empty, or
   * the content does not decompress.
   * @throws {TypeError} `key` or `content` is not a `Uint8Array`.
   * @throws {FileError | ClosedError} As {@linkcode DocWriter.write}.
   *
   * @example
   * ```ts
   * import { mkdtempSync } from "node:fs";
   * import { tmpdir } from "node:os";
   * import { assertEquals } from "@std/assert";
   * import { compress, Doc, DocReader, DocWriter } from "@binfiles/binfiles";
   *
   * const { key, content } = new Doc("key", "content");
   * const path = `${mkdtempSync(`${tmpdir()}/docs-`)}/docs.bin`;
   * using writer = new DocWriter(path, { codec: "lz4", force: true });
   * writer.writeStored(key, compress(content, "lz4"), { check: false });
   * writer.close();
   * using reader = new DocReader(path);
   * assertEquals(reader.read()?.text(), "content");
   * ```
   */
  writeStored(
    key: Uint8Array,
    content: Uint8Array,
    { check = true }: { check?: boolean } = {},
  ): number {
    this.#checkOpen();
    checkBytes(key, "key");
    checkBytes(content, "content");
    checkDocument(key.length, content.length, this.#keySizeLimit);
    if (check && this.codec !== "none") this.#checkStored(content);
    const start = this.#reserve(key, content.length);
    this.#batch.buffer.set(content, start);
    return this.#written + this.#batch.add(start, content.length);
  }

  /**
   * Writes the batch to the file. After a failure it can be called again.
   *
   * With `append`, readers see the documents from now on. A new file appears only
   * when the writer is closed.
   *
   * @param options With `sync`, the documents are also flushed to the disk, which
   * takes milliseconds, so that they survive a power failure. Default: they are
   * passed to the operating system and survive the end of the process.
   *
   * @throws {FileError} It cannot be written, for example because the disk is full.
   * @throws {ClosedError} The writer is closed.
   */
  flush({ sync = false }: { sync?: boolean } = {}): void {
    this.#checkOpen();
    this.#writeBatch();
    if (sync) this.#sync();
  }

  /**
   * Writes the batch, flushes the file to the disk and closes it. A new or
   * replaced file appears now. Does nothing if the writer is closed.
   *
   * If it throws, the writer is still open: call it again, for example when there
   * is room on the disk, or {@linkcode DocWriter.discard} the writer.
   *
   * @throws {FileError} The batch cannot be written or flushed to the disk, or the
   * file cannot be renamed.
   * @throws {TargetExistsError} The file was created meanwhile, and `force` is not set.
   */
  close(): void {
    if (this.#closed) return;
    this.#writeBatch();
    this.#sync();
    try {
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
        // By descriptor: the name may be another file's by now.
        this.#fs.ftruncateSync(this.#descriptor, this.#written);
      }
      this.#lock.finish();
    } catch (error) {
      throw asFileError("write", this.file, error);
    } finally {
      this.#end();
    }
  }

  /** Same as {@linkcode DocWriter.discard}: without `close`, a new file does not appear. */
  [Symbol.dispose](): void {
    this.discard();
  }

  /**
   * The writer as a stream of documents. The end of the stream closes the writer;
   * aborting it, or a document that cannot be written, discards the writer.
   *
   * @example
   * ```ts
   * import { mkdtempSync } from "node:fs";
   * import { tmpdir } from "node:os";
   * import { assertEquals } from "@std/assert";
   * import { Doc, DocReader, DocWriter } from "@binfiles/binfiles/doc";
   *
   * const path = `${mkdtempSync(`${tmpdir()}/docs-`)}/docs.bin`;
   * await ReadableStream.from([new Doc("key", "content")])
   *   .pipeTo(new DocWriter(path).writable);
   * using reader = new DocReader(path);
   * assertEquals(reader.read()?.text(), "content");
   * ```
   */
  get writable(): WritableStream<Doc> {
    const orDiscard = (act: () => void) => {
      try {
        act();
      } catch (error) {
        // The stream has failed now and cannot be written to again.
        this.discard();
        throw error;
      }
    };
    return this.#writable ??= new WritableStream({
      write: (doc) => orDiscard(() => this.write(doc)),
      close: () => orDiscard(() => this.close()),
      abort: () => this.discard(),
    });
  }

  #checkOpen(): void {
    if (this.#closed) throw new ClosedError(`write to ${this.file}`, "writer");
  }

  /** @throws {DocumentError} A stored content does not decompress. */
  #checkStored(content: Uint8Array): void {
    try {
      decompress(content, this.codec, { pool: this.#pool });
    } catch (error) {
      if (!(error instanceof CodecError)) throw error;
      throw new DocumentError(`Cannot write a document: ${error.message}`, {
        cause: error,
      });
    }
  }

  /** Makes room for a record; see {@linkcode RecordBatch.reserve}. */
  #reserve(key: Uint8Array, room: number): number {
    if (!this.#batch.fits(key.length, room)) this.#writeBatch();
    return this.#batch.reserve(key, room);
  }

  #writeBatch(): void {
    if (this.#batch.length === 0) return;
    if (this.#append) this.#checkPlace();
    try {
      // At its position: a retry overwrites what a failed attempt has written.
      writeFully(this.#descriptor, this.#batch.bytes, this.#written);
    } catch (error) {
      throw fileError("write", this.file, error);
    }
    this.#written += this.#batch.length;
    this.#batch.length = 0;
  }

  /** @throws {FileError} The documents are not in the file of that name. */
  #checkPlace(): void {
    try {
      const { ino, size } = this.#fs.fstatSync(this.#descriptor);
      const there = this.#fs.statSync(this.#path, { throwIfNoEntry: false });
      if (there?.ino === ino && size >= this.#written) return;
    } catch (error) {
      throw fileError("append to", this.file, error);
    }
    throw new FileError(
      this.file,
      `Cannot append to ${this.file}: it was replaced, removed or truncated meanwhile. ` +
        "Discard this writer and write the documents again.",
    );
  }

  /** Flushes what was written to the disk. */
  #sync(): void {
    // The system reports a failure once: a second attempt could succeed without
    // the bytes that the first one lost.
    if (this.#syncFailure !== undefined) throw this.#syncFailure;
    if (this.#append) this.#checkPlace();
    try {
      this.#fs.fdatasyncSync(this.#descriptor);
    } catch (error) {
      throw this.#syncFailure = fileError("flush", this.file, error);
    }
    if (this.#isNew) syncDirectory(this.#path);
    this.#isNew = false;
  }

  /** Releases the descriptor, lock, compressor and buffer. */
  #end(): void {
    this.#closed = true;
    try {
      this.#fs.closeSync(this.#descriptor);
    } finally {
      this.#lock.release();
      this.#compressor[Symbol.dispose]();
      this.#batch[Symbol.dispose]();
    }
  }
}
