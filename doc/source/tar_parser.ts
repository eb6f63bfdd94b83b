/** The parser of tar archives: ustar (POSIX.1-1988), pax (POSIX.1-2001), GNU and V7. */
import { decodeKey } from "../bytes.ts";
import { TarError } from "../errors.ts";

/** An entry of a tar archive. */
export interface TarEntry {
  /** The name as stored, usually UTF-8. */
  name: Uint8Array;
  /** Size of the stored content, in bytes. */
  size: number;
  /** The type. The content of a sparse file is a map of holes and the data between them. */
  type:
    | "file"
    | "hard link"
    | "symbolic link"
    | "device"
    | "directory"
    | "pipe"
    | "sparse file"
    | "unknown";
  /** Offset of its header in the (decompressed) archive, in bytes. */
  offset: number;
}

/** Receives the entries of a tar archive, in order. */
export interface TarHandler {
  /**
   * Receives an entry.
   *
   * @returns Whether to pass its content to {@linkcode TarHandler.content}.
   */
  entry(entry: TarEntry): boolean;
  /** Receives a piece of the content. The bytes are valid during the call. */
  content?(bytes: Uint8Array): void;
  /** Called at the end of the content. */
  end?(): void;
  /**
   * Called regularly between pieces; may be asynchronous.
   *
   * @returns Whether to continue.
   */
  goOn?(): boolean | Promise<boolean>;
}

/** Size of a block, in bytes (POSIX.1-1988). */
export const BLOCK_SIZE = 512;

/** Maximum size of a long name or pax header, in bytes. */
const MAX_META_SIZE = 1024 * 1024;

/** What the parser reads next. */
const enum State {
  Header,
  /** Extension blocks of the header of a sparse file. */
  SparseMap,
  /** A long name or pax header of the following entry. */
  Meta,
  Content,
  /** Padding of the last block of a content. */
  Padding,
}

/** Attributes of an entry from long-name and pax headers, which override its own header. */
interface Description {
  name?: Uint8Array;
  size?: number;
  sparse?: boolean;
}

/** Parses an archive that is pushed to it in pieces. */
export class TarParser {
  readonly #handler: TarHandler;
  readonly #file: string | undefined;
  readonly #block = new Uint8Array(BLOCK_SIZE);
  #state = State.Header;
  /** Bytes of the block or meta header so far. */
  #filled = 0;
  /** Bytes left of the content, meta header or padding. */
  #left = 0;
  /** Bytes of padding after the content or meta header. */
  #padding = 0;
  #meta = new Uint8Array(0);
  #metaType = "";
  /** Attributes of the next entry. */
  #next: Description = {};
  /** Attributes of all following entries. */
  #global: Description = {};
  /** The current entry. */
  #entry: TarEntry | undefined;
  #isWanted = false;
  /** Offset of the current block or content. */
  #offset = 0;
  /** Whether the last header block was an end-of-archive marker. */
  #hasEnded = false;

  constructor(handler: TarHandler, file: string | undefined) {
    this.#handler = handler;
    this.#file = file;
  }

