import { type CodecName, decompress, OutputLimitError } from "../codec/mod.ts";
import { blobSource } from "../doc/source/blob_source.ts";
import type { ByteSource } from "../doc/source/byte_source.ts";
// Not by way of doc/mod.ts, which has the threads of a repack in it.
import { detectSource } from "../doc/detect_source.ts";
import { KeyFilter } from "./key_filter.ts";
import { Column } from "./column.ts";
import type { Answer, Filter, Row } from "./messages.ts";
import { RecordIndex } from "./record_index.ts";
import { UnpackedSource } from "./unpacked_source.ts";

/** Most bytes of a package that are unpacked. */
const MAX_UNPACKED = 1024 ** 3;

/** Most bytes of a document that are shown. */
const MAX_SHOWN = 256 * 1024 ** 2;

/** Most bytes of a broken range that are shown. */
const MAX_GAP_SHOWN = 1024 ** 2;

/** Contents up to this size in the file, and this size decompressed, are decompressed only to be listed. */
const MAX_LISTED = { stored: 256 * 1024, unpacked: 16 * 1024 ** 2 };

/** How long to work before looking for messages, in milliseconds. */
const TURN = 40;

/** Shortest time between two reports, in milliseconds. */
const REPORT_INTERVAL = 100;

const decoder = new TextDecoder();

/**
 * A file that is looked at. It works in short turns: it finds more records,
 * filters those that were found, and decompresses what is in sight to know its
 * size.
 */
export class Session {
  readonly #post: (answer: Answer, transfer?: ArrayBuffer[]) => void;
  readonly #source: ByteSource;
  readonly #unpacked: UnpackedSource | undefined;
  readonly #codec: CodecName;
  readonly #index: RecordIndex;
  #version = 0;
  #onlyBroken = false;
  /** Undefined when every row passes. */
  #filter: KeyFilter | undefined;
  /** Rows that pass, and how many have been asked; not used when every row passes. */
  #passed = new Column<Uint32Array<ArrayBuffer>>(Uint32Array);
  #asked = 0;
  /** Rows in sight whose sizes are not known yet. */
  #sizeless: Row[] = [];
  #lastReport = 0;
  #working = false;

  /** Opens a file, and says how it is compressed. */
  constructor(
    file: File,
    post: (answer: Answer, transfer?: ArrayBuffer[]) => void,
  ) {
    this.#post = post;
    const blob = blobSource(file);
    const { packageCodec, codec = "none" } = detectSource(blob);
    this.#codec = codec;
    if (packageCodec !== "none") {
      this.#unpacked = new UnpackedSource(blob, packageCodec, MAX_UNPACKED);
    }
    this.#source = this.#unpacked ?? blob;
    this.#index = new RecordIndex(this.#source, codec);
    post({ kind: "opened", packageCodec, codec });
    this.#wake();
  }

  /** Lists other rows from now on. */
  filter({ text, onlyBroken }: Filter, version: number): void {
    this.#version = version;
    this.#onlyBroken = onlyBroken;
    this.#filter = text === "" ? undefined : new KeyFilter(text);
    this.#passed = new Column<Uint32Array<ArrayBuffer>>(Uint32Array);
    this.#asked = 0;
    this.#sizeless = [];
    this.#lastReport = 0;
    this.#wake();
  }

