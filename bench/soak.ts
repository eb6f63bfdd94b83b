/**
 * Memory of a process through which very many documents go, decompressed and
 * compressed with the pool on: at the end it must be no more than a tenth over
 * what it was after the first 100,000. Exits with 1 when it is.
 *
 * Usage: deno task soak [documents]
 */
import { join } from "node:path";
import { DocWriter, repack } from "../doc/mod.ts";
import { memorySnapshot } from "../pool/mod.ts";
import { measuredSeries } from "./measure/documents.ts";

const FIRST = 100_000;
const MAX_GROWTH = 0.1;
/** Bytes of each document. */
const SIZE = 100;

const [count = "5000000", part] = Deno.args;
const documents = Number(count);
const directory = join(Deno.env.get("TMPDIR") ?? "/tmp", "binfiles-bench");
Deno.mkdirSync(directory, { recursive: true });
const source = join(directory, `soak.${documents}.bin`);
const target = join(directory, "soak.target.bin");

if (part === "make") {
  const writer = new DocWriter(source, { codec: "gzip" });
  for (const doc of measuredSeries(documents, SIZE)) writer.write(doc);
  writer.close();
  Deno.exit();
}

/** What the process holds after so many documents: its resident memory, in bytes. */
function report(done: number): number {
  const { rss, heapUsed, external, pool } = memorySnapshot();
  const [resident, heap, beside, idle] = [
    rss,
    heapUsed,
    external,
    pool.total.retainedBytes,
  ]
    .map((bytes) => `${(bytes / 1e6).toFixed(1)} MB`);
  console.log(
    `${done.toLocaleString("en-US")} documents: ${resident} resident; this ` +
      `thread: ${heap} heap, ${beside} beside it, ${idle} idle in the pool`,
  );
  return rss;
}

try {
  Deno.statSync(source);
} catch {
  // By another process, whose memory does not count.
  const { success } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "--allow-all", import.meta.filename!, count, "make"],
  }).output();
  if (!success) throw new Error(`Cannot make ${source}`);
}
let first = 0;
let last = 0;
let next = FIRST;
const { documents: done } = await repack({
  ...{ source, target, targetCodec: "zstd", force: true },
  onProgress({ documents: done }) {
    if (done < next) return;
    last = report(done);
    if (first === 0) first = last;
    next = done + documents / 20;
  },
});
report(done);
const growth = last / first - 1;
const { inUse } = memorySnapshot().pool.total;
console.log(`Grown by ${(100 * growth).toFixed(1)} %, ${inUse} in use.`);
if (growth > MAX_GROWTH || inUse > 0 || done !== documents) Deno.exit(1);
