import "./damage/register.ts";
import { checkPath, checkWord } from "../pool/check.ts";
import { decodeKey } from "./bytes.ts";
import { withSourceFile } from "./job/with_source_file.ts";
import { loadEngines } from "../codec/load_engines.ts";
import type { CodecLike, CodecName } from "../codec/names.ts";
import type { SkippedRegion } from "./damage/block_reader.ts";
import { ContentReader } from "./format/content_reader.ts";
import { encodedName, pathProblem } from "./target/file_name.ts";
import { FileTree, type FileWriteOutcome } from "./target/file_tree.ts";
import { matches } from "./source/matches.ts";
import { pacer } from "./job/pacer.ts";
import { readSums } from "./damage/read_sums.ts";
import { withScratch } from "./target/target_lock.ts";
import { nodePath, openFile } from "./source/byte_source.ts";
import { checkSignal, FileError, KeyError } from "./errors.ts";
import {
  checkNumbers,
  type JobOptions,
  type JobProgress,
  type JobTotals,
} from "./job/options.ts";
import { openInput } from "./open_input.ts";
import { RecordScanner } from "./record_scanner.ts";

/** How to write documents to files. */
export interface UnpackOptions extends
  Pick<
    JobOptions,
    | "skipErrors"
    | "keySizeLimit"
    | "maxSize"
    | "signal"
    | "onProgress"
    | "onWarning"
  > {
  /** Path of the bin file, or `-` for the standard input. Packages are detected. */
  source: string;
  /** Codec of the contents: a name, alias or number. Default: detected. */
  codec?: CodecLike;
  /** Path of the directory, which is created if it does not exist. */
  target: string;
  /** Only documents whose keys match. Default: all. */
  pattern?: RegExp;
  /** Maximum number of documents; 0 for all. Default 0. */
  limit?: number;
  /**
   * What to do with a document whose file was written by an earlier document:
   * `number` (default) appends `.2`, `.3` and so on to the name, `overwrite` keeps
   * the last document, `skip` keeps the first, `error` throws.
   */
  duplicates?: "number" | "overwrite" | "skip" | "error";
  /**
   * What to do with a document whose key is not a path within the directory:
   * `encode` (default) writes it to a file at the top of the directory whose name
   * encodes the key, `skip` omits it, `error` throws.
   */
  unsafeKeys?: "encode" | "skip" | "error";
  /** Whether to replace existing files in the directory. Default false. */
  force?: boolean;
  /**
   * Called for each document that is not in the file named by its key, with the
   * path of its file, or undefined if it was omitted.
   */
  onDetour?(key: string, path: string | undefined, reason: string): void;
}

/** The result of {@linkcode unpack}. */
export interface UnpackResult extends JobTotals {
  /** Path of the bin file. */
  source: string;
  /** Path of the directory. */
  target: string;
  /** Codec of the contents. */
  codec: CodecName;
  /** Package codec of the bin file. */
  packageCodec: CodecName;
  /** Number of documents in files with encoded names. */
  encoded: number;
  /** Number of documents in files with a number suffix. */
  numbered: number;
  /** Number of documents that were overwritten by later ones with the same key. */
  overwritten: number;
  /** Number of documents that were omitted because of their keys. */
  leftOut: number;
  /** Skipped regions of the (decompressed) bin file, in order. */
  skipped: SkippedRegion[];
  /** Duration in seconds. */
  seconds: number;
}

