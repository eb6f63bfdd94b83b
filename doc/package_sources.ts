/** Where packaging takes files from: a directory, a list of names, a tar archive. */
import { STANDARD_STREAM } from "./source/standard_input.ts";
import { decodeKey } from "./bytes.ts";
import { nextEvent } from "./job/yield.ts";
import { fileChunks } from "./source/file_chunks.ts";
import { matches } from "./source/matches.ts";
import type { RecordSpool } from "./job/record_spool.ts";
import { standardInputChunks } from "./source/standard_input.ts";
import { isBesideTarget } from "./target/target_lock.ts";
import { SPECIAL_FILE, SYMBOLIC_LINK, walkFiles } from "./source/directory.ts";
import { fileError, nodeFs, nodePath } from "./source/byte_source.ts";
import { CancelledError, TarError } from "./errors.ts";
import { MAX_CONTENT_SIZE } from "./format/record.ts";
import { readTar } from "./source/tar.ts";

/** What to take, and what to do with what cannot be taken. */
export interface Filling {
  /** Path of the directory or archive. */
  source: string;
  /** Path of the target, which is not put into itself. */
  target: string;
  /** Which names to take. Default: all. */
  pattern?: RegExp;
  /** Whether keys are names without directories. */
  baseName?: boolean;
  /** Codec of the archive. Default: detected. */
  tarCodec?: string | number;
  /** Whether to take what comes before the damage of an archive. */
  skipErrors?: boolean;
  /** Longest key, in bytes. */
  keySizeLimit: number;
  /** Most files to take. */
  limit: number;
  /** Takes note of what is left out. */
  skip(name: string, reason: string, isLost: boolean): void;
}

/** Why a file over the format's limit is left out. */
const TOO_LARGE = `it has more than the ${MAX_CONTENT_SIZE} bytes that a ` +
  "document may have";

/** Fills the spool with the files of a directory and of those below it. */
export async function fillFromTree(
  spool: RecordSpool,
  filling: Filling,
): Promise<void> {
  const { source, limit, skip } = filling;
  const isOwn = ownFiles(filling);
  for (const { path, name, problem, isLost = false } of walkFiles(source)) {
    await spool.pause();
    if (!spool.isWanted || spool.records >= limit) return;
    if (!isLost && !isAsked(name, filling) || isOwn(path)) continue;
    if (problem !== undefined) skip(name, problem, isLost);
    else await addFile(spool, path, name, filling);
  }
}

/** Fills the spool with files of a directory, by their names. */
export async function fillFromNames(
  spool: RecordSpool,
  names: Iterable<string> | AsyncIterable<string>,
  stop: AbortSignal,
  filling: Filling,
): Promise<void> {
  const { source, limit, skip } = filling;
  const { resolve } = nodePath();
  const isOwn = ownFiles(filling);
  for await (const given of interruptible(names, stop)) {
    await spool.pause();
    if (!spool.isWanted || spool.records >= limit) return;
    const name = withoutDot(given);
    if (name === "" || !isAsked(name, filling)) continue;
    const path = resolve(source, name);
    if (isOwn(path)) continue;
    const problem = problemOf(path);
    if (problem !== undefined) skip(name, ...problem);
    else await addFile(spool, path, name, filling);
  }
}

