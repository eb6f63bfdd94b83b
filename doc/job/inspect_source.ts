import "../damage/register.ts";
import { loadEngines } from "../../codec/load_engines.ts";
import type { CodecName } from "../../codec/names.ts";
import { codecsToDetect, detectSource } from "../detect_source.ts";
import { DEFAULT_KEY_SIZE_LIMIT } from "../format/record.ts";
import {
  asFileError,
  type ByteSource,
  openSame,
} from "../source/byte_source.ts";
import type { SourceFacts } from "./job.ts";

/** What is known about a source, and what to accept. */
export interface InspectOptions {
  /** Codec of the contents. Default: detected. */
  codec?: CodecName;
  /** Longest accepted key, in bytes. Default {@linkcode DEFAULT_KEY_SIZE_LIMIT}. */
  keySizeLimit?: number;
}

/**
 * Inspects a file: its identity, size and codecs.
 *
 * @param name Its name in results and error messages. Default: the path.
 * @throws {FileError} It cannot be read.
 * @throws {NoEngineError} Its codec cannot be detected on this runtime.
 */
export async function inspectFile(
  path: string,
  options: InspectOptions,
  name: string = path,
): Promise<SourceFacts> {
  const file = openSame(path, name);
  try {
    return {
      ...await inspectBytes(file, options),
      name,
      path,
      identity: file.identity,
    };
  } catch (error) {
    throw asFileError("read", name, error);
  } finally {
    file.close();
  }
}

/** Inspects an open source: its size and codecs. */
export async function inspectBytes(
  source: ByteSource,
  { codec, keySizeLimit = DEFAULT_KEY_SIZE_LIMIT }: InspectOptions,
): Promise<SourceFacts> {
  await loadEngines(codecsToDetect(source, keySizeLimit, codec));
  const detected = detectSource(source, { codec, keySizeLimit });
  return {
    name: source.file ?? "memory",
    size: source.size === Infinity ? undefined : source.size,
    codec: codec ?? detected.codec ?? "none",
    packageCodec: detected.packageCodec,
  };
}
