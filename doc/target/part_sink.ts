import { type ByteSink, openFileSink } from "./byte_sink.ts";

/** Where the parts of a target are written: files, or a sink for a single part. */
export interface PartSink {
  /** Writes all of `bytes`, which are borrowed, at `position` of a part. */
  write(
    part: number,
    bytes: Uint8Array,
    position: number,
  ): void | Promise<void>;
  /** Releases the files. */
  close(): void;
}

/** Path of a part of a target with `split` documents per part; Infinity for a single file. */
export function partPath(path: string, split: number, part: number): string {
  return split === Infinity ? path : `${path}.${part + 1}`;
}

/** Opens the files of a target, of which other threads write other ranges. */
export function openFileParts(path: string, split: number): PartSink {
  let part = -1;
  let sink: ByteSink | undefined;
  const close = () => {
    sink?.close();
    sink = undefined;
    part = -1;
  };
  return {
    write(number, bytes, position) {
      if (number !== part) {
        close();
        sink = openFileSink(partPath(path, split, number));
        part = number;
      }
      return sink!.write(bytes, position);
    },
    close,
  };
}

/** Wraps a sink, which stays open. */
export function singlePart(sink: ByteSink): PartSink {
  return {
    write(_part, bytes, position) {
      return bytes.length > 0 ? sink.write(bytes, position) : undefined;
    },
    close() {},
  };
}
