import { join } from "node:path";
import { codecNames } from "../../codec/mod.ts";
import { Doc, DocReader, DocWriter, repack } from "../../doc/mod.ts";
import { type Kind, madeDocuments } from "./documents.ts";

/** A bin file to measure with. */
export interface Input {
  path: string;
  codec: string;
  /** Documents in it. */
  documents: number;
  /** Bytes of their contents, uncompressed. */
  contentSize: number;
  /** What it is, for people. */
  description: string;
}

/** A temporary directory with files to measure with; it is gone after the scope, and after Ctrl-C. */
export class Workspace implements Disposable {
  /** Its path. */
  readonly path: string;
  readonly #inputs = new Map<string, Input>();
  readonly #interrupted = () => {
    this[Symbol.dispose]();
    Deno.exit(130);
  };

  /** Makes the directory, in `parent` if that is told. */
  constructor(parent?: string) {
    this.path = Deno.makeTempDirSync({
      prefix: "binfiles-bench-",
      dir: parent,
    });
    Deno.addSignalListener("SIGINT", this.#interrupted);
  }

  /** Path of a target; what was there is removed. */
  target(name = "target.bin"): string {
    const path = join(this.path, name);
    this.remove(path);
    return path;
  }

  /** Removes a file, if it is there. */
  remove(path: string): void {
    try {
      Deno.removeSync(path);
    } catch (error) {
      if (!(error instanceof Deno.errors.NotFound)) throw error;
    }
  }

  /** An uncompressed bin file of made-up documents. */
  made(kind: Kind, documents: number, size: number): Input {
    const description = `${documents.toLocaleString("en")} made-up documents ` +
      `of ${size.toLocaleString("en")} bytes (${kind})`;
    return this.written(description, madeDocuments(kind, documents, size));
  }

  /** An uncompressed bin file of documents; the same again for the same description. */
  written(description: string, docs: Iterable<Doc>): Input {
    const known = this.#inputs.get(description);
    if (known !== undefined) return known;
    const path = this.target(`input-${this.#inputs.size}.none.bin`);
    let documents = 0;
    let contentSize = 0;
    {
      using writer = new DocWriter(path, { codec: "none" });
      for (const doc of docs) {
        writer.write(doc);
        documents++;
        contentSize += doc.content.length;
      }
    }
    const input = { path, codec: "none", documents, contentSize, description };
    this.#inputs.set(description, input);
    return input;
  }

  /**
   * An uncompressed bin file of what users have: a bin file, or a directory whose
   * files become the documents.
   *
   * @throws {FileError | RecordError} There is none of them at `path`.
   */
  async taken(path: string): Promise<Input> {
    if (Deno.statSync(path).isDirectory) {
      return this.written(`the files of ${path}`, filesOf(path));
    }
    const target = this.target("taken.none.bin");
    await repack({ source: path, target });
    using reader = new DocReader(target, { codec: "none" });
    let documents = 0;
    let contentSize = 0;
    for (const entry of reader.entries()) {
      documents++;
      contentSize += entry.contentSize;
    }
    return {
      path: target,
      codec: "none",
      documents,
      contentSize,
      description: path,
    };
  }

  /** The first documents of an uncompressed input, with a codec. */
  async sample(input: Input, codec: string, documents: number): Promise<Input> {
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
      const size = countDocuments(input.path, documents);
      this.#inputs.set(name, sample = { path, codec, ...size, description });
    }
    return sample;
  }

  /** Removes what was made of inputs, to make room. */
  forgetSamples(): void {
    for (const { path } of this.#inputs.values()) this.remove(path);
    this.#inputs.clear();
  }

  [Symbol.dispose](): void {
    Deno.removeSignalListener("SIGINT", this.#interrupted);
    Deno.removeSync(this.path, { recursive: true });
  }
}

/** Counts the first documents of an uncompressed bin file, and their bytes. */
function countDocuments(
  path: string,
  most = Infinity,
): { documents: number; contentSize: number } {
  using reader = new DocReader(path, { codec: "none" });
  let documents = 0;
  let contentSize = 0;
  for (const entry of reader.entries()) {
    if (documents >= most) break;
    documents++;
    contentSize += entry.contentSize;
  }
  return { documents, contentSize };
}

/** The files of a directory and of those in it, as documents. */
function* filesOf(directory: string, prefix = ""): Generator<Doc> {
  const entries = [...Deno.readDirSync(directory)]
    .sort((a, b) => a.name < b.name ? -1 : 1);
  for (const { name, isFile, isDirectory } of entries) {
    const path = join(directory, name);
    if (isDirectory) yield* filesOf(path, `${prefix}${name}/`);
    else if (isFile) yield new Doc(prefix + name, Deno.readFileSync(path));
  }
}

/** Codecs to measure: zip is gzip by another name. */
export const measuredCodecs: readonly string[] = codecNames.filter((name) =>
  name !== "zip"
);
