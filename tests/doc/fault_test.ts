/** Failures of the environment: disks, files, permissions, threads. */
import {
  assert,
  assertEquals,
  assertGreater,
  assertInstanceOf,
  assertMatch,
  assertRejects,
  assertThrows,
} from "@std/assert";
import type NodeFs from "node:fs";
import { dirname } from "node:path";
import { nodeModule } from "../../pool/runtime.ts";
import { globalMemoryPool } from "../../pool/mod.ts";
import {
  Doc,
  DocWriter,
  FileError,
  merge,
  packageFiles,
  repack,
} from "../../doc/mod.ts";
import { dyingThreads, type Way } from "../support/dying_threads.ts";
import { root, runCommand, runShell } from "../support/command.ts";
import {
  fixture,
  numberedDocs,
  outline,
  readBinFile,
  TemporaryDirectory,
  writeBinFile,
} from "../support/files.ts";
import { mayMount, SmallDisk } from "../support/small_disk.ts";

const fs = nodeModule<typeof NodeFs>("node:fs")!;

/** Observes a call of the file system, or makes it fail by throwing. */
type Call = (name: string, args: readonly unknown[]) => void;

/** Calls `before` before every synchronous call of the file system, until the end of the scope. */
function watchFileSystem(before: Call): Disposable {
  const table = fs as unknown as Record<
    string,
    (...args: unknown[]) => unknown
  >;
  const originals = Object.entries(table)
    .filter(([name]) => name.endsWith("Sync"));
  for (const [name, original] of originals) {
    table[name] = (...args) => {
      before(name, args);
      return original.apply(fs, args);
    };
  }
  return {
    [Symbol.dispose]() {
      for (const [name, original] of originals) table[name] = original;
    },
  };
}

/** Creates an error as the file system throws it. */
function systemError(code: string): Error {
  return Object.assign(new Error(`${code}: made by a test`), { code });
}

/** Calls that close and remove files: if one fails, the next process cleans up. */
const TIDYING = ["closeSync", "rmSync", "unlinkSync"];

Deno.test("whichever call of the file system fails, the target is the old or the new one, and the next run works", async () => {
  using sources = new TemporaryDirectory();
  const source = sources.file("source.bin");
  writeBinFile(source, numberedDocs(4));
  const before = Deno.readFileSync(source);
  const old = numberedDocs(3);
  const jobs = {
    repack: (target: string) =>
      repack({ source, target, force: true, workers: 1, targetCodec: "lz4" }),
    "repack into parts": (target: string) =>
      repack({
        ...{ source, target, force: true, workers: 1 },
        ...{ split: 2, sums: true },
      }),
    merge: (target: string) =>
      merge({
        ...{ sources: [source, source], target, force: true, workers: 1 },
        duplicates: "last",
      }),
    "rewrite": async (target: string) =>
      void await writeBinFile(target, numberedDocs(9), { force: true }),
    append: async (target: string) =>
      void await writeBinFile(target, numberedDocs(9), { append: true }),
  };
  for (const [name, job] of Object.entries(jobs)) {
    using reference = new TemporaryDirectory();
    writeBinFile(reference.file("docs.bin"), old);
    const oldBytes = Deno.readFileSync(reference.file("docs.bin"));
    await job(reference.file("docs.bin"));
    const files = reference.list();
    const newBytes = Deno.readFileSync(reference.file("docs.bin"));
    let failing = 0;
    for (let failed = "?"; failed !== "";) {
      failing++;
      using directory = new TemporaryDirectory();
      const target = directory.file("docs.bin");
      Deno.writeFileSync(target, oldBytes);
      failed = "";
      let calls = 0;
      let error: unknown;
      {
        using _ = watchFileSystem((name) => {
          if (++calls !== failing) return;
          failed = name;
          throw systemError("EIO");
        });
        try {
          await job(target);
        } catch (thrown) {
          error = thrown;
        }
      }
      const where = `${name}: call ${failing}, ${failed}`;
      if (error !== undefined) {
        assertInstanceOf(error, FileError, where);
        const { message } = error as FileError;
        assertEquals(message.includes(".tmp"), false, message);
      }
      // The next run may have to undo an append.
      if (name !== "append") {
        const bytes = Deno.readFileSync(target);
        const isNew = newBytes.length === bytes.length;
        assertEquals(bytes, isNew ? newBytes : oldBytes, where);
      }
      if (!TIDYING.includes(failed)) {
        const temporary = directory.list()
          .filter((name) => name.endsWith(".tmp"));
        assertEquals(temporary, [], where);
      }
      writeBinFile(target, [], { append: true, codec: undefined });
      const kept = readBinFile(target, "none").length;
      if (name === "append") assert([3, 12].includes(kept), where);
      await job(target);
      if (name !== "append") {
        const left = directory.list()
          .filter((name) => !TIDYING.includes(failed) || name[0] !== ".");
        assertEquals(left, files, where);
        assertEquals(Deno.readFileSync(target), newBytes, where);
      }
    }
    assertGreater(failing, 20);
  }
  assertEquals(Deno.readFileSync(source), before);
});

