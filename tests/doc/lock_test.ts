import {
  assert,
  assertEquals,
  assertInstanceOf,
  assertRejects,
  assertThrows,
} from "@std/assert";
import {
  CancelledError,
  Doc,
  DocWriter,
  FileError,
  LockedError,
  merge,
  packageFiles,
  repack,
} from "../../doc/mod.ts";
import { OptionError } from "../../pool/mod.ts";
import { Lock, tryLock } from "../../doc/target/lock.ts";
import { runCommand, startCommand } from "../support/command.ts";
import {
  fixture,
  numberedDocs,
  outline,
  readBinFile,
  TemporaryDirectory,
  writeBinFile,
} from "../support/files.ts";
import { OpenWriter, startWriter } from "../support/open_writer.ts";

/** Writes a lock file as a runtime without `flock` does. */
function writeNodeLock(path: string, pid: number, more = {}): void {
  const owner = { token: "0123456789ab", pid, flocked: false, ...more };
  Deno.writeTextFileSync(path, JSON.stringify(owner));
}

/** Process id of a process that has ended. */
async function deadPid(): Promise<number> {
  const child = new Deno.Command("true").spawn();
  await child.status;
  return child.pid;
}

Deno.test("while a file is being written, every other writer of it fails", async () => {
  using directory = new TemporaryDirectory();
  const target = directory.file("docs.bin");
  writeBinFile(target, numberedDocs(3));
  const before = Deno.readFileSync(target);
  const source = fixture("none.bin");
  const writer = new DocWriter(target, { append: true, codec: "none" });
  try {
    for (const options of [{ append: true }, { force: true }]) {
      const error = assertThrows(
        () => new DocWriter(target, options),
        LockedError,
        `process ${Deno.pid}`,
      );
      assert(error.message.includes(directory.file(".docs.bin.lock")));
      assertEquals(error.pid, Deno.pid);
    }
    const force = true;
    await assertRejects(() => repack({ source, target, force }), LockedError);
    await assertRejects(
      () => merge({ sources: [source], target, force }),
      LockedError,
    );
    await assertRejects(
      () => packageFiles({ source: "pool", target, append: true }),
      LockedError,
    );
    for (const args of [["repack"], ["merge"], ["recover"]]) {
      const { code, stderr } = await runCommand([
        ...args,
        source,
        target,
        "-f",
      ]);
      assertEquals(code, 1);
      assert(stderr.includes("--wait"), stderr);
    }
  } finally {
    writer.close();
  }
  assertEquals(Deno.readFileSync(target), before);
  assertEquals(directory.list(), ["docs.bin"]);
});

Deno.test("a lock holds for every symbolic link to the file", () => {
  using directory = new TemporaryDirectory();
  const target = directory.file("docs.bin");
  const link = directory.file("link.bin");
  writeBinFile(target, numberedDocs(3));
  Deno.symlinkSync("docs.bin", link);
  {
    using _ = new DocWriter(target, { append: true });
    assertThrows(() => new DocWriter(link, { append: true }), LockedError);
    assertThrows(() => new DocWriter(link, { force: true }), LockedError);
  }
  writeBinFile(link, numberedDocs(2), { force: true });
  assert(Deno.lstatSync(link).isSymlink);
  assertEquals(readBinFile(target).length, 2);
});

Deno.test("a writer waits for a writer of another process as long as specified", async () => {
  using directory = new TemporaryDirectory();
  const target = directory.file("docs.bin");
  await using other = await OpenWriter.start(target, { append: true }, 3);
  const error = assertThrows(
    () => new DocWriter(target, { append: true, lockWait: 120 }),
    LockedError,
  );
  assertEquals(error.pid, other.pid);
  const waiting = runCommand(
    ["repack", fixture("none.bin"), target, "-f", "--wait", "60"],
  );
  await new Promise((resolve) => setTimeout(resolve, 300));
  await other.kill();
  assertEquals((await waiting).code, 0);
  assertEquals(readBinFile(target).length, 32);
  assertEquals(directory.list(), ["docs.bin"]);
});

Deno.test("waiting for a lock can be cancelled", async () => {
  using directory = new TemporaryDirectory();
  const target = directory.file("docs.bin");
  using _ = new DocWriter(target);
  const controller = new AbortController();
  const { signal } = controller;
  const waiting = repack({
    source: fixture("none.bin"),
    target,
    lockWait: Infinity,
    signal,
  });
  setTimeout(() => controller.abort(), 100);
  await assertRejects(() => waiting, CancelledError);
});

