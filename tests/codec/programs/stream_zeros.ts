/**
 * Passes megabytes of zeros through the streams of a codec and prints what came
 * out and by how much the memory of the process grew.
 *
 * Arguments: <codec> <megabytes>
 */
import {
  compressionStream,
  decompressionStream,
  findCodec,
} from "../../../codec/mod.ts";
import { peakGrowth } from "../../support/peak_growth.ts";

const { name } = findCodec(Deno.args[0]);
const zeros = new Uint8Array(1_000_000);
let size = 0;
const growth = await peakGrowth(async () => {
  let left = Number(Deno.args[1]);
  const source = new ReadableStream<Uint8Array>({
    pull(controller) {
      if (left-- > 0) controller.enqueue(zeros);
      else controller.close();
    },
  }, { highWaterMark: 0 });
  const unpacked = source
    .pipeThrough(compressionStream(name))
    .pipeThrough(decompressionStream(name));
  for await (const piece of unpacked) {
    if (piece[0] || piece[piece.length - 1]) throw new Error("not zero");
    size += piece.length;
  }
});
console.log(JSON.stringify({ size, growth }));