/** Writes documents that exceed the small disk and the file size limit. */
function makeLargeSource(directory: TemporaryDirectory): string {
  const source = directory.file("source.bin");
  writeBinFile(source, numberedDocs(4000));
  assertGreater(Deno.statSync(source).size, 2e6);
  return source;
}

/** Checks that every command that writes fails with `reason` for lack of space, and that nothing is lost. */
async function checkNoRoom(
  target: string,
  reason: string,
  run: (args: string[]) => Promise<{ code: number; stderr: string }>,
): Promise<void> {
  using directory = new TemporaryDirectory();
  const source = makeLargeSource(directory);
  const files = directory.file("files");
  Deno.mkdirSync(files);
  for (let i = 0; i < 30; i++) {
    Deno.writeFileSync(`${files}/${i}`, new Uint8Array(100_000));
  }
  const archive = directory.file("source.bin.gz");
  await repack({ source, target: archive, packageCodec: "gzip" });
  writeBinFile(target, numberedDocs(3));
  const before = [Deno.readFileSync(source), Deno.readFileSync(target)];
  const commands = [
    ["repack", source, target, "-f"],
    ["repack", archive, target, "-f", "-t", "none"],
    ["repack", source, target, "-f", "--split", "3900"],
    ["merge", source, source, target, "-f"],
    ["recover", source, target, "-f"],
    ["package", files, target, "-f", "-z", "none"],
    ["package", files, target, "--append", "-z", "none"],
  ];
  for (const command of commands) {
    const { code, stderr } = await run(command);
    assertEquals(code, 1, `${command}: ${stderr}`);
    assert(stderr.includes(reason), `${command}: ${stderr}`);
    assert(!stderr.includes(".tmp"), stderr);
    assertEquals(
      [Deno.readFileSync(source), Deno.readFileSync(target)],
      before,
      `${command}`,
    );
    const left = Array.from(Deno.readDirSync(dirname(target)), (e) => e.name);
    assertEquals(left, ["docs.bin"], `${command}`);
  }
}

Deno.test({
  name:
    "a full disk is a clear error, source and target stay unchanged, and no files are left" +
    (mayMount ? "" : " (ignored: this process may not mount a disk)"),
  ignore: !mayMount,
  async fn() {
    using directory = new TemporaryDirectory();
    const disk = SmallDisk.mount(directory.file("disk"));
    try {
      const target = `${disk.path}/docs.bin`;
      await checkNoRoom(target, "the disk is full", runCommand);
      const before = Deno.readFileSync(target);
      for (const options of [{ append: true }, { force: true }]) {
        const writer = new DocWriter(target, { codec: "none", ...options });
        assertThrows(
          () => numberedDocs(4000).forEach((doc) => writer.write(doc)),
          FileError,
          "the disk is full",
        );
        writer.discard();
        const after = Deno.readFileSync(target);
        assertEquals(after.subarray(0, before.length), before);
        // What was appended before the disk was full ends with a complete record.
        const docs = readBinFile(target, "none").slice(3);
        assertEquals(
          outline(docs),
          outline(numberedDocs(4000).slice(0, docs.length)),
        );
        Deno.writeFileSync(target, before);
      }
    } finally {
      disk.unmount();
    }
  },
});

