import { checkInteger } from "../pool/check.ts";
import type { Doc } from "./doc.ts";
import { FileError } from "./errors.ts";
import type { DocWriter } from "./writer.ts";

/** Documents in a batch by default. */
const DEFAULT_BATCH_SIZE = 100;

/**
 * Writes documents to a file, and flushes after a fixed number of them.
 *
 * A document is checked and compressed when it is added, by {@linkcode DocWriter},
 * which also writes when its buffer is full. Its bytes are not used after that.
 *
 * @example
 * ```ts
 * import { mkdtempSync } from "node:fs";
 * import { tmpdir } from "node:os";
 * import { assertEquals } from "@std/assert";
 * import { BatchProcessor, Doc, DocReader, DocWriter } from "@binfiles/binfiles/doc";
 *
 * const path = `${mkdtempSync(`${tmpdir()}/docs-`)}/docs.bin`;
 * {
 *   using batch = new BatchProcessor(new DocWriter(path, { force: true }), 2);
 *   batch.addDoc(new Doc("a", "1"));
 *   assertEquals(batch.pending, 1);
 *   batch.addDoc(new Doc("b", "2"));
 *   assertEquals(batch.pending, 0);
 *   batch.close();
 * }
 * using reader = new DocReader(path);
 * assertEquals([...reader].map((doc) => doc.text()), ["1", "2"]);
 * ```
 */
export class BatchProcessor implements Disposable {
  readonly #writer: DocWriter;
  readonly #size: number;
  #pending = 0;

  /**
   * Flushes `writer` after each `size` documents (default 100). Closing or
   * discarding the batch closes or discards `writer`.
   *
   * @throws {OptionError} `size` is not a positive integer. `writer` is discarded,
   * because nothing else may hold it.
   */
  constructor(writer: DocWriter, size: number = DEFAULT_BATCH_SIZE) {
    try {
      checkInteger("size", size, 1);
    } catch (error) {
      // Programs without type checks may have passed none.
      writer?.discard();
      throw error;
    }
    this.#writer = writer;
    this.#size = size;
  }

  /** Number of documents that were added since the last flush. */
  get pending(): number {
    return this.#pending;
  }

  /**
   * Adds a document, and flushes if the batch is full. If that flush fails, the
   * document was added, and the next call reports the failure unless it succeeds.
   *
   * @throws {DocumentError | TypeError | FileError | ClosedError} As {@linkcode DocWriter.write}:
   * this document was not added; all before it were.
   */
  addDoc(doc: Doc): void {
    if (this.#pending >= this.#size) this.flush();
    this.#writer.write(doc);
    this.#pending++;
    if (this.#pending < this.#size) return;
    try {
      this.flush();
    } catch (error) {
      // To throw would say that `doc` was not added.
      if (!(error instanceof FileError)) throw error;
    }
  }

  /** Same as {@linkcode DocWriter.flush}. */
  flush(options?: { sync?: boolean }): void {
    this.#writer.flush(options);
    this.#pending = 0;
  }

  /** Same as {@linkcode DocWriter.close}. */
  close(): void {
    this.#writer.close();
    this.#pending = 0;
  }

  /** Same as {@linkcode DocWriter.discard}. */
  discard(): void {
    this.#pending = 0;
    this.#writer.discard();
  }

  /** Same as {@linkcode BatchProcessor.discard}: without `close`, a new file does not appear. */
  [Symbol.dispose](): void {
    this.discard();
  }
}