  push(bytes: Uint8Array): void {
    for (let at = 0; at < bytes.length;) {
      if (this.#state === State.Header || this.#state === State.SparseMap) {
        const part = bytes.subarray(at, at + BLOCK_SIZE - this.#filled);
        this.#block.set(part, this.#filled);
        this.#filled += part.length;
        at += part.length;
        if (this.#filled < BLOCK_SIZE) return;
        this.#filled = 0;
        if (this.#state === State.Header) this.#takeHeader();
        else if (this.#block[504] === 0) this.#state = State.Content;
        this.#offset += BLOCK_SIZE;
      } else {
        const part = bytes.subarray(at, at + this.#left);
        at += part.length;
        this.#offset += part.length;
        this.#left -= part.length;
        if (this.#state === State.Meta) {
          this.#meta.set(part, this.#filled);
          this.#filled += part.length;
        } else if (this.#state === State.Content && this.#isWanted) {
          this.#handler.content?.(part);
        }
      }
      while (this.#state >= State.Meta && this.#left === 0) this.#proceed();
    }
  }

  /** Checks that the archive is complete. */
  finish(): void {
    if (this.#state !== State.Header || this.#filled > 0) {
      throw this.error("unexpected end of data");
    }
    if (!this.#hasEnded) {
      throw this.error(
        this.#offset === 0
          ? "the archive is empty"
          : "the end-of-archive marker is missing; the archive may be truncated",
      );
    }
  }

  error(reason: string, options?: ErrorOptions): TarError {
    const isWithin = this.#state >= State.SparseMap;
    return new TarError(reason, {
      file: this.#file,
      offset: this.#offset,
      entry: isWithin && this.#entry ? decodeKey(this.#entry.name) : undefined,
    }, options);
  }

  /** Changes to the state after a part that is complete. */
  #proceed(): void {
    if (this.#state === State.Meta) this.#takeMeta();
    if (this.#state === State.Content && this.#isWanted) this.#handler.end?.();
    if (this.#state === State.Padding) this.#state = State.Header;
    else {
      this.#state = State.Padding;
      this.#left = this.#padding;
    }
  }

  #takeHeader(): void {
    const block = this.#block;
    this.#hasEnded = isZero(block);
    if (this.#hasEnded) return;
    if (!hasChecksum(block)) {
      throw this.error(
        this.#offset === 0
          ? "not a tar archive, or its first block is corrupt"
          : "wrong header checksum",
      );
    }
    const type = String.fromCharCode(block[156]);
    const size = this.#number(124, 12);
    if ("xgXLK".includes(type)) return this.#expectMeta(type, size);
    this.#expectContent(type, size);
  }

  #expectMeta(type: string, size: number): void {
    if (size > MAX_META_SIZE) {
      throw this.error(
        `invalid header extension size ${size} (limit ${MAX_META_SIZE})`,
      );
    }
    this.#metaType = type;
    this.#meta = new Uint8Array(size);
    this.#expect(State.Meta, size);
  }

  #expectContent(type: string, headerSize: number): void {
    const block = this.#block;
    const description = { ...this.#global, ...this.#next };
    this.#next = {};
    const name = description.name ?? nameOf(block);
    const entryType = description.sparse ? "sparse file" : typeOf(type, name);
    const size = HEADER_ONLY.includes(entryType)
      ? 0
      : description.size ?? headerSize;
    this.#entry = { name, size, type: entryType, offset: this.#offset };
    this.#isWanted = this.#handler.entry(this.#entry);
    this.#expect(State.Content, size);
    if (type === "S" && block[482] !== 0) this.#state = State.SparseMap;
  }

  #expect(state: State, size: number): void {
    this.#state = state;
    this.#left = size;
    this.#padding = (BLOCK_SIZE - size % BLOCK_SIZE) % BLOCK_SIZE;
  }

  #takeMeta(): void {
    this.#filled = 0;
    if (this.#metaType === "L") this.#next.name = untilZero(this.#meta);
    else if (this.#metaType === "g") this.#takePax(this.#global);
    else if (this.#metaType !== "K") this.#takePax(this.#next);
  }

  /** Parses the records of a pax header: `size key=value\n` each (POSIX.1-2001). */
  #takePax(description: Description): void {
    const meta = this.#meta;
    for (let at = 0; at < meta.length;) {
      const space = meta.indexOf(SPACE, at);
      const size = space < 0
        ? NaN
        : Number(decodeKey(meta.subarray(at, space)));
      const end = at + size;
      const equals = meta.indexOf(EQUALS, space);
      // The negation also rejects NaN.
      if (
        !(space > at && equals > space && equals < end && end <= meta.length) ||
        meta[end - 1] !== NEWLINE
      ) {
        throw this.error("corrupt pax header");
      }
      const key = decodeKey(meta.subarray(space + 1, equals));
      const value = meta.slice(equals + 1, end - 1);
      // An empty value removes an attribute of a global header.
      const isGiven = value.length > 0;
      if (key === "path") description.name = isGiven ? value : undefined;
      else if (key === "size") {
        description.size = isGiven ? this.#decimal(value) : undefined;
      } else if (key.startsWith("GNU.sparse.")) {
        description.sparse = true;
        if (key === "GNU.sparse.name") description.name = value;
      }
      at = end;
    }
  }

  #decimal(digits: Uint8Array): number {
    return this.#checked(parse(digits, /^(\d+)$/, 10));
  }

  /** Parses a number of the header: octal digits, or binary if the first bit is set (GNU). */
  #number(at: number, size: number): number {
    const field = this.#block.subarray(at, at + size);
    if ((field[0] & 0x80) === 0) {
      return this.#checked(parse(field, /^[ \0]*([0-7]*)[ \0]*$/, 8));
    }
    // The second bit is the sign.
    if ((field[0] & 0x40) !== 0) return this.#checked(NaN);
    return this.#checked(
      field.subarray(1).reduce(
        (sum, byte) => sum * 256 + byte,
        field[0] & 0x3f,
      ),
    );
  }

  #checked(number: number): number {
    if (Number.isSafeInteger(number)) return number;
    throw this.error("invalid size in a header");
  }
}

const SPACE = 32;
const EQUALS = 61;
const NEWLINE = 10;

/** Types without content, whatever size their headers claim. */
const HEADER_ONLY: readonly TarEntry["type"][] = [
  "hard link",
  "symbolic link",
  "device",
  "directory",
  "pipe",
];

function typeOf(flag: string, name: Uint8Array): TarEntry["type"] {
  switch (flag) {
    case "0":
    case "\0":
    case "7":
      // In V7 archives, only the trailing slash marks a directory.
      return name.at(-1) === 47 ? "directory" : "file";
    case "1":
      return "hard link";
    case "2":
      return "symbolic link";
    case "3":
    case "4":
      return "device";
    case "5":
      return "directory";
    case "6":
      return "pipe";
    case "S":
      return "sparse file";
    default:
      return "unknown";
  }
}

/** The name in a header, with the prefix field of ustar. */
function nameOf(block: Uint8Array): Uint8Array {
  const name = untilZero(block.subarray(0, 100));
  const isPosix = decodeKey(block.subarray(257, 263)) === "ustar\0";
  const prefix = isPosix ? untilZero(block.subarray(345, 500)) : name;
  if (!isPosix || prefix.length === 0) return name;
  const whole = new Uint8Array(prefix.length + 1 + name.length);
  whole.set(prefix);
  whole[prefix.length] = 47;
  whole.set(name, prefix.length + 1);
  return whole;
}

/** Copies the bytes before the first zero. */
function untilZero(bytes: Uint8Array): Uint8Array {
  const end = bytes.indexOf(0);
  return bytes.slice(0, end < 0 ? bytes.length : end);
}

/** Whether a block is all zeros, as end-of-archive markers are. */
export function isZero(block: Uint8Array): boolean {
  return block.every((byte) => byte === 0);
}

/** Verifies the checksum of a header. Some old programs summed signed bytes. */
export function hasChecksum(block: Uint8Array): boolean {
  let unsigned = 0;
  let signed = 0;
  for (let i = 0; i < BLOCK_SIZE; i++) {
    const byte = i >= 148 && i < 156 ? SPACE : block[i];
    unsigned += byte;
    signed += byte << 24 >> 24;
  }
  const sum = parse(block.subarray(148, 156), /^[ \0]*([0-7]+)[ \0]*/, 8);
  return sum === unsigned || sum === signed;
}

/** Parses the first group of a pattern; NaN if it does not match, 0 if the group is empty. */
function parse(bytes: Uint8Array, pattern: RegExp, base: number): number {
  const match = pattern.exec(decodeKey(bytes));
  return match === null ? NaN : parseInt(match[1] || "0", base);
}