Deno.test("an invalid time to wait is an error", () => {
  using directory = new TemporaryDirectory();
  for (const lockWait of [-1, NaN]) {
    assertThrows(
      () => new DocWriter(directory.file("docs.bin"), { lockWait }),
      OptionError,
      `${lockWait}`,
    );
  }
  assertEquals(directory.list(), []);
});

Deno.test("what a killed process left behind does not block the next writer, which removes it", async () => {
  using directory = new TemporaryDirectory();
  const target = directory.file("docs.bin");
  writeBinFile(target, numberedDocs(5));
  const other = await OpenWriter.start(target, { force: true }, 3);
  await other.kill();
  const left = directory.list();
  assertEquals(left.length, 3);
  assertEquals(left[1], ".docs.bin.lock");
  assertEquals(readBinFile(target).length, 5);
  writeBinFile(target, [new Doc("one", "more")], { append: true });
  assertEquals(readBinFile(target).length, 6);
  assertEquals(directory.list(), ["docs.bin"]);
});

Deno.test("leftovers of other targets, and files that only look like leftovers, are not removed", () => {
  using directory = new TemporaryDirectory();
  const others = [
    ".docs.bin.backup.tmp",
    ".docs.bin.old.0123456789ab.tmp",
    ".docs.bin.0123456789ab.tmp.old",
    ".more.0123456789ab.tmp",
    ".docs.bin.lock.old",
  ];
  const own = [
    ".docs.bin.0123456789ab.tmp",
    ".docs.bin.0123456789ab.tmp.7",
    ".docs.bin.0123456789ab.tmp.sums.7",
    ".docs.bin.lock.0123456789ab",
    ".docs.bin.lock.0123456789ab.tmp",
  ];
  for (const name of [...own, ...others]) {
    Deno.writeTextFileSync(directory.file(name), "");
  }
  writeBinFile(directory.file("docs.bin"), numberedDocs(1));
  assertEquals(directory.list(), [...others, "docs.bin"].sort());
});

Deno.test("the lock of a process without flock is held as long as the process lives", async () => {
  using directory = new TemporaryDirectory();
  const target = directory.file("docs.bin");
  const lock = directory.file(".docs.bin.lock");
  writeNodeLock(lock, Deno.pid);
  assertThrows(() => new DocWriter(target), LockedError, `${Deno.pid}`);
  writeNodeLock(lock, await deadPid());
  writeBinFile(target, numberedDocs(2));
  assertEquals(directory.list(), ["docs.bin"]);
});

Deno.test("without permission to look up a process, its lock is held, and the error says which file to remove", async () => {
  using directory = new TemporaryDirectory();
  const target = directory.file("docs.bin");
  const lock = directory.file(".docs.bin.lock");
  const pid = await deadPid();
  writeNodeLock(lock, pid);
  const { code, stderr } = await runCommand(
    ["repack", fixture("none.bin"), target],
  );
  assertEquals(code, 1);
  assert(stderr.includes(`process ${pid}`), stderr);
  assert(stderr.includes(`remove ${lock}`), stderr);
});

Deno.test("the lock of a process on another machine is held", async () => {
  using directory = new TemporaryDirectory();
  const lock = directory.file(".docs.bin.lock");
  writeNodeLock(lock, await deadPid(), { host: "surely not this one" });
  assertThrows(() => new DocWriter(directory.file("docs.bin")), LockedError);
});

Deno.test("an unreadable lock file counts as held", () => {
  using directory = new TemporaryDirectory();
  const target = directory.file("docs.bin");
  for (
    const text of ["", "{", "null", '{"token":"x","pid":1}', "\0".repeat(99)]
  ) {
    Deno.writeTextFileSync(directory.file(".docs.bin.lock"), text);
    assertThrows(() => new DocWriter(target), LockedError, "another process");
  }
});

Deno.test("a note in a lock file can only rename files of its own target", async () => {
  using directory = new TemporaryDirectory();
  const target = directory.file("docs.bin");
  const victim = directory.file("victim");
  Deno.writeTextFileSync(victim, "untouched");
  for (const temporary of ["victim", "../victim", ".docs.bin.x/../victim"]) {
    writeNodeLock(directory.file(".docs.bin.lock"), await deadPid(), {
      note: { kind: "names", temporary, parts: 0, sums: false, force: true },
    });
    new DocWriter(target).discard();
  }
  assertEquals(directory.list(), ["victim"]);
  assertEquals(Deno.readTextFileSync(victim), "untouched");
});