Deno.test("a flush to the disk that failed is never taken for one that succeeded", () => {
  using directory = new TemporaryDirectory();
  const target = directory.file("docs.bin");
  for (const append of [false, true]) {
    using writer = new DocWriter(target, { append });
    writer.write(new Doc("key", "content"));
    {
      using _ = watchFileSystem((name) => {
        if (name === "fdatasyncSync") throw systemError("EIO");
      });
      assertThrows(
        () => writer.flush({ sync: true }),
        FileError,
        `Cannot flush ${target}: input/output error of the disk`,
      );
    }
    // The system reports the failure to one call only.
    for (
      const again of [() => writer.flush({ sync: true }), () => writer.close()]
    ) {
      assertThrows(again, FileError, "Cannot flush");
    }
    writer.flush();
    writer.discard();
    assertEquals(directory.list(), append ? ["docs.bin"] : []);
  }
  assertEquals(readBinFile(target).length, 1);
});

Deno.test("flush writes, and with sync it also flushes the file, and a new file's directory, to the disk", () => {
  using directory = new TemporaryDirectory();
  const target = directory.file("docs.bin");
  const calls: string[] = [];
  using _ = watchFileSystem((name) => {
    if (/^(writeSync|fdatasyncSync|fsyncSync)$/.test(name)) calls.push(name);
  });
  const callsOf = (act: () => void) => {
    calls.length = 0;
    act();
    return calls.slice();
  };
  const writer = new DocWriter(target, { append: true });
  const write = () => writer.write(new Doc("key", "content"));
  assertEquals(callsOf(write), []);
  assertEquals(callsOf(() => writer.flush()), ["writeSync"]);
  assertEquals(
    callsOf(() => writer.flush({ sync: true })),
    ["fdatasyncSync", "fsyncSync"],
  );
  assertEquals(callsOf(() => (write(), writer.flush({ sync: true }))), [
    "writeSync",
    "fdatasyncSync",
  ]);
  writer.close();
});

Deno.test("closing a writer can be repeated after any call of the file system failed", () => {
  for (const options of [{}, { force: true }, { append: true }]) {
    let failing = 0;
    for (let failed = "?"; failed !== "";) {
      failing++;
      using directory = new TemporaryDirectory();
      const target = directory.file("docs.bin");
      if ("force" in options) writeBinFile(target, numberedDocs(3));
      const writer = new DocWriter(target, options);
      for (const doc of numberedDocs(9)) writer.write(doc);
      failed = "";
      let calls = 0;
      let error: unknown;
      {
        using _ = watchFileSystem((name) => {
          if (++calls !== failing) return;
          failed = name;
          throw systemError("EIO");
        });
        try {
          writer.close();
        } catch (thrown) {
          error = thrown;
        }
      }
      if (error !== undefined) assertInstanceOf(error, FileError);
      if (failed === "fdatasyncSync" && error !== undefined) {
        assertThrows(() => writer.close(), FileError);
        writer.discard();
      } else {
        writer.close();
        assertEquals(
          outline(readBinFile(target)),
          outline(numberedDocs(9)),
          failed,
        );
      }
      new DocWriter(target, { append: true }).close();
    }
    assertGreater(failing, 3);
  }
});

Deno.test("a file size limit is a clear error, source and target stay unchanged, and no files are left", async () => {
  using directory = new TemporaryDirectory();
  await checkNoRoom(
    directory.file("docs.bin"),
    "large",
    // The unit is 512 bytes. Untrapped, the signal would end the process before the error is handled.
    (args) => runShell(`trap '' XFSZ; ulimit -f 1000; binfiles "$@"`, ...args),
  );
});

Deno.test("a directory without write permission is a clear error", async () => {
  using directory = new TemporaryDirectory();
  const closed = directory.file("closed");
  Deno.mkdirSync(closed);
  const source = fixture("none.bin");
  const target = `${closed}/docs.bin`;
  writeBinFile(target, numberedDocs(3));
  Deno.chmodSync(closed, 0o555);
  // The superuser needs to drop its privileges.
  const prefix = Deno.uid() === 0 ? ["setpriv", "--bounding-set=-all"] : [];
  for (
    const args of [
      ["repack", source, target, "-f"],
      ["merge", source, target, "-f"],
      ["package", "pool", target, "--append", "-z", "none"],
      ["package", "pool", `${closed}/new.bin`],
    ]
  ) {
    const [program, ...rest] = [
      ...[...prefix, Deno.execPath(), "run", "--no-prompt", "--allow-all"],
      ...[`${root}cli/binfiles.ts`, ...args],
    ];
    const output = await new Deno.Command(program, { args: rest }).output();
    const stderr = new TextDecoder().decode(output.stderr);
    const { code } = output;
    assertEquals(code, 1, stderr);
    assert(stderr.includes("permission denied"), stderr);
    assert(stderr.includes(args[2]), stderr);
  }
  Deno.chmodSync(closed, 0o755);
  assertEquals(readBinFile(target, "none").length, 3);
  assertEquals(Array.from(Deno.readDirSync(closed)).length, 1);
});

