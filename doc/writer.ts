import {
  fitting,
  leaseCompressor,
  type LeasedCompressor,
  maxCompressedSize,
} from "../codec/compress.ts";
import { globalMemoryPool, type MemoryPool } from "../pool/memory_pool.ts";
import { fileError, nodeFs } from "./byte_source.ts";
import type { Doc } from "./doc.ts";
import { TargetExistsError } from "./errors.ts";
import {
  checkDocument,
  DEFAULT_KEY_SIZE_LIMIT,
  recordSize,
  writeInt32,
} from "./record.ts";

/** Records are written to the file once they fill this many bytes. */
const BATCH_SIZE = 256 * 1024;

/** How to write a bin file. */
export interface DocWriterOptions {
  /** Codec of the contents: a name, alias or number. Default `gzip`, as in the original. */
  codec?: string | number;
  /** Compression level; the codec's default when not given. */
  level?: number;
  /** Whether to add to an existing file. Default: a new file is made, and an existing one is an error. */
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
  readonly #fs = nodeFs();
  readonly #descriptor: number;
  readonly #codec: string | number;
  readonly #compressor: LeasedCompressor;
  readonly #keySizeLimit: number;
  readonly #pool: MemoryPool;
  #batch: Uint8Array;
  #batchLength = 0;
  /** Size of the file without the batch. */
  #written: number;
  #closed = false;

  /**
   * Opens the file.
   *
   * @throws {TargetExistsError} It exists, and neither `append` nor `force` is set.
   * @throws {FileError} It cannot be opened.
   * @throws {UnknownCodecError | NoEngineError | OptionError} The codec or its
   * level is not to be had.
   */
  constructor(path: string, options: DocWriterOptions = {}) {
    const { codec = "gzip", level, append, force, pool = globalMemoryPool } =
      options;
    this.file = path;
    this.#keySizeLimit = options.keySizeLimit ?? DEFAULT_KEY_SIZE_LIMIT;
    this.#pool = pool;
    this.#codec = codec;
    this.#compressor = leaseCompressor(codec, { level, pool });
    try {
      this.#descriptor = this.#fs.openSync(
        path,
        append ? "a" : force ? "w" : "wx",
      );
    } catch (error) {
      this.#compressor[Symbol.dispose]();
      if ((error as NodeJS.ErrnoException).code === "EEXIST") {
        throw new TargetExistsError(path);
      }
      throw fileError("write", path, error);
    }
    this.#written = this.#fs.fstatSync(this.#descriptor).size;
    this.#batch = pool.getBuffer(BATCH_SIZE);
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
   * Writes the batch to the file.
   *
   * @throws {FileError} It cannot be written, for example because the disk is full.
   */
  flush(): void {
    let done = 0;
    try {
      while (done < this.#batchLength) {
        done += this.#fs.writeSync(
          this.#descriptor,
          this.#batch,
          done,
          this.#batchLength - done,
        );
      }
    } catch (error) {
      this.#batch.copyWithin(0, done, this.#batchLength);
      throw fileError("write", this.file, error);
    } finally {
      this.#written += done;
      this.#batchLength -= done;
    }
  }

  /**
   * Writes what is left and closes the file. Closing twice does nothing.
   *
   * @throws {FileError} What is left cannot be written; the file is closed all the same.
   */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    try {
      this.flush();
    } finally {
      this.#fs.closeSync(this.#descriptor);
      this.#compressor[Symbol.dispose]();
      this.#pool.putBuffer(this.#batch);
    }
  }

  /** Same as {@linkcode DocWriter.close}. */
  [Symbol.dispose](): void {
    this.close();
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
