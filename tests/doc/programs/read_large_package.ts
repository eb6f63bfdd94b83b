/**
 * Reads a package of many records and prints how many there were and by how
 * many megabytes the process grew.
 *
 * Arguments: <records of 100 kB>
 */
import { createEncoder } from "../../../codec/mod.ts";
import {
  encodeRecord,
  memorySource,
  openInput,
  RecordScanner,
} from "../../../doc/mod.ts";
import { peakGrowth } from "../../support/peak_growth.ts";

const record = encodeRecord(new Uint8Array([65]), new Uint8Array(100_000));
const parts: Uint8Array<ArrayBuffer>[] = [];
const encoder = createEncoder("zstd");
const keep = (bytes: Uint8Array) => void parts.push(new Uint8Array(bytes));
for (let i = 0; i < Number(Deno.args[0]); i++) {
  encoder.push(record, false, keep);
}
encoder.push(new Uint8Array(0), true, keep);
const packed = new Uint8Array(await new Blob(parts).arrayBuffer());
let count = 0;
const growth = await peakGrowth(() => {
  const { source } = openInput(memorySource(packed), { codec: "none" });
  const scanner = new RecordScanner(source);
  while (scanner.next()) count++;
  source.close();
});
console.log(count, Math.round(growth / 1e6));
