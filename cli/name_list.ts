import { OptionError } from "../pool/errors.ts";

/** Longest name, in bytes. Anything longer is not a list of names. */
const MAX_NAME_SIZE = 64 * 1024;

/**
 * Reads a list of names from its chunks.
 *
 * @param separator The byte that ends each name.
 * @throws {OptionError} A name is longer than 64 KiB.
 */
export async function* readNameList(
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
        throw new OptionError(
          "Cannot read the list of files: " +
            `a name is longer than ${MAX_NAME_SIZE} bytes. ` +
            "Write one name per line, or end names with zero bytes and use --null.",
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