  /** Sends rows, and once more when their sizes are known. */
  show(from: number, to: number): void {
    const rows: Row[] = [];
    for (let at = from; at < Math.min(to, this.#listed); at++) {
      rows.push(this.#describe(at));
    }
    this.#post({ kind: "rows", rows, version: this.#version });
    this.#sizeless = rows.filter(({ isGap }) => !isGap);
    this.#wake();
  }

  /** Sends the content of a document, or what is there instead. */
  open(position: number): void {
    const row = this.#describe(position);
    const at = this.#rowAt(position);
    let bytes: Uint8Array<ArrayBuffer>;
    if (row.isGap) bytes = this.#index.gapBytes(at, MAX_GAP_SHOWN);
    else {
      const stored = this.#index.content(at);
      try {
        bytes = this.#codec === "none"
          ? stored
          : decompress(stored, this.#codec, { maxSize: MAX_SHOWN });
        row.unpacked = bytes.length;
      } catch (error) {
        row.problem = error instanceof OutputLimitError
          ? `Decompressed, it has more than ${MAX_SHOWN >> 20} MiB, which is ` +
            `too much to show. To save it: binfiles read FILE ${row.offset} -o TARGET`
          : (error as Error).message;
        bytes = stored;
      }
    }
    this.#post({ kind: "content", row, bytes }, [bytes.buffer]);
  }

  /** Starts to work, unless it does. */
  #wake(): void {
    if (this.#working) return;
    this.#working = true;
    setTimeout(() => this.#turn());
  }

  #turn(): void {
    this.#working = false;
    try {
      const end = performance.now() + TURN;
      this.#measure(end);
      if (!this.#index.complete) this.#index.extend(end);
      this.#ask(end);
    } catch (error) {
      this.#post({ kind: "failed", message: (error as Error).message });
      return;
    }
    const complete = this.#index.complete &&
      (this.#listsAll || this.#asked === this.#index.rows);
    this.#report(complete);
    if (!complete || this.#sizeless.length > 0) this.#wake();
  }

  /** Passes rows on, or not. */
  #ask(end: number): void {
    if (this.#listsAll) return;
    const { rows } = this.#index;
    while (this.#asked < rows) {
      const row = this.#asked++;
      if (this.#passes(row)) this.#passed.push(row);
      if (this.#asked % 1024 === 0 && performance.now() > end) return;
    }
  }

  #passes(row: number): boolean {
    const isGap = this.#index.gap(row) !== undefined;
    if (this.#onlyBroken || isGap) return this.#onlyBroken && isGap;
    return this.#filter === undefined ||
      this.#filter.matches(this.#index.key(row));
  }

  /** Finds out sizes of what is in sight. */
  #measure(end: number): void {
    const rows: Row[] = [];
    while (this.#sizeless.length > 0 && performance.now() < end) {
      const row = this.#sizeless.shift()!;
      if (row.stored > MAX_LISTED.stored) continue;
      const content = this.#index.content(this.#rowAt(row.position));
      try {
        const { unpacked: maxSize } = MAX_LISTED;
        row.unpacked = decompress(content, this.#codec, { maxSize }).length;
      } catch (error) {
        if (error instanceof OutputLimitError) continue;
        row.problem = (error as Error).message;
      }
      rows.push(row);
    }
    if (rows.length === 0) return;
    this.#post({ kind: "rows", rows, version: this.#version });
  }

  #report(complete: boolean): void {
    const now = performance.now();
    if (!complete && now - this.#lastReport < REPORT_INTERVAL) return;
    this.#lastReport = now;
    const { rows, gaps, position } = this.#index;
    const unpacked = this.#unpacked;
    this.#post({
      kind: "progress",
      version: this.#version,
      progress: {
        done: unpacked?.consumed ?? position,
        documents: rows - gaps,
        gaps,
        listed: this.#listed,
        complete,
        ...(unpacked !== undefined && {
          unpacked: position,
          note: unpacked.note,
        }),
      },
    });
  }

  get #listsAll(): boolean {
    return this.#filter === undefined && !this.#onlyBroken;
  }

  get #listed(): number {
    return this.#listsAll ? this.#index.rows : this.#passed.length;
  }

  #rowAt(position: number): number {
    return this.#listsAll ? position : this.#passed.at(position);
  }

  #describe(position: number): Row {
    const row = this.#rowAt(position);
    const gap = this.#index.gap(row);
    const offset = this.#index.offset(row);
    return gap === undefined
      ? {
        position,
        key: decoder.decode(this.#index.key(row)),
        offset,
        stored: this.#index.contentSize(row),
        isGap: false,
      }
      : {
        position,
        key: "",
        offset,
        stored: gap.size,
        problem: gap.problem,
        isGap: true,
      };
  }
}
