import { assertEquals } from "@std/assert";
import {
  BatchProcessor,
  DocReader,
  DocWriter,
  leaseCompressor,
  leaseDecompressor,
  MemoryPool,
  MemorySink,
  memorySource,
  openFile,
  openInput,
  RecordScanner,
  watchMemory,
} from "../../mod.ts";
import { fixture, TemporaryDirectory } from "../support/files.ts";

Deno.test("everything that can be closed can be closed again, by close() and by the end of a scope", () => {
  using directory = new TemporaryDirectory();
  const pool = new MemoryPool();
  const path = fixture("gzip.bin");
  const source = memorySource(Deno.readFileSync(path));
  const writer = (name: string) =>
    new DocWriter(directory.file(name), { pool });
  const closables: Record<string, { close(): unknown }> = {
    lease: pool.lease(1000),
    compressor: leaseCompressor("gzip", { pool }),
    decompressor: leaseDecompressor("gzip", { pool }),
    watch: watchMemory({ pool }),
    reader: new DocReader(path, { pool }),
    writer: writer("one.bin"),
    batch: new BatchProcessor(writer("two.bin"), 10),
    scanner: new RecordScanner(source, { pool }),
    file: openFile(path),
    package: openInput(fixture("none.bin.gzip")).source,
    memory: source,
    sink: new MemorySink(),
  };
  for (const closable of Object.values(closables)) {
    for (let i = 0; i < 3; i++) closable.close();
    const { [Symbol.dispose]: dispose } = closable as Partial<Disposable>;
    if (dispose !== undefined) dispose.call(closable);
  }
  assertEquals(pool.statistics().total.inUse, 0);
});
