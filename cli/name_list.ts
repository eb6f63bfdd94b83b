import { UsageError } from "./run.ts";

/** Longest name, in bytes; more without an end is no list of names. */
const MAX_NAME_SIZE = 64 * 1024;

/**
 * The names in a list, from its chunks.
 *
 * @param separator The byte that ends each name.
 */
export async function* namesIn(
  chunks: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
  separator: number,
): AsyncGenerator<string> {
  const decoder = new TextDecoder();
  let rest = new Uint8Array(0);
  for await (const chunk of chunks) {
    let start = 0;
    for (;;) {
      const end = chunk.indexOf(separator, start);
      const part = chunk.subarray(start, end < 0 ? chunk.length : end);
      const name = new Uint8Array(rest.length + part.length);
      name.set(rest);
      name.set(part, rest.length);
      if (name.length > MAX_NAME_SIZE) {
        throw new UsageError(
          `The list has a name of more than ${MAX_NAME_SIZE} bytes: expected ` +
            "one name per line, or, with --null, names that zero bytes end",
        );
      }
      if (end < 0) {
        rest = name;
        break;
      }
      yield decoder.decode(name);
      rest = new Uint8Array(0);
      start = end + 1;
    }
  }
  if (rest.length > 0) yield decoder.decode(rest);
}
