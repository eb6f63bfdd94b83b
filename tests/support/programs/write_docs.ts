/**
 * Writes numbered documents to a bin file.
 *
 * Arguments: <`WriterWork` as JSON>
 */
import { DocWriter } from "../../../doc/mod.ts";
import { numberedDocs } from "../files.ts";
import type { WriterWork } from "../open_writer.ts";

const { path, options, count, times, flushes }: WriterWork = JSON.parse(
  Deno.args[0],
);
const docs = numberedDocs(count);
for (let time = 0; time < (times ?? 1); time++) {
  const writer = new DocWriter(path, { codec: "none", ...options });
  for (const doc of docs) {
    writer.write(doc);
    if (flushes) writer.flush();
  }
  if (times !== undefined) writer.close();
  else {
    writer.flush();
    console.log("done");
    // The process keeps the file open until it is killed.
    setInterval(() => {}, 1000);
  }
}
