/**
 * Memory of a process that recompresses millions of documents: at the end it must
 * be at most 10% above that after the first 100,000. Exits with 1 otherwise.
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

/** Prints the memory after `done` documents. @returns The resident set, in bytes. */
function report(done: number): number {
  const snapshot = memorySnapshot();
  const [resident, heap, external, idle] = [
    snapshot.rss,
    snapshot.heapUsed,
    snapshot.external,
    snapshot.pool.total.retainedBytes,
  ]
    .map((bytes) => `${(bytes / 1e6).toFixed(1)} MB`);
  console.log(
    `${done.toLocaleString("en-US")} documents: ${resident} resident; this ` +
      `thread: ${heap} heap, ${external} external, ${idle} idle in the pool`,
  );
  return snapshot.rss;
}

try {
  Deno.statSync(source);
} catch {
  // In another process: its memory does not count.
  const { success } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "--allow-all", import.meta.filename!, count, "make"],
  }).output();
  if (!success) throw new Error(`Cannot make ${source}.`);
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
console.log(
  `Growth ${(100 * growth).toFixed(1)}%, ${inUse} pooled objects in use.`,
);
if (growth > MAX_GROWTH || inUse > 0 || done !== documents) Deno.exit(1);