/**
 * Writes each document of a bin file to a file whose path is the key.
 *
 * No key can lead out of the directory, not even through symbolic links in it:
 * all files are written to a staging directory beside or within it, which is then
 * renamed or merged. The files appear all or none. They are not flushed to the
 * disk one by one.
 *
 * @throws {KeyError} A key is a duplicate or unsafe, and the option says `error`.
 * @throws {RecordError} A record is corrupt, and `skipErrors` is not set.
 * @throws {TargetExistsError} A file exists, and `force` is not set.
 * @throws {FileError} A file cannot be read or written.
 * @throws {CancelledError} `signal` was aborted.
 * @throws {UnknownCodecError | NoEngineError | OptionError} A codec is unknown or
 * unavailable, or an option is invalid.
 *
 * @example
 * ```ts
 * import { mkdtempSync, statSync } from "node:fs";
 * import { tmpdir } from "node:os";
 * import { assertEquals } from "@std/assert";
 * import { unpack } from "@binfiles/binfiles/doc";
 *
 * const target = mkdtempSync(`${tmpdir()}/docs-`);
 * const { documents } = await unpack({
 *   source: "tests/fixtures/gzip.bin",
 *   target,
 *   pattern: /^hello/,
 * });
 * assertEquals(documents, 1);
 * assertEquals(statSync(`${target}/hello.txt`).size, 12);
 * ```
 */
export async function unpack(options: UnpackOptions): Promise<UnpackResult> {
  const started = performance.now();
  const { source, target, signal, force = false } = options;
  checkPath("source", source);
  checkPath("target", target);
  checkNumbers(options);
  const { duplicates = "number", unsafeKeys = "encode" } = options;
  checkWord("duplicates", duplicates, ["number", "overwrite", "skip", "error"]);
  checkWord("unsafeKeys", unsafeKeys, ["encode", "skip", "error"]);
  const tree = new FileTree(target);
  try {
    return await withScratch((near) =>
      withSourceFile(source, { near, signal }, async (path, name) => {
        await loadEngines();
        const run = new Unpacking(path, name, tree, options);
        try {
          await run.all();
          // After this, the target changes.
          checkSignal(signal);
          tree.commit(force);
          return run.result((performance.now() - started) / 1000);
        } finally {
          run[Symbol.dispose]();
        }
      })
    );
  } finally {
    tree[Symbol.dispose]();
  }
}

