import type { CodecName } from "../codec/names.ts";
import { decodeKey } from "./bytes.ts";
import { nextEvent } from "./job/pacer.ts";
import { fileChunks } from "./source/file_chunks.ts";
import { matches } from "./source/matches.ts";
import type { RecordSpool } from "./job/record_spool.ts";
import {
  STANDARD_STREAM,
  standardInputChunks,
} from "./source/standard_input.ts";
import { isBesideTarget } from "./target/beside_target.ts";
import { SPECIAL_FILE, SYMBOLIC_LINK, walkFiles } from "./source/directory.ts";
import { fileError, nodeFs, nodePath } from "./source/byte_source.ts";
import { CancelledError, TarError } from "./errors.ts";
import { MAX_CONTENT_SIZE } from "./format/record.ts";
import { readTar } from "./source/tar.ts";

/** Which files to write to the spool. */
export interface FillOptions {
  /** Path of the directory or archive. */
  source: string;
  /** Path of the target, which is not packaged itself. */
  target: string;
  /** Only files whose names match. Default: all. */
  pattern?: RegExp;
  /** Whether keys are names without directories. Default false. */
  baseName?: boolean;
  /** Codec of the archive. Default: detected. */
  tarCodec?: CodecName;
  /** Whether to keep the entries before a corrupted region of an archive. Default false. */
  skipErrors?: boolean;
  /** Longest accepted key, in bytes. */
  keySizeLimit: number;
  /** Maximum number of files; Infinity for all. */
  limit: number;
  /** Reports a file that is skipped. */
  skip(name: string, reason: string, isLost: boolean): void;
}

/** Why files over the format's limit are skipped. */
const TOO_LARGE = `it is larger than ${MAX_CONTENT_SIZE} bytes`;

/** Writes the files of a directory, and of all directories below it, to the spool. */
export async function fillFromTree(
  spool: RecordSpool,
  options: FillOptions,
): Promise<void> {
  const { source, limit, skip } = options;
  const isOwn = ownFiles(options);
  for (const { path, name, problem, isLost = false } of walkFiles(source)) {
    await spool.pause();
    if (!spool.isWanted || spool.records >= limit) return;
    if (!isLost && !isWanted(name, options) || isOwn(path)) continue;
    if (problem !== undefined) skip(name, problem, isLost);
    else await addFile(spool, path, name, options);
  }
}

/** Writes files of a directory to the spool, by their names. */
export async function fillFromNames(
  spool: RecordSpool,
  names: Iterable<string> | AsyncIterable<string>,
  stop: AbortSignal,
  options: FillOptions,
): Promise<void> {
  const { source, limit, skip } = options;
  const { resolve } = nodePath();
  const isOwn = ownFiles(options);
  for await (const given of interruptible(names, stop)) {
    await spool.pause();
    if (!spool.isWanted || spool.records >= limit) return;
    const name = withoutDot(given);
    if (name === "" || !isWanted(name, options)) continue;
    const path = resolve(source, name);
    if (isOwn(path)) continue;
    const problem = problemOf(path);
    if (problem !== undefined) skip(name, ...problem);
    else await addFile(spool, path, name, options);
  }
}

/** Writes the files of a tar archive to the spool. */
export async function fillFromTar(
  spool: RecordSpool,
  stop: AbortSignal,
  options: FillOptions,
): Promise<void> {
  const { source, limit, skip, tarCodec, skipErrors } = options;
  const isStream = source === STANDARD_STREAM;
  /** Whether the last record is incomplete. */
  let isOpen = false;
  try {
    await readTar(isStream ? standardInputChunks(stop) : fileChunks(source), {
      entry({ name: bytes, type, size }) {
        const name = withoutDot(decodeKey(bytes));
        if (
          type === "directory" || spool.records >= limit ||
          !isWanted(name, options)
        ) return false;
        const key = keyOf(withoutDot(bytes), options);
        const problem = type !== "file"
          ? `it is a ${type}`
          : size > MAX_CONTENT_SIZE
          ? TOO_LARGE
          : keyProblem(key, options);
        if (problem !== undefined) {
          // A hard link is a file: its content is elsewhere in the archive.
          skip(name, problem, !CONTENTLESS.has(type));
          return false;
        }
        spool.begin(key);
        return isOpen = true;
      },
      content: (bytes) => spool.write(bytes),
      end() {
        spool.end();
        isOpen = false;
      },
      async goOn() {
        await spool.pause();
        return spool.isWanted && spool.records < limit;
      },
    }, { codec: tarCodec, file: isStream ? undefined : source });
  } catch (error) {
    if (!(error instanceof TarError) || !skipErrors) throw error;
    if (isOpen) spool.drop();
    skip(
      error.entry ?? "",
      `${error.message}; the entries after it are lost`,
      true,
    );
  }
}

/** Types of entries without content. */
const CONTENTLESS: ReadonlySet<string> = new Set([
  "symbolic link",
  "device",
  "pipe",
]);

