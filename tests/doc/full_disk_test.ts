/** Writers on a disk that is full, and then is not. */
import {
  assert,
  assertEquals,
  assertInstanceOf,
  assertThrows,
} from "@std/assert";
import {
  BatchProcessor,
  compressDoc,
  Doc,
  DocWriter,
  type DocWriterOptions,
  FileError,
} from "../../doc/mod.ts";
import {
  numberedDocs,
  outline,
  readBinFile,
  TemporaryDirectory,
  writeBinFile,
} from "../support/files.ts";
import { mayMount, SmallDisk } from "../support/small_disk.ts";

const IS_FULL = "the disk is full";

/** Documents of more than the disk, each much smaller than the buffer of a writer. */
const many = numberedDocs(4000);

/** A document of more than the disk. */
const large = new Doc("large", new Uint8Array(3_000_000).fill(7));

/**
 * Writes to a disk that is enlarged when a call fails, after the call has failed
 * once more, and checks that the file holds what was written once and in order.
 *
 * @param calls What is called, in order; the last call closes the writer.
 */
function checkRetries(
  name: string,
  options: DocWriterOptions,
  expected: readonly Doc[],
  calls: (writer: DocWriter) => Iterable<() => void>,
): void {
  Deno.test({
    name: `after the disk was full, ${name}` +
      (mayMount ? "" : " (ignored: this process may not mount a disk)"),
    ignore: !mayMount,
    fn() {
      using directory = new TemporaryDirectory();
      for (const append of [false, true]) {
        const disk = SmallDisk.mount(directory.file("disk"));
        try {
          const path = `${disk.path}/docs.bin`;
          const old = append ? numberedDocs(3) : [];
          if (append) writeBinFile(path, old, options);
          using writer = new DocWriter(path, { ...options, append });
          let failures = 0;
          for (const call of calls(writer)) {
            try {
              call();
            } catch (error) {
              failures++;
              assertInstanceOf(error, FileError);
              assert(`${error}`.includes(IS_FULL), `${error}`);
              assertThrows(call, FileError, IS_FULL);
              disk.enlarge();
              call();
            }
          }
          assertEquals(failures, 1);
          assertEquals(
            outline(readBinFile(path)),
            outline([...old, ...expected]),
          );
          const names = Array.from(Deno.readDirSync(disk.path), (e) => e.name);
          assertEquals(names, ["docs.bin"]);
        } finally {
          disk.unmount();
        }
      }
    },
  });
}

checkRetries(
  "a document that was not written can be written again",
  { codec: "none" },
  many,
  function* (writer) {
    for (const doc of many) yield () => writer.write(doc);
    yield () => writer.close();
  },
);

checkRetries(
  "a document larger than the buffer can be written again",
  { codec: "none" },
  [...many.slice(0, 9), large, large, many[9]],
  function* (writer) {
    for (const doc of many.slice(0, 9)) yield () => writer.write(doc);
    yield () => writer.write(large);
    yield () => writer.write(large);
    yield () => writer.write(many[9]);
    yield () => writer.close();
  },
);

const stored = many.map((doc, i) => ({
  // Random keys, because compressed contents alone would fit.
  key: crypto.getRandomValues(new Uint8Array(500)),
  content: doc.content,
  compressed: compressDoc(doc, "zstd").content,
  check: i % 2 === 0,
}));

checkRetries(
  "a stored content that was not written can be written again",
  { codec: "zstd" },
  stored.map(({ key, content }) => new Doc(key, content)),
  function* (writer) {
    for (const { key, compressed, check } of stored) {
      yield () => writer.writeStored(key, compressed, { check });
    }
    yield () => writer.close();
  },
);

checkRetries(
  "a flush can be repeated",
  { codec: "none" },
  [large],
  function* (writer) {
    yield () => writer.write(large);
    yield () => writer.flush({ sync: true });
    yield () => writer.close();
  },
);

checkRetries(
  "close can be repeated",
  { codec: "none" },
  [large],
  function* (writer) {
    yield () => writer.write(large);
    yield () => writer.close();
  },
);

checkRetries(
  "a document that was not added to a batch can be added again",
  { codec: "none" },
  many,
  function* (writer) {
    const batch = new BatchProcessor(writer, 10);
    for (const doc of many) yield () => batch.addDoc(doc);
    yield () => batch.close();
  },
);

checkRetries(
  "a document that filled a batch was added, and the next call reports the failure",
  { codec: "none" },
  [large, many[0]],
  function* (writer) {
    const batch = new BatchProcessor(writer, 1);
    let added = false;
    yield () => {
      batch.addDoc(large);
      added = true;
    };
    assert(added);
    assertEquals(batch.pending, 1);
    yield () => batch.addDoc(many[0]);
    yield () => batch.close();
  },
);
