import { findCodec, formatOf } from "../../codec/codecs.ts";
import type { CodecName } from "../../codec/names.ts";
import { ContentCheck } from "../damage/content_check.ts";
import { detectSource } from "../detect_source.ts";
import { FileError, RecordError } from "../errors.ts";
import { RecordScanner } from "../record_scanner.ts";
import { type ByteSource, nodeFs, openFile } from "../source/byte_source.ts";
import {
  findTornRecord,
  type TornRecord,
  truncateFile,
} from "./torn_record.ts";

/** Records whose contents are decompressed to tell brotli from no compression. */
const SAMPLE_COUNT = 16;

/** What will be appended to a target. */
export interface AppendOptions {
  /** Codec of the contents. Default: that of the target. */
  codec: CodecName | undefined;
  /** Codec of the target as a whole. Default: that of the target. */
  packageCodec: CodecName | undefined;
  /** Whether to append even if the contents seem to have another codec. */
  force: boolean | undefined;
  /** Longest accepted key, in bytes. */
  keySizeLimit: number;
}

/** An existing file that can be appended to. */
export interface AppendTarget {
  /** Codec to append with; undefined if neither the file nor the options name one. */
  codec: CodecName | undefined;
  /** Codec of the file as a whole; undefined as above. */
  packageCodec: CodecName | undefined;
  /** The torn record that was removed from its end. */
  cut: TornRecord | undefined;
}

/**
 * Detects with which codecs a file has to be appended to, compares them with
 * those that are specified, and removes a torn record from its end. A file that
 * is refused stays unchanged.
 *
 * @returns undefined if there is no such file.
 * @throws {RecordError} It is corrupt: what is appended might never be found.
 * @throws {FileError} It cannot be read or written, is not a bin file, has other
 * codecs, or is a package to which nothing can be appended.
 */
export function prepareAppend(
  path: string,
  options: AppendOptions,
): AppendTarget | undefined {
  if (!nodeFs().existsSync(path)) return undefined;
  const source = openFile(path);
  try {
    if (source.size === 0) {
      const { codec, packageCodec } = options;
      return { codec, packageCodec, cut: undefined };
    }
    return prepare(source, path, options);
  } finally {
    source.close();
  }
}

function prepare(
  source: ByteSource,
  path: string,
  { codec, packageCodec, force, keySizeLimit }: AppendOptions,
): AppendTarget {
  const found = detectSource(source, { keySizeLimit });
  const refuse = (reason: string, cause?: unknown) => {
    throw new FileError(path, `Cannot append to ${path}: ${reason}`, { cause });
  };
  if (!findCodec(found.packageCodec).concatenable) {
    refuse(
      `it is a ${found.packageCodec} package, to which nothing can be appended. ` +
        "Repack it without a package codec.",
    );
  }
  if (
    packageCodec !== undefined &&
    formatOf(packageCodec) !== formatOf(found.packageCodec)
  ) {
    refuse(
      `its package codec is ${found.packageCodec}, not ${packageCodec}. ` +
        `Repack it with package codec ${packageCodec} first.`,
    );
  }
  let torn: TornRecord | undefined;
  if (found.packageCodec === "none") {
    try {
      torn = findTornRecord(path, { keySizeLimit });
    } catch (error) {
      if (!(error instanceof RecordError)) throw error;
      if (found.codec === undefined) refuse("it is not a bin file", error);
      throw error;
    }
  }
  if (
    !force && codec !== undefined && found.codec !== undefined &&
    // A record that is removed imposes no codec.
    torn?.offset !== 0 &&
    !fits(codec, found.codec, source, torn?.offset, keySizeLimit)
  ) {
    refuse(
      `its documents seem to have the codec ${found.codec}, not ${codec}. ` +
        "Use force (--force) if they do not.",
    );
  }
  if (torn !== undefined) truncateFile(path, torn.offset);
  return {
    codec: codec ?? found.codec,
    packageCodec: found.packageCodec,
    cut: torn,
  };
}

/** Whether contents before `end` that were detected as `found` may be of `codec`. */
function fits(
  codec: CodecName,
  found: CodecName,
  source: ByteSource,
  end = source.size,
  keySizeLimit: number,
): boolean {
  if (formatOf(codec) === formatOf(found)) return true;
  // A few bytes of brotli, which has no magic number, are no proof of it.
  if (codec !== "brotli" || found !== "none") return false;
  const check = new ContentCheck(codec);
  const records = new RecordScanner(source, { keySizeLimit });
  try {
    for (let i = 0; i < SAMPLE_COUNT && records.position < end; i++) {
      records.next();
      if (!check.accepts(records.content())) return false;
    }
    return true;
  } finally {
    records[Symbol.dispose]();
  }
}
