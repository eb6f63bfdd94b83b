import { type ByteSink, openFileSink } from "../target/byte_sink.ts";

/** Where a thread writes its share of the target, which may be split into parts. */
export interface JobOutput {
  /** Writes all of `bytes`, which are borrowed, at `position` of a part. */
  write(
    part: number,
    bytes: Uint8Array,
    position: number,
  ): void | Promise<void>;
  /** Releases the files. */
  close(): void;
}

/** Path of a part of a target. */
export function partPath(path: string, split: number, part: number): string {
  return split === Infinity ? path : `${path}.${part + 1}`;
}

/** Writes to files, of which other threads write other ranges. */
export class FileOutput implements JobOutput {
  readonly #path: string;
  readonly #split: number;
  #part = -1;
  #sink: ByteSink | undefined;

  /** Creates an output of `split` documents per part, Infinity for a single file at `path`. */
  constructor(path: string, split: number) {
    this.#path = path;
    this.#split = split;
  }

  write(
    part: number,
    bytes: Uint8Array,
    position: number,
  ): void | Promise<void> {
    if (part !== this.#part) {
      this.close();
      this.#sink = openFileSink(partPath(this.#path, this.#split, part));
      this.#part = part;
    }
    return this.#sink!.write(bytes, position);
  }

  close(): void {
    this.#sink?.close();
    this.#sink = undefined;
    this.#part = -1;
  }
}

/** Writes to a sink, which stays open. There can be only one part. */
export function sinkOutput(sink: ByteSink): JobOutput {
  return {
    write(_part, bytes, position) {
      return bytes.length > 0 ? sink.write(bytes, position) : undefined;
    },
    close() {},
  };
}