Deno.test("a target that is the source, under any name, or a directory or pipe is rejected", async () => {
  using directory = new TemporaryDirectory();
  const source = directory.file("source.bin");
  writeBinFile(source, numberedDocs(5));
  const before = Deno.readFileSync(source);
  Deno.linkSync(source, directory.file("hard.bin"));
  Deno.symlinkSync("source.bin", directory.file("soft.bin"));
  Deno.mkdirSync(directory.file("directory"));
  const fifo = directory.file("pipe");
  new Deno.Command("mkfifo", { args: [fifo] }).outputSync();
  const files = directory.list();
  const reasons = {
    "source.bin": "it is the source",
    "hard.bin": "it is the source",
    "soft.bin": "it is the source",
    "directory": "it is a directory",
    "pipe": "it is a pipe or device",
  };
  for (const [name, reason] of Object.entries(reasons)) {
    const target = directory.file(name);
    for (
      const job of [
        () => repack({ source, target, force: true }),
        () =>
          merge({
            sources: [fixture("none.bin"), source],
            target,
            force: true,
          }),
      ]
    ) {
      await assertRejects(job, FileError, reason);
    }
    if (reason === "it is the source") continue;
    for (const options of [{ append: true }, { force: true }]) {
      assertThrows(() => new DocWriter(target, options), FileError, reason);
    }
    await assertRejects(
      () => packageFiles({ source: "pool", target, append: true }),
      FileError,
      reason,
    );
  }
  // Opening a pipe would wait for a writer.
  await assertRejects(
    () => repack({ source: fifo, target: directory.file("new.bin") }),
    FileError,
    "a pipe or device",
  );
  assertEquals(directory.list(), files);
  assertEquals(Deno.readFileSync(source), before);
});

Deno.test("a source that is truncated or replaced while it is read is an error, and bytes appended to it are not read", async () => {
  using directory = new TemporaryDirectory();
  const source = directory.file("source.bin");
  const target = directory.file("docs.bin");
  const docs = numberedDocs(4000);
  const changes: [string | undefined, () => void][] = [
    ["it was truncated", () => Deno.truncateSync(source, 1000)],
    ["it was replaced", () => {
      const other = directory.file("other.bin");
      writeBinFile(other, numberedDocs(4001));
      Deno.renameSync(other, source);
    }],
    [
      undefined,
      () => Deno.writeFileSync(source, new Uint8Array(99), { append: true }),
    ],
  ];
  for (const workers of [1, 2]) {
    for (const packageCodec of ["none", "gzip"] as const) {
      for (const [reason, change] of changes) {
        writeBinFile(directory.file("plain.bin"), docs, { force: true });
        await repack({
          ...{ source: directory.file("plain.bin"), target: source },
          ...{ packageCodec, force: true },
        });
        let isChanged = false;
        let error: unknown;
        {
          // After it was inspected, before its documents are read.
          using _ = watchFileSystem((name, [path]) => {
            const isTemporary = /\.docs\.bin\.[^.]+\.tmp$/.test(`${path}`);
            if (isChanged || name !== "openSync" || !isTemporary) return;
            isChanged = true;
            change();
          });
          try {
            await repack({ source, target, workers, targetCodec: "gzip" });
          } catch (thrown) {
            error = thrown;
          }
        }
        assert(isChanged);
        if (reason === undefined) {
          assertEquals(error, undefined);
          assertEquals(outline(readBinFile(target)), outline(docs));
          Deno.removeSync(target);
        } else {
          assertInstanceOf(error, FileError);
          assert(`${error}`.includes(`${source}: ${reason}`), `${error}`);
        }
        assertEquals(directory.list().includes("docs.bin"), false);
      }
    }
  }
});

