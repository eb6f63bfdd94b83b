import { STANDARD_STREAM } from "../source/standard_input.ts";
import type { CodecName } from "../../codec/names.ts";
import { SUMS_SUFFIX } from "../format/sums.ts";
import { type ByteSource, nodeFs, openFile } from "../source/byte_source.ts";
import { FileError } from "../errors.ts";
import { KnownDocuments } from "./known_documents.ts";

/** A bin file that may have a file of sums beside it. */
export interface SummedFile {
  /** Its path, or `-` for the standard input, which has none. */
  path: string;
  /** Its size in bytes; Infinity for a package, whose documents are not read in any order. */
  size: number;
  /** Codec of its contents. */
  codec: CodecName;
}

/**
 * Reads the file of sums beside a bin file, where it helps in finding damage.
 *
 * @param onWarning Receives what is wrong with it, if something is.
 * @returns undefined if there is none, or it cannot be used, or would not help.
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
    onWarning?.(`${error.message} Damage is skipped without it.`);
  } finally {
    sums?.close();
  }
}
