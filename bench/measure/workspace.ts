import { join } from "node:path";
import { type CodecName, codecNames } from "../../codec/mod.ts";
import { Doc, DocReader, DocWriter, repack } from "../../doc/mod.ts";
import { type Kind, madeDocuments } from "./documents.ts";

/** A bin file to measure with. */
export interface Input {
  path: string;
  codec: CodecName;
  documents: number;
  /** Bytes of the documents, uncompressed. */
  contentSize: number;
  /** For people. */
  description: string;
}

/** A temporary directory with bin files. It is removed at the end of the scope, and on Ctrl-C. */
export class Workspace implements Disposable {
  readonly path: string;
  readonly #inputs = new Map<string, Input>();
  readonly #interrupted = () => {
    this[Symbol.dispose]();
    Deno.exit(130);
  };

  /** @param parent Where the directory is made. Default: the system's temporary directory. */
  constructor(parent?: string) {
    this.path = Deno.makeTempDirSync({
      prefix: "binfiles-bench-",
      dir: parent,
    });
    Deno.addSignalListener("SIGINT", this.#interrupted);
  }

  /** Path of a target. An existing file is removed. */
  target(name = "target.bin"): string {
    const path = join(this.path, name);
    remove(path);
    return path;
  }

  /** An uncompressed bin file of generated documents. */
  made(kind: Kind, documents: number, size: number): Input {
    const description =
      `${documents.toLocaleString("en")} generated documents ` +
      `of ${size.toLocaleString("en")} bytes (${kind})`;
    return this.written(description, madeDocuments(kind, documents, size));
  }

  /** An uncompressed bin file of documents. A description that is known returns the file made before. */
  written(description: string, docs: Iterable<Doc>): Input {
    const known = this.#inputs.get(description);
    if (known !== undefined) return known;
    const path = this.target(`input-${this.#inputs.size}.none.bin`);
    {
      using writer = new DocWriter(path, { codec: "none" });
      for (const doc of docs) writer.write(doc);
      writer.close();
    }
    const input: Input = {
      ...{ path, codec: "none", description },
      ...totals(path),
    };
    this.#inputs.set(description, input);
    return input;
  }

  /**
   * An uncompressed copy of a bin file, or a bin file of the files in a directory.
   *
   * @throws {FileError | RecordError} `path` is neither.
   */
  async taken(path: string): Promise<Input> {
    if (Deno.statSync(path).isDirectory) {
      return this.written(`the files of ${path}`, filesOf(path));
    }
    const target = this.target("taken.none.bin");
    await repack({ source: path, target });
    const description = path;
    return { path: target, codec: "none", ...totals(target), description };
  }

  /** The first documents of an uncompressed input, with a codec. */
  async sample(
    input: Input,
    codec: CodecName,
    documents: number,
  ): Promise<Input> {
    if (codec === "none" && documents >= input.documents) return input;
    const name = `${input.path}:${codec}:${documents}`;
    let sample = this.#inputs.get(name);
    if (sample === undefined) {
      const path = this.target(`sample-${this.#inputs.size}.${codec}.bin`);
      await repack({
        ...{ source: input.path, sourceCodec: "none" },
        ...{ target: path, targetCodec: codec },
        limit: documents,
      });
      const { description } = input;
      const size = totals(input.path, documents);
      this.#inputs.set(name, sample = { path, codec, ...size, description });
    }
    return sample;
  }

  /** Removes all inputs and samples, to free disk space. */
  forgetSamples(): void {
    for (const { path } of this.#inputs.values()) remove(path);
    this.#inputs.clear();
  }

  [Symbol.dispose](): void {
    Deno.removeSignalListener("SIGINT", this.#interrupted);
    Deno.removeSync(this.path, { recursive: true });
  }
}

/** Removes a file if it exists. */
function remove(path: string): void {
  try {
    Deno.removeSync(path);
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
}

/** Number and size of the first documents of an uncompressed bin file. */
function totals(
  path: string,
  limit = Infinity,
): { documents: number; contentSize: number } {
  using reader = new DocReader(path, { codec: "none" });
  let documents = 0;
  let contentSize = 0;
  for (const entry of reader.entries()) {
    if (documents >= limit) break;
    documents++;
    contentSize += entry.contentSize;
  }
  return { documents, contentSize };
}

/** The files of a directory, recursively, as documents. */
function* filesOf(directory: string, prefix = ""): Generator<Doc> {
  const entries = [...Deno.readDirSync(directory)]
    .sort((a, b) => a.name < b.name ? -1 : 1);
  for (const { name, isFile, isDirectory } of entries) {
    const path = join(directory, name);
    if (isDirectory) yield* filesOf(path, `${prefix}${name}/`);
    else if (isFile) yield new Doc(prefix + name, Deno.readFileSync(path));
  }
}

/** All codecs but zip, which is gzip under another name. */
export const measuredCodecs: readonly CodecName[] = codecNames.filter((name) =>
  name !== "zip"
);
