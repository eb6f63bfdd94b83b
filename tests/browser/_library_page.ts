/** Uses the library in a browser. The test reads `outcome`. */
import {
  blobSource,
  type CodecName,
  codecNames,
  compress,
  compressionStream,
  decompress,
  Doc,
  docStream,
  DocWriter,
  listEngines,
  MemoryPool,
  MemorySink,
  openFile,
  recordStream,
  repack,
} from "@binfiles/binfiles";

const content = new TextEncoder().encode("a document ".repeat(1000));

async function exercise() {
  const read: Record<string, [string, string][]> = {};
  for (const codec of codecNames.filter((name) => name !== "zip")) {
    const { body } = await fetch(`/${codec}.bin`);
    read[codec] = [];
    for await (const doc of docStream(body!, { codec })) {
      read[codec].push([doc.name, await checksum(doc.content)]);
    }
  }
  const written: Record<string, string> = {};
  for (const codec of codecNames) written[codec] = await write(codec);
  const pool = new MemoryPool();
  const lease = pool.lease(1000);
  lease[Symbol.dispose]();
  return {
    read,
    written,
    engines: listEngines().filter(({ inUse }) => inUse.length > 0).map((info) =>
      `${info.codec}: ${info.engine}`
    ),
    idle: pool.statistics().buffers.idle,
    worker: await readInWorker(),
    repacked: await repackInMemory(),
    errors: {
      openFile: await failure(() => openFile("docs.bin")),
      DocWriter: await failure(() => new DocWriter("docs.bin")),
      repack: await failure(() => repack({ source: "a", target: "b" })),
      blobSource: await failure(() => blobSource(new Blob())),
      compressionStream: await failure(() => compressionStream("zstd")),
    },
  };
}

/** Repacks a file from memory to memory and reads it again. */
async function repackInMemory(): Promise<[string, string][]> {
  const response = await fetch("/xz.bin");
  const source = new Uint8Array(await response.arrayBuffer());
  const target = new MemorySink();
  await repack({ source, target, targetCodec: "lz4", packageCodec: "gzip" });
  const stream = new Blob([target.bytes]).stream();
  const documents: [string, string][] = [];
  for await (
    const doc of docStream(stream, { codec: "lz4", packageCodec: "gzip" })
  ) {
    documents.push([doc.name, await checksum(doc.content)]);
  }
  return documents;
}

/** Compresses in one call and as records of a stream. @returns "done", or the error. */
async function write(codec: CodecName): Promise<string> {
  try {
    const same = decompress(compress(content, codec), codec);
    const { readable, writable } = recordStream({ codec });
    const writer = writable.getWriter();
    writer.write(new Doc("key", content)).then(() => writer.close());
    for await (const doc of docStream(readable, { codec })) {
      if (await checksum(doc.content) !== await checksum(same)) {
        return "differs";
      }
    }
    return "done";
  } catch (error) {
    return (error as Error).message;
  }
}

async function readInWorker(): Promise<unknown> {
  const file = new File([await (await fetch("/xz.bin")).blob()], "xz.bin");
  const worker = new Worker("/worker.js", { type: "module" });
  const { codec, documents } = await new Promise<
    { codec: string; documents: [string, Uint8Array][] }
  >((resolve, reject) => {
    worker.onmessage = ({ data }) => resolve(data);
    worker.onerror = ({ message }) => reject(new Error(message));
    worker.postMessage(file);
  });
  const checksums = await Promise.all(
    documents.map(async ([name, bytes]) => [name, await checksum(bytes)]),
  );
  return { codec, documents: checksums };
}

async function checksum(bytes: Uint8Array): Promise<string> {
  const digest = await crypto.subtle.digest("SHA-256", bytes.slice());
  return Array.from(
    new Uint8Array(digest),
    (byte) => byte.toString(16).padStart(2, "0"),
  ).join("");
}

async function failure(action: () => unknown): Promise<string> {
  try {
    await action();
    return "none";
  } catch (error) {
    return `${(error as Error).name}: ${(error as Error).message}`;
  }
}

Object.assign(globalThis, { outcome: exercise() });
