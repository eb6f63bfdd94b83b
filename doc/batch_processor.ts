import type { Doc } from "./doc.ts";
import type { DocWriter } from "./writer.ts";
import { OptionError } from "../pool/errors.ts";

/** Documents in a batch by default. */
const DEFAULT_BATCH_SIZE = 100;

/**
 * Collects documents and writes them in batches of a fixed number.
 *
 * {@linkcode DocWriter} already batches by bytes. Use this class to flush after
 * a number of documents.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { BatchProcessor, Doc, DocReader, DocWriter } from "@binfiles/binfiles/doc";
 *
 * const path = Deno.makeTempFileSync();
 * {
 *   const writer = new DocWriter(path, { force: true });
 *   using batch = new BatchProcessor(writer, 2);
 *   batch.addDoc(new Doc("a", "1"));
 *   assertEquals(batch.pending, 1);
 *   batch.addDoc(new Doc("b", "2"));
 *   assertEquals(batch.pending, 0);
 * }
 * using reader = new DocReader(path);
 * assertEquals([...reader].map((doc) => doc.text()), ["1", "2"]);
 * ```
 */
export class BatchProcessor implements Disposable {
  readonly #writer: DocWriter;
  readonly #size: number;
  readonly #docs: Doc[] = [];

  /**
   * Creates an empty batch of up to `size` documents (default 100). Closing it
   * closes `writer`.
   *
   * @throws {OptionError} `size` is not a positive integer.
   */
  constructor(writer: DocWriter, size: number = DEFAULT_BATCH_SIZE) {
    if (!Number.isInteger(size) || size < 1) {
      throw new OptionError(
        `Cannot make batches of ${size} documents: expected a positive integer`,
      );
    }
    this.#writer = writer;
    this.#size = size;
  }

  /** Number of documents in the batch. */
  get pending(): number {
    return this.#docs.length;
  }

  /** Adds a document, which must not change until it is written. Writes the batch if it is full. */
  addDoc(doc: Doc): void {
    this.#docs.push(doc);
    if (this.#docs.length >= this.#size) this.flush();
  }

  /**
   * Writes the batch.
   *
   * @throws {DocumentError | FileError} As `DocWriter.write`. Documents that could
   * not be written stay in the batch.
   */
  flush(): void {
    let written = 0;
    try {
      for (const doc of this.#docs) {
        this.#writer.write(doc);
        written++;
      }
    } finally {
      this.#docs.splice(0, written);
    }
    this.#writer.flush();
  }

  /** Writes the batch and closes the writer. */
  close(): void {
    try {
      this.flush();
    } finally {
      this.#writer.close();
    }
  }

  /** Same as {@linkcode BatchProcessor.close}. */
  [Symbol.dispose](): void {
    this.close();
  }
}
