/**
 * What strict projects write. The test compiles it with several settings; lines
 * that must not compile say so.
 */
import {
  compress,
  decompress,
  Doc,
  DocReader,
  type DocReaderOptions,
  docStream,
  DocWriter,
  leaseCompressor,
  leaseDecompressor,
  MemorySink,
  memorySource,
  RecordScanner,
  recordStream,
  repack,
  watchMemory,
} from "@binfiles/binfiles";
import { engineFor } from "@binfiles/binfiles/codec";
import "@binfiles/binfiles/codec/lz4";
import * as core from "@binfiles/binfiles/core";
import { MemoryPool } from "@binfiles/binfiles/pool";
import "@binfiles/binfiles/recovery";

const bytes = new Uint8Array(10);

// Names, aliases and numbers of codecs compile; other names don't.
compress(bytes, "gzip");
compress(bytes, "zst");
compress(bytes, 3);
// @ts-expect-error A typing error.
compress(bytes, "gzpi");
// @ts-expect-error A typing error.
decompress(bytes, "LZ4");
// @ts-expect-error A typing error.
engineFor("zstandard", "compress");
// @ts-expect-error A typing error.
new DocReader(bytes, { codec: "gzpi" });
// @ts-expect-error A typing error.
new DocWriter("docs.bin", { codec: "gzpi" });
// @ts-expect-error A typing error.
recordStream({ codec: "gzpi" });
// @ts-expect-error A typing error.
docStream(new ReadableStream<Uint8Array>(), { packageCodec: "gzpi" });
// @ts-expect-error A typing error.
repack({ source: "a.bin", target: "b.bin", targetCodec: "gzpi" });
// @ts-expect-error Strings are not bytes.
compress("text", "gzip");

// What owns memory fits what wants memory.
const reader = new DocReader(bytes, { codec: "none" });
const doc = reader.read();
if (doc !== undefined) new Response(doc.content);
const owned: Uint8Array<ArrayBuffer> = decompress(bytes, "none");
new Blob([owned, new Doc("key", "content").content]);

// The small entry is the same library.
const same: typeof DocReader = core.DocReader;
new same(bytes).close();

// All that can be disposed of can be closed, without `using`.
const pool = new MemoryPool();
const options: DocReaderOptions = { pool };
pool.lease(10).close();
leaseCompressor("gzip").close();
leaseDecompressor("gzip").close();
new RecordScanner(memorySource(bytes)).close();
watchMemory().close();
new DocReader(bytes, options).close();
reader.close();
new MemorySink().close();