/** A running {@linkcode unpack}. */
class Unpacking implements Disposable {
  readonly #options: UnpackOptions;
  readonly #tree: FileTree;
  readonly #input;
  readonly #records: RecordScanner;
  readonly #contents: ContentReader;
  readonly #skipped: SkippedRegion[] = [];
  readonly #isWindows = nodePath().sep === "\\";
  readonly #counts = {
    documents: 0,
    bytesWritten: 0,
    encoded: 0,
    numbered: 0,
    overwritten: 0,
    leftOut: 0,
  };

  constructor(
    path: string,
    name: string,
    tree: FileTree,
    options: UnpackOptions,
  ) {
    this.#options = options;
    this.#tree = tree;
    const { keySizeLimit, maxSize, onWarning } = options;
    this.#input = openInput(openFile(path, name), {
      codec: options.codec,
      keySizeLimit,
    });
    const { source, codec } = this.#input;
    try {
      this.#contents = new ContentReader(codec, { maxSize });
    } catch (error) {
      source.close();
      throw error;
    }
    const { skipErrors } = options;
    this.#records = new RecordScanner(source, {
      keySizeLimit,
      skipErrors,
      codec,
      maxSize,
      known: skipErrors
        ? readSums({ path, size: source.size, codec }, onWarning)
        : undefined,
      onSkip: (region) => this.#skipped.push(region),
    });
  }

  /** Writes all selected documents. */
  async all(): Promise<void> {
    const { pattern, limit, signal, onProgress } = this.#options;
    const records = this.#records;
    const pause = pacer();
    let left = limit || Infinity;
    while (left > 0 && records.next()) {
      await pause(() => {
        checkSignal(signal);
        onProgress?.(this.#progress());
      });
      if (pattern !== undefined && !matches(pattern, records.name())) continue;
      try {
        this.#place(this.#contents.read(records));
        left--;
      } catch (error) {
        records.reject(error);
      }
    }
    onProgress?.({ ...this.#progress(), totalBytes: records.position });
  }

  result(seconds: number): UnpackResult {
    const { source, target } = this.#options;
    const { codec, packageCodec } = this.#input;
    return {
      source,
      target,
      codec,
      packageCodec,
      ...this.#counts,
      bytesRead: this.#records.position,
      skipped: this.#skipped,
      seconds,
    };
  }

  [Symbol.dispose](): void {
    this.#records[Symbol.dispose]();
    this.#contents[Symbol.dispose]();
    this.#input.source.close();
  }

  #progress(): JobProgress {
    const { documents, bytesWritten } = this.#counts;
    const { size } = this.#input.source;
    return {
      documents,
      bytesRead: this.#records.position,
      bytesWritten,
      totalBytes: size === Infinity ? undefined : size,
    };
  }

  /** Writes the content of the current record to a file. */
  #place(content: Uint8Array): void {
    const { unsafeKeys = "encode" } = this.#options;
    const counts = this.#counts;
    const key = this.#records.key();
    let path = decodeKey(key);
    let problem = pathProblem(key, this.#isWindows);
    let written: FileWriteOutcome = problem === undefined
      ? this.#tree.write(path, content)
      : "invalid name";
    if (written === "blocked" || written === "invalid name") {
      problem ??= written === "blocked"
        ? "its path is in conflict with that of another key"
        : "the file system does not allow the name";
      if (unsafeKeys !== "encode") return this.#omit(unsafeKeys, problem);
      const name = encodedName(key);
      if (name !== path) counts.encoded++;
      path = name;
      written = this.#tree.write(path, content);
      if (written === "written") this.#detour(path, problem);
    }
    if (written === "exists") return this.#placeAgain(path, content);
    if (written !== "written") {
      this.#writeNumbered(path, content, problem!);
    }
    this.#count(content);
  }

  /** Writes a content whose file was written by an earlier document. */
  #placeAgain(path: string, content: Uint8Array): void {
    const { duplicates = "number" } = this.#options;
    const problem = "an earlier document has the same file";
    if (duplicates === "number") {
      this.#writeNumbered(path, content, problem);
      return this.#count(content);
    }
    if (duplicates !== "overwrite") return this.#omit(duplicates, problem);
    this.#tree.write(path, content, true);
    this.#counts.overwritten++;
    this.#counts.bytesWritten += content.length;
  }

  /** Writes a content to a file with the first free number suffix. */
  #writeNumbered(path: string, content: Uint8Array, problem: string): void {
    // Numbers are assigned in order, so a binary search finds the first free one.
    let taken = 1;
    let free = 2;
    while (this.#tree.has(`${path}.${free}`)) {
      taken = free;
      free *= 2;
    }
    while (free - taken > 1) {
      const middle = Math.floor((taken + free) / 2);
      if (this.#tree.has(`${path}.${middle}`)) taken = middle;
      else free = middle;
    }
    const numbered = `${path}.${free}`;
    if (this.#tree.write(numbered, content) !== "written") {
      // The name is too long with a number. Encoded names never are.
      const name = encodedName(this.#records.key());
      if (path !== name) return this.#writeNumbered(name, content, problem);
      throw new FileError(
        numbered,
        `Cannot write ${numbered}: the file system does not allow the name`,
      );
    }
    this.#counts.numbered++;
    this.#detour(numbered, problem);
  }

  #count(content: Uint8Array): void {
    this.#counts.documents++;
    this.#counts.bytesWritten += content.length;
  }

  #omit(choice: "skip" | "error", reason: string): void {
    const { file, offset } = this.#records;
    const key = this.#records.name();
    if (choice === "error") throw new KeyError(reason, { file, offset, key });
    this.#counts.leftOut++;
    this.#detour(undefined, reason);
  }

  #detour(path: string | undefined, reason: string): void {
    this.#options.onDetour?.(this.#records.name(), path, reason);
  }
}