Deno.test("after 1,000 jobs that failed in every way, nothing is in use and the pool retains no more memory", async () => {
  using directory = new TemporaryDirectory();
  const whole = directory.file("whole.bin");
  const broken = directory.file("broken.bin");
  const offsets = writeBinFile(whole, numberedDocs(40), { codec: "gzip" });
  const bytes = Deno.readFileSync(whole);
  bytes[offsets[30] + 60] ^= 0xff;
  Deno.writeFileSync(broken, bytes);
  const target = directory.file("docs.bin");
  const workers = 1;
  const jobs = [
    // A corrupt content.
    () => repack({ source: broken, target, targetCodec: "zstd", workers }),
    () => repack({ source: broken, target, packageCodec: "gzip", workers }),
    // A disk that fails during the job.
    () => {
      const failure = watchFileSystem((name) => {
        if (name === "writeSync") throw systemError("ENOSPC");
      });
      return repack({ source: whole, target, targetCodec: "brotli", workers })
        .finally(() => failure[Symbol.dispose]());
    },
    // A document that exceeds the limit.
    () => repack({ source: whole, target, maxSize: 100, workers }),
    // A job that is cancelled before it starts.
    () => repack({ source: whole, target, signal: AbortSignal.abort() }),
  ];
  const run = async (times: number) => {
    for (let i = 0; i < times; i++) {
      await assertRejects(jobs[i % jobs.length]);
    }
    const { total } = globalMemoryPool.statistics();
    return total;
  };
  const { inUse } = globalMemoryPool.statistics().total;
  const before = await run(100);
  const after = await run(900);
  assertEquals([before.inUse, after.inUse], [inUse, inUse]);
  assert(after.retainedBytes <= before.retainedBytes);
  assert(after.idle <= before.idle);
  assertEquals(directory.list(), ["broken.bin", "whole.bin"]);
});

Deno.test("a thread that dies at any step fails the job with a clear error, and the others do not wait for it", async () => {
  using directory = new TemporaryDirectory();
  const source = directory.file("source.bin");
  const archive = directory.file("source.bin.gz");
  writeBinFile(source, numberedDocs(12_000));
  await repack({ source, target: archive, packageCodec: "gzip" });
  const target = directory.file("docs.bin");
  const ways: [Way, string][] = [
    ["start", source],
    ["reading", source],
    // A package is processed by the threads alone.
    ["start", archive],
    ["reading", archive],
    ["turn", archive],
    ["writing", archive],
    ["spool", archive],
  ];
  for (const [way, source] of ways) {
    using _ = dyingThreads(way);
    await assertRejects(
      () => repack({ source, target, workers: 3, targetCodec: "gzip" }),
      FileError,
      `Cannot process ${source}: a worker thread died: `,
      way,
    );
    assertEquals(directory.list(), ["source.bin", "source.bin.gz"]);
  }
});

Deno.test("running out of memory in a thread ends the process at once, and the next run writes the target", async () => {
  using directory = new TemporaryDirectory();
  const source = directory.file("source.bin");
  const target = directory.file("docs.bin");
  writeBinFile(source, numberedDocs(12_000));
  const program = new URL(
    "programs/repack_without_memory.ts",
    import.meta.url,
  );
  const { success, stderr } = await new Deno.Command(Deno.execPath(), {
    args: [
      ...["run", "--allow-all", "--no-check"],
      ...["--v8-flags=--max-old-space-size=64"],
      ...[program.href, source, target],
    ],
  }).output();
  assert(!success);
  assertMatch(new TextDecoder().decode(stderr), /out of memory/);
  assert(!directory.list().includes("docs.bin"));
  await repack({ source, target });
  assertEquals(directory.list(), ["docs.bin", "source.bin"]);
});

Deno.test("a flush that failed halfway can be repeated, and nothing is written twice", () => {
  using directory = new TemporaryDirectory();
  const target = directory.file("docs.bin");
  writeBinFile(target, numberedDocs(3));
  const writer = new DocWriter(target, { append: true, codec: "none" });
  numberedDocs(20).forEach((doc) => writer.write(doc));
  {
    using _ = watchFileSystem((name) => {
      if (name !== "writeSync") return;
      Deno.writeFileSync(target, new Uint8Array(100), { append: true });
      throw systemError("ENOSPC");
    });
    assertThrows(() => writer.flush(), FileError, "the disk is full");
  }
  writer.close();
  assertEquals(
    outline(readBinFile(target)),
    outline([...numberedDocs(3), ...numberedDocs(20)]),
  );
});
