/**
 * Decompresses megabytes of zeros with a limit, with every engine of a codec, and
 * prints for each what happened and by how much the memory of the process grew.
 *
 * Arguments: <codec> <megabytes>
 */
import {
  createEncoder,
  decompress,
  decompressOriginal,
  findCodec,
  listEngines,
  preferEngine,
} from "../../../codec/mod.ts";
import { concat } from "../../support/bytes.ts";
import { peakGrowth } from "../../support/peak_growth.ts";

const { name } = findCodec(Deno.args[0]);
const encoder = createEncoder(name);
const parts: Uint8Array[] = [];
const keep = (bytes: Uint8Array) => void parts.push(bytes.slice());
const zeros = new Uint8Array(1_000_000);
for (let i = 0; i < Number(Deno.args[1]); i++) encoder.push(zeros, false, keep);
encoder.push(new Uint8Array(0), true, keep);
const bomb = concat(...parts);
const answers: { what: string; outcome: string; growth: number }[] = [];
for (const { codec, engine, decompresses } of listEngines()) {
  if (codec !== name || !decompresses) continue;
  preferEngine(engine, codec);
  for (const unpack of [decompress, decompressOriginal]) {
    let outcome = "no error";
    const growth = await peakGrowth(() => {
      try {
        unpack(bomb, codec, { maxSize: 1_000_000 });
      } catch (error) {
        outcome = (error as Error).name;
      }
    });
    answers.push({ what: `${engine} ${unpack.name}`, outcome, growth });
  }
}
console.log(JSON.stringify(answers));