/** Writes a file to the spool, or skips it if it is unreadable or exceeds a limit. */
async function addFile(
  spool: RecordSpool,
  path: string,
  name: string,
  options: FillOptions,
): Promise<void> {
  const fs = nodeFs();
  const { O_RDONLY, O_NONBLOCK = 0, O_NOFOLLOW = 0 } = fs.constants;
  const key = keyOf(encoder.encode(name), options);
  const skip = (reason: string) => options.skip(name, reason, true);
  const problem = keyProblem(key, options);
  if (problem !== undefined) return skip(problem);
  let descriptor: number;
  try {
    // It may have been replaced since it was listed, and opening a pipe would block.
    descriptor = fs.openSync(path, O_RDONLY | O_NONBLOCK | O_NOFOLLOW);
  } catch (error) {
    return skip(fileError("open", path, error).message);
  }
  try {
    spool.begin(key);
    for (;;) {
      const space = spool.space();
      let length: number;
      try {
        length = fs.readSync(descriptor, space, 0, space.length, null);
      } catch (error) {
        spool.drop();
        return skip(fileError("read", path, error).message);
      }
      spool.advance(length);
      if (length < space.length) break;
      // Not before, because it takes as long as reading a small file.
      const { size } = fs.fstatSync(descriptor);
      if (Math.max(size, spool.contentSize) > MAX_CONTENT_SIZE) {
        spool.drop();
        return skip(TOO_LARGE);
      }
      // Other events, such as cancellation, must not wait for a large file.
      await nextEvent();
      if (!spool.isWanted) return spool.drop();
    }
    spool.end();
  } finally {
    fs.closeSync(descriptor);
  }
}

/** Why a path is not a file, and whether a content is lost. @returns undefined if it is a file. */
function problemOf(path: string): [string, boolean] | undefined {
  let stat;
  try {
    stat = nodeFs().lstatSync(path);
  } catch (error) {
    return [fileError("open", path, error).message, true];
  }
  if (stat.isFile()) return undefined;
  if (stat.isDirectory()) return ["it is a directory", true];
  return [
    stat.isSymbolicLink() ? SYMBOLIC_LINK : SPECIAL_FILE,
    false,
  ];
}

/** Why a key is invalid; undefined if it is valid. */
function keyProblem(
  key: Uint8Array,
  { keySizeLimit }: FillOptions,
): string | undefined {
  if (key.length === 0) return "empty name";
  return key.length > keySizeLimit
    ? `invalid key size ${key.length} (limit ${keySizeLimit})`
    : undefined;
}

const encoder = new TextEncoder();
const SLASH = 47;

function keyOf(name: Uint8Array, { baseName }: FillOptions): Uint8Array {
  return baseName ? name.subarray(name.lastIndexOf(SLASH) + 1) : name;
}

/** Removes the `./` with which some programs start a name. */
function withoutDot(name: string): string;
function withoutDot(name: Uint8Array): Uint8Array;
function withoutDot(name: string | Uint8Array): string | Uint8Array {
  if (typeof name === "string") return name.replace(/^(\.\/+)+/, "");
  const start = decodeKey(name.subarray(0, 2)) === "./" ? 2 : 0;
  return start === 0 ? name : withoutDot(name.subarray(start));
}

function isWanted(name: string, { pattern }: FillOptions): boolean {
  return pattern === undefined || matches(pattern, name);
}

/** Returns a function that tells whether a path is the target, or a file that belongs to it. */
function ownFiles({ target }: FillOptions): (path: string) => boolean {
  if (target === STANDARD_STREAM) return () => false;
  const { basename, dirname } = nodePath();
  const name = basename(target);
  const isOwnName = (other: string) =>
    other === name || isBesideTarget(name, other);
  const directory = nodeFs().realpathSync(dirname(target));
  const isOwn = (path: string) =>
    isOwnName(basename(path)) &&
    nodeFs().realpathSync(dirname(path)) === directory;
  // The lock is a directory with a file in it.
  return (path) => isOwn(path) || isOwn(dirname(path));
}

/** Yields items until `stop` is aborted, which does not wait for the next one. */
async function* interruptible<T>(
  items: Iterable<T> | AsyncIterable<T>,
  stop: AbortSignal,
): AsyncGenerator<T> {
  const iterator = Symbol.asyncIterator in items
    ? items[Symbol.asyncIterator]()
    : items[Symbol.iterator]();
  // One listener for all items: a race for each would leave a listener behind.
  let interrupt = () => {};
  const listener = () => interrupt();
  stop.addEventListener("abort", listener);
  try {
    for (;;) {
      const { done, value } = await new Promise<IteratorResult<T>>(
        (resolve, reject) => {
          interrupt = () => reject(new CancelledError(stop.reason));
          if (stop.aborted) interrupt();
          else Promise.resolve(iterator.next()).then(resolve, reject);
        },
      );
      if (done) return;
      yield value;
    }
  } finally {
    stop.removeEventListener("abort", listener);
    // Not awaited: it may be waiting for an item.
    if (!stop.aborted) void iterator.return?.();
  }
}