/** Fills the spool with the files of a tar archive. */
export async function fillFromTar(
  spool: RecordSpool,
  stop: AbortSignal,
  filling: Filling,
): Promise<void> {
  const { source, limit, skip, tarCodec, skipErrors } = filling;
  const isStream = source === STANDARD_STREAM;
  /** Whether a record has been begun that has not come to its end. */
  let isOpen = false;
  try {
    await readTar(isStream ? standardInputChunks(stop) : fileChunks(source), {
      entry({ name: bytes, type, size }) {
        const name = withoutDot(decodeKey(bytes));
        if (
          type === "directory" || spool.records >= limit ||
          !isAsked(name, filling)
        ) return false;
        const key = keyOf(withoutDot(bytes), filling);
        const problem = type !== "file"
          ? `it is a ${type}`
          : size > MAX_CONTENT_SIZE
          ? TOO_LARGE
          : keyProblem(key, filling);
        if (problem !== undefined) {
          // A hard link is a file whose content is elsewhere in the archive.
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
      `${error.message}; nothing behind it was taken`,
      true,
    );
  }
}

/** Entries of archives that have no content. */
const CONTENTLESS: ReadonlySet<string> = new Set([
  "symbolic link",
  "device",
  "pipe",
]);

/** Adds a file, unless it cannot be read or is over a limit. */
async function addFile(
  spool: RecordSpool,
  path: string,
  name: string,
  filling: Filling,
): Promise<void> {
  const fs = nodeFs();
  const { O_RDONLY, O_NONBLOCK = 0, O_NOFOLLOW = 0 } = fs.constants;
  const key = keyOf(encoder.encode(name), filling);
  const skip = (reason: string) => filling.skip(name, reason, true);
  const problem = keyProblem(key, filling);
  if (problem !== undefined) return skip(problem);
  let descriptor: number;
  try {
    // It may have become something else since it was looked at: a pipe would wait.
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
      // Asked only now, because asking takes as long as reading a small file.
      const { size } = fs.fstatSync(descriptor);
      if (Math.max(size, spool.contentSize) > MAX_CONTENT_SIZE) {
        spool.drop();
        return skip(TOO_LARGE);
      }
      // A large file does not keep others waiting, such as who cancels.
      await nextEvent();
      if (!spool.isWanted) return spool.drop();
    }
    spool.end();
  } finally {
    fs.closeSync(descriptor);
  }
}

/** What keeps a path from being a file, and whether something is lost by it. */
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

/** What keeps a key from being one. */
function keyProblem(
  key: Uint8Array,
  { keySizeLimit }: Filling,
): string | undefined {
  if (key.length === 0) return "it has no name";
  return key.length > keySizeLimit
    ? `a key of ${key.length} bytes is over the limit of ${keySizeLimit}`
    : undefined;
}

const encoder = new TextEncoder();
const SLASH = 47;

function keyOf(name: Uint8Array, { baseName }: Filling): Uint8Array {
  return baseName ? name.subarray(name.lastIndexOf(SLASH) + 1) : name;
}

/** A name without the `./` that many programs put before it. */
function withoutDot(name: string): string;
function withoutDot(name: Uint8Array): Uint8Array;
function withoutDot(name: string | Uint8Array): string | Uint8Array {
  if (typeof name === "string") return name.replace(/^(\.\/+)+/, "");
  const start = decodeKey(name.subarray(0, 2)) === "./" ? 2 : 0;
  return start === 0 ? name : withoutDot(name.subarray(start));
}

function isAsked(name: string, { pattern }: Filling): boolean {
  return pattern === undefined || matches(pattern, name);
}

/** Tells the target and what is made beside it from what is to be put in. */
function ownFiles({ target }: Filling): (path: string) => boolean {
  if (target === STANDARD_STREAM) return () => false;
  const { basename, dirname } = nodePath();
  const name = basename(target);
  const isOwnName = (other: string) =>
    other === name || isBesideTarget(name, other);
  const directory = nodeFs().realpathSync(dirname(target));
  return (path) =>
    isOwnName(basename(path)) &&
    nodeFs().realpathSync(dirname(path)) === directory;
}

/** Items that are waited for no longer than until `stop` is aborted. */
async function* interruptible<T>(
  items: Iterable<T> | AsyncIterable<T>,
  stop: AbortSignal,
): AsyncGenerator<T> {
  const iterator = Symbol.asyncIterator in items
    ? items[Symbol.asyncIterator]()
    : items[Symbol.iterator]();
  // One listener for all: a race for each item would leave one behind for each.
  let interrupt = () => {};
  const listener = () => interrupt();
  stop.addEventListener("abort", listener);
  try {
    for (;;) {
      const { done, value } = await new Promise<IteratorResult<T>>(
        (resolve, reject) => {
          interrupt = () => reject(new CancelledError());
          if (stop.aborted) interrupt();
          else Promise.resolve(iterator.next()).then(resolve, reject);
        },
      );
      if (done) return;
      yield value;
    }
  } finally {
    stop.removeEventListener("abort", listener);
    // Not waited for: it may be in the middle of waiting itself.
    if (!stop.aborted) void iterator.return?.();
  }
}
