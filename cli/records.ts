/** How commands open the records of a bin file. */
import process from "node:process";
import type { CodecName } from "../codec/names.ts";
import type { SkippedRegion } from "../doc/damage/block_reader.ts";
import type { KnownDocuments } from "../doc/damage/known_documents.ts";
import type { RecordScanner } from "../doc/record_scanner.ts";
import type { ByteSource } from "../doc/source/byte_source.ts";
import { ExitCode } from "./exit_code.ts";
import type { InputOptions } from "./options.ts";
import { note, noteSkipped, type OutputOptions } from "./output.ts";

/** The options of commands that read records. */
export interface RecordsOptions extends InputOptions, OutputOptions {
  /** Skip corrupted regions. */
  skipErrors?: boolean;
}

/** The records of an input. */
export interface OpenRecords {
  /** The records, from the requested offset on. */
  records: RecordScanner;
  /** Their bytes. */
  source: ByteSource;
  /** Codec of the contents. */
  codec: CodecName;
}

/**
 * Opens an input, and closes it after `work`. With `skipErrors`, skipped regions
 * are noted at the end and set the exit code.
 *
 * @param needsCodec Whether contents are decompressed.
 * @throws {FileError} The input cannot be opened, or ends before `offset`.
 */
export async function withRecords(
  input: string,
  offset: number,
  options: RecordsOptions,
  needsCodec: boolean,
  work: (input: OpenRecords) => void | Promise<void>,
): Promise<void> {
  const { openInput } = await import("../doc/open_input.ts");
  const { loadEngines } = await import("../codec/load_engines.ts");
  await import("../doc/damage/register.ts");
  await loadEngines();
  const { keySizeLimit, maxSize, skipErrors } = options;
  // Detection is skipped where the codec makes no difference.
  const known = options.codec ??
    (needsCodec || skipErrors || offset > 0 ? undefined : "none");
  const { source, codec } = openInput(input, { codec: known, keySizeLimit });
  const skipped: SkippedRegion[] = [];
  let records: RecordScanner | undefined;
  try {
    if (offset > 0) await checkOffset(source, offset);
    const { RecordScanner } = await import("../doc/record_scanner.ts");
    records = new RecordScanner(source, {
      keySizeLimit,
      skipErrors,
      codec,
      maxSize,
      known: skipErrors ? await readSumsOf(input, source, codec) : undefined,
      onSkip: (region) => skipped.push(region),
    });
    if (offset > 0 && !skipErrors) await checkStart(records, offset, codec);
    records.position = offset;
    await work({ records, source, codec });
  } finally {
    records?.[Symbol.dispose]();
    source.close();
    noteSkipped(skipped);
  }
  if (skipped.length > 0) process.exitCode = ExitCode.Skipped;
}

/** Reads the checksums beside an input; undefined if there are none. */
export async function readSumsOf(
  path: string,
  { size }: ByteSource,
  codec: CodecName,
): Promise<KnownDocuments | undefined> {
  const { readSums } = await import("../doc/damage/read_sums.ts");
  return readSums({ path, size, codec }, note);
}

async function checkOffset(source: ByteSource, offset: number): Promise<void> {
  // Reading tells, where the size is not known yet.
  const count = source.read(new Uint8Array(1), 0, 1, offset);
  if (count > 0 || offset === source.size) return;
  const { FileError } = await import("../doc/errors.ts");
  const file = source.file ?? "";
  throw new FileError(
    file,
    `Cannot read ${file} from offset ${offset}: it ends at ${source.size}`,
  );
}

/** Checks that a record starts at the offset, as far as its sizes and its codec's magic number show. */
async function checkStart(
  records: RecordScanner,
  offset: number,
  codec: CodecName,
): Promise<void> {
  const { RecordError } = await import("../doc/errors.ts");
  const { findCodec } = await import("../codec/codecs.ts");
  const { magic } = findCodec(codec);
  try {
    records.position = offset;
    if (!records.next() || magic === undefined) return;
    const content = records.content();
    if (magic.every((byte, i) => content[i] === byte)) return;
    throw new RecordError(`its content is not ${codec}`);
  } catch (error) {
    if (!(error instanceof RecordError)) throw error;
    throw new RecordError(
      `${error.reason}. If no record starts there, the seek command finds the next one`,
      { file: records.file, offset },
      { cause: error },
    );
  }
}
