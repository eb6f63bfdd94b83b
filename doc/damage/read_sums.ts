import { STANDARD_STREAM } from "../source/standard_input.ts";
import type { CodecName } from "../../codec/names.ts";
import { SUMS_SUFFIX } from "../format/sums.ts";
import { type ByteSource, nodeFs, openFile } from "../source/byte_source.ts";
import { FileError } from "../errors.ts";
import { KnownDocuments } from "./known_documents.ts";

/** A bin file that may have checksums beside it. */
export interface SummedFile {
  /** Its path, or `-` for the standard input, which has no checksums. */
  path: string;
  /** Its size in bytes; Infinity for a package, in which records cannot be searched. */
  size: number;
  /** Codec of the contents. */
  codec: CodecName;
}

/**
 * Reads the checksums beside a bin file, if recovery can use them.
 *
 * @param onWarning Called if the checksum file cannot be used.
 * @returns undefined if there are none, or they cannot be used.
 */
export function readSums(
  { path, size, codec }: SummedFile,
  onWarning?: (message: string) => void,
): KnownDocuments | undefined {
  if (codec !== "none" || size === Infinity || path === STANDARD_STREAM) {
    return undefined;
  }
  const name = path + SUMS_SUFFIX;
  if (!nodeFs().existsSync(name)) return undefined;
  let sums: ByteSource | undefined;
  try {
    sums = openFile(name);
    return KnownDocuments.of(size, sums);
  } catch (error) {
    if (!(error instanceof FileError)) throw error;
    onWarning?.(`${error.message} Recovery goes on without it.`);
  } finally {
    sums?.close();
  }
}