Deno.test("the next writer finishes renaming the parts of a target if a process died while it did so, even between link and unlink", async () => {
  using directory = new TemporaryDirectory();
  const target = directory.file("docs.bin");
  const temporary = ".docs.bin.0123456789ab.tmp";
  for (let part = 1; part <= 4; part++) {
    Deno.writeTextFileSync(directory.file(`${temporary}.${part}`), `${part}`);
  }
  Deno.renameSync(directory.file(`${temporary}.1`), `${target}.1`);
  Deno.linkSync(directory.file(`${temporary}.2`), `${target}.2`);
  writeNodeLock(directory.file(".docs.bin.lock"), await deadPid(), {
    note: { kind: "names", temporary, parts: 4, sums: false, force: false },
  });
  new DocWriter(target).discard();
  const names = [1, 2, 3, 4].map((part) => `docs.bin.${part}`);
  assertEquals(directory.list(), names);
  assertEquals(
    names.map((name) => Deno.readTextFileSync(directory.file(name))),
    ["1", "2", "3", "4"],
  );
});

Deno.test("when several try to take over a stale lock at once, one gets it", async () => {
  using directory = new TemporaryDirectory();
  const path = directory.file("lock");
  for (let round = 0; round < 20; round++) {
    writeNodeLock(path, await deadPid());
    const locks = Array.from({ length: 5 }, () => tryLock(path))
      .filter((lock) => lock instanceof Lock);
    assertEquals(locks.length, 1);
    assert(locks[0].wasStale);
    locks[0].release();
  }
  assertEquals(directory.list(), []);
});

Deno.test("processes that append at the same time lose nothing", async () => {
  using directory = new TemporaryDirectory();
  const target = directory.file("docs.bin");
  const options = { append: true, lockWait: 60_000 };
  const work = { path: target, options, count: 50, times: 10 };
  const outcomes = await Promise.all(
    Array.from({ length: 4 }, () => startWriter(work).status),
  );
  assertEquals(outcomes.map(({ code }) => code), [0, 0, 0, 0]);
  const docs = outline(readBinFile(target));
  const expected = outline(numberedDocs(50));
  assertEquals(docs.length, 4 * 10 * 50);
  // Documents of different writers are not interleaved.
  for (let at = 0; at < docs.length; at += 50) {
    assertEquals(docs.slice(at, at + 50), expected);
  }
  assertEquals(directory.list(), ["docs.bin"]);
});

Deno.test("a missing directory is an error that says so", async () => {
  using directory = new TemporaryDirectory();
  const source = fixture("none.bin");
  const error = await assertRejects(
    () => repack({ source, target: directory.file("no/such/docs.bin") }),
    FileError,
    "no such file or directory",
  );
  assertInstanceOf(error, FileError);
});

Deno.test({
  name: "a directory in which no file can be created is an error at once",
  ignore: Deno.build.os !== "linux",
  async fn() {
    await assertRejects(
      () => repack({ source: fixture("none.bin"), target: "/proc/docs.bin" }),
      FileError,
      "Cannot write /proc/docs.bin",
    );
  },
});

Deno.test({
  name:
    "temporary files of a killed process in the system's directory are removed by the next process that creates some",
  // On Windows, TMPDIR does not set the temporary directory.
  ignore: Deno.build.os === "windows",
  async fn() {
    using directory = new TemporaryDirectory();
    const env = { TMPDIR: directory.path };
    const mine = ".binfiles-mine.lock";
    Deno.writeTextFileSync(directory.file(mine), "a user's file");
    const start = async () => {
      const child = startCommand(["count", "-"], { env, stdin: "" });
      const known = directory.list();
      const writer = child.stdin.getWriter();
      await writer.write(Deno.readFileSync(fixture("none.bin")));
      const copiesInput = () =>
        directory.list().some((name) =>
          !known.includes(name) &&
          /^\.binfiles-[0-9a-f]{12}\.[0-9a-f]{12}\.tmp$/.test(name)
        );
      while (!copiesInput()) {
        await new Promise((resolve) => setTimeout(resolve, 10));
      }
      return { child, writer };
    };
    const dead = await start();
    dead.child.kill("SIGKILL");
    await dead.child.output();
    await dead.writer.close().catch(() => {});
    const left = directory.list().filter((name) => name !== mine);
    assertEquals(left.length, 2);

    const alive = await start();
    const held = directory.list();
    assertEquals(held.length, 3);
    assert(!left.some((name) => held.includes(name)));
    // Another process does not remove files that are in use.
    const other = await runCommand(["count", "-"], {
      env,
      stdin: Deno.readFileSync(fixture("none.bin")),
    });
    assertEquals(other.stdout, "32\n");
    assertEquals(directory.list(), held);
    await alive.writer.close();
    const { code, stdout } = await alive.child.output();
    assertEquals([code, new TextDecoder().decode(stdout)], [0, "32\n"]);
    assertEquals(directory.list(), [mine]);
  },
});
