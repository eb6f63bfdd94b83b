import { type CodecName, decompress, OutputLimitError } from "../codec/mod.ts";
import { blobSource } from "../doc/source/blob_source.ts";
import type { ByteSource } from "../doc/source/byte_source.ts";
// Not from doc/mod.ts, which would bundle all of repack.
import { detectSource } from "../doc/detect_source.ts";
import { KeyFilter } from "./key_filter.ts";
import { Column } from "./column.ts";
import type { Answer, Filter, Row } from "./messages.ts";
import { RecordIndex } from "./record_index.ts";
import { UnpackedSource } from "./unpacked_source.ts";

/** Most bytes of a package's contents to list. */
const MAX_UNPACKED = 1024 ** 3;

/** Most bytes of a document to show. */
const MAX_SHOWN = 256 * 1024 ** 2;

/** Most bytes of a corrupted region to show. */
const MAX_REGION_SHOWN = 1024 ** 2;

/** Contents are decompressed for the list, to show their sizes, only up to these sizes. */
const MAX_LISTED = { stored: 256 * 1024, unpacked: 16 * 1024 ** 2 };

/** Milliseconds to work before handling messages. */
const TURN = 40;

/** Milliseconds between two reports of progress. */
const REPORT_INTERVAL = 100;

const decoder = new TextDecoder();

/**
 * The worker's side of an open file. It works in short turns, which index more
 * records, filter them, and decompress visible documents to find their sizes.
 */
export class Session {
  readonly #post: (answer: Answer, transfer?: ArrayBuffer[]) => void;
  readonly #source: ByteSource;
  readonly #unpacked: UnpackedSource | undefined;
  readonly #codec: CodecName;
  readonly #index: RecordIndex;
  #version = 0;
  #onlyCorrupt = false;
  /** Undefined when every row passes. */
  #filter: KeyFilter | undefined;
  /** Rows that pass the filter, and how many were tested. Unused when every row passes. */
  #passed = new Column<Uint32Array<ArrayBuffer>>(Uint32Array);
  #tested = 0;
  /** Visible rows whose decompressed sizes are unknown. */
  #sizeless: Row[] = [];
  #lastReport = 0;
  #working = false;

  /** Opens a file, and reports its codecs. */
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

  /** Changes the filter. */
  filter({ text, onlyCorrupt }: Filter, version: number): void {
    this.#version = version;
    this.#onlyCorrupt = onlyCorrupt;
    this.#filter = text === "" ? undefined : new KeyFilter(text);
    this.#passed = new Column<Uint32Array<ArrayBuffer>>(Uint32Array);
    this.#tested = 0;
    this.#sizeless = [];
    this.#lastReport = 0;
    this.#wake();
  }

  /** Sends rows, and sends them again when their sizes are known. */
  show(from: number, to: number): void {
    const rows: Row[] = [];
    for (let at = from; at < Math.min(to, this.#listed); at++) {
      rows.push(this.#describe(at));
    }
    this.#post({ kind: "rows", rows, version: this.#version });
    this.#sizeless = rows.filter(({ isRegion }) => !isRegion);
    this.#wake();
  }

  /** Sends the content of a document, or the bytes of a corrupted region. */
  open(position: number): void {
    const row = this.#describe(position);
    const at = this.#rowAt(position);
    let bytes: Uint8Array<ArrayBuffer>;
    if (row.isRegion) bytes = this.#index.regionBytes(at, MAX_REGION_SHOWN);
    else {
      const stored = this.#index.content(at);
      try {
        bytes = this.#codec === "none"
          ? stored
          : decompress(stored, this.#codec, { maxSize: MAX_SHOWN });
        row.unpacked = bytes.length;
      } catch (error) {
        row.problem = error instanceof OutputLimitError
          ? `The document is larger than ${
            MAX_SHOWN >> 20
          } MiB and cannot be shown. ` +
            `To save it: binfiles read FILE ${row.offset} -o TARGET`
          : (error as Error).message;
        bytes = stored;
      }
    }
    this.#post({ kind: "content", row, bytes }, [bytes.buffer]);
  }

  /** Schedules a turn, unless one is scheduled. */
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
      this.#applyFilter(end);
    } catch (error) {
      this.#post({ kind: "failed", message: (error as Error).message });
      return;
    }
    const complete = this.#index.complete &&
      (this.#listsAll || this.#tested === this.#index.rows);
    this.#report(complete);
    if (!complete || this.#sizeless.length > 0) this.#wake();
  }

  /** Tests more rows against the filter. */
  #applyFilter(end: number): void {
    if (this.#listsAll) return;
    const { rows } = this.#index;
    while (this.#tested < rows) {
      const row = this.#tested++;
      if (this.#passes(row)) this.#passed.push(row);
      if (this.#tested % 1024 === 0 && performance.now() > end) return;
    }
  }

  #passes(row: number): boolean {
    const isRegion = this.#index.region(row) !== undefined;
    if (this.#onlyCorrupt || isRegion) return this.#onlyCorrupt && isRegion;
    return this.#filter === undefined ||
      this.#filter.matches(this.#index.key(row));
  }

  /** Finds the sizes of visible documents. */
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
    const { rows, regions, position } = this.#index;
    const unpacked = this.#unpacked;
    this.#post({
      kind: "progress",
      version: this.#version,
      progress: {
        done: unpacked?.consumed ?? position,
        documents: rows - regions,
        regions,
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
    return this.#filter === undefined && !this.#onlyCorrupt;
  }

  get #listed(): number {
    return this.#listsAll ? this.#index.rows : this.#passed.length;
  }

  #rowAt(position: number): number {
    return this.#listsAll ? position : this.#passed.at(position);
  }

  #describe(position: number): Row {
    const row = this.#rowAt(position);
    const region = this.#index.region(row);
    const offset = this.#index.offset(row);
    return region === undefined
      ? {
        position,
        key: decoder.decode(this.#index.key(row)),
        offset,
        stored: this.#index.contentSize(row),
        isRegion: false,
      }
      : {
        position,
        key: "",
        offset,
        stored: region.size,
        problem: region.problem,
        isRegion: true,
      };
  }
}
