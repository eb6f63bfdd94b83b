/**
 * Decompresses corrupt documents in a loop that never yields to the event loop,
 * and prints how many were refused and by how much the memory of the process grew.
 *
 * Arguments: <codec> <documents>
 */
import {
  compress,
  CorruptDataError,
  decompress,
  findCodec,
  OutputLimitError,
} from "../../../codec/mod.ts";
import { text } from "../../support/bytes.ts";
import { peakGrowth } from "../../support/peak_growth.ts";

const { name } = findCodec(Deno.args[0]);
const packed = compress(text(1000), name);
/** One bit of each is flipped, so that the data fails in all places. */
const documents = Array.from({ length: 8 * packed.length }, (_, bit) => {
  const document = packed.slice();
  document[bit >> 3] ^= 1 << (bit & 7);
  return document;
}).filter((document) => !decompresses(document));

function decompresses(document: Uint8Array): boolean {
  try {
    decompress(document, name, { maxSize: 10_000 });
    return true;
  } catch (error) {
    const isExpected = error instanceof CorruptDataError ||
      error instanceof OutputLimitError;
    if (!isExpected) throw error;
    return false;
  }
}

let failures = 0;
const growth = await peakGrowth(() => {
  for (let i = 0; i < Number(Deno.args[1]); i++) {
    if (!decompresses(documents[i % documents.length])) failures++;
  }
});
console.log(JSON.stringify({ failures, growth }));
