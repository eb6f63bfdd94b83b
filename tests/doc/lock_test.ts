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
import { statfsSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname } from "node:path";
import type NodeTimers from "node:timers";
import { OptionError } from "../../pool/mod.ts";
import { nodeModule } from "../../pool/runtime.ts";
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
import { ownFields, plantLock as plant } from "../support/lock_process.ts";
import { OpenWriter, startWriter } from "../support/open_writer.ts";

/** Type of a file system in memory (statfs(2)). */
const TMPFS = 0x01021994;

/** Plants a lock; its owner is a process without flock in these namespaces, unless `fields` say otherwise. */
function plantLock(path: string, fields: Record<string, unknown>): void {
  plant(path, { ...ownFields(dirname(path)), ...fields });
}

/** Plants a journal. */
function plantJournal(directory: TemporaryDirectory, content: unknown): string {
  const path = directory.file(".docs.bin.journal");
  Deno.writeTextFileSync(path, JSON.stringify(content) ?? "", { mode: 0o600 });
  return path;
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
  assertEquals(Deno.statSync(directory.file(left[1])).mode! & 0o777, 0o700);
  assertEquals(readBinFile(target).length, 5);
  writeBinFile(target, [new Doc("one", "more")], { append: true });
  assertEquals(readBinFile(target).length, 6);
  assertEquals(directory.list(), ["docs.bin"]);
});

Deno.test("leftovers of other targets, and files that only look like leftovers, are not removed", async () => {
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
  ];
  for (const name of [...own, ...others]) {
    Deno.writeTextFileSync(directory.file(name), "");
  }
  const pid = await deadPid();
  plantLock(directory.file(".docs.bin.lock.0123456789ab.tmp"), { pid });
  writeBinFile(directory.file("docs.bin"), numberedDocs(1));
  assertEquals(directory.list(), [...others, "docs.bin"].sort());
});

Deno.test("the lock of a process without flock is held as long as the process lives", async () => {
  using directory = new TemporaryDirectory();
  const target = directory.file("docs.bin");
  const lock = directory.file(".docs.bin.lock");
  plantLock(lock, { pid: Deno.pid });
  const error = assertThrows(() => new DocWriter(target), LockedError);
  const { pid, host, heartbeat, user } = error;
  assertEquals([error.lock, pid, user], [lock, Deno.pid, undefined]);
  assert(error.message.includes(`process ${Deno.pid} on ${host}`));
  assert(Date.now() - heartbeat!.getTime() < 60_000);
  Deno.removeSync(lock, { recursive: true });
  plantLock(lock, { pid: await deadPid() });
  writeBinFile(target, numberedDocs(2));
  assertEquals(directory.list(), ["docs.bin"]);
});

Deno.test({
  name: "a process that has the id of a dead owner is not the owner",
  ignore: Deno.build.os !== "linux",
  fn() {
    using directory = new TemporaryDirectory();
    const target = directory.file("docs.bin");
    plantLock(directory.file(".docs.bin.lock"), { pid: Deno.pid, start: 1 });
    writeBinFile(target, numberedDocs(2));
    assertEquals(directory.list(), ["docs.bin"]);
  },
});

Deno.test("without permission to look up a process, its lock is held, and the error says which directory to remove", async () => {
  using directory = new TemporaryDirectory();
  const target = directory.file("docs.bin");
  const lock = directory.file(".docs.bin.lock");
  const pid = await deadPid();
  plantLock(lock, { pid });
  const { code, stderr } = await runCommand(
    ["repack", fixture("none.bin"), target],
  );
  assertEquals(code, 1);
  assert(stderr.includes(`process ${pid}`), stderr);
  assert(stderr.includes(`remove the directory ${lock}`), stderr);
});

Deno.test("a lock is held if its owner cannot be checked: on another machine, in other namespaces, or unknown", async () => {
  using directory = new TemporaryDirectory();
  const pid = await deadPid();
  const lock = directory.file(".docs.bin.lock");
  const unknown: [fields: Record<string, unknown>, pid?: number][] = [
    [{ pid, boot: "other", host: "other" }, pid],
    [{ pid, boot: undefined, host: "other", flock: 1 }, pid],
    [{ pid, boot: undefined, space: undefined }, pid],
    [{ pid, space: "other" }, pid],
    [{ pid: "" }],
    [{ pid: "-1" }],
    [{ pid, token: "other" }],
  ];
  for (const [fields, pid] of unknown) {
    plantLock(lock, fields);
    const error = assertThrows(
      () => new DocWriter(directory.file("docs.bin")),
      LockedError,
      `remove the directory ${lock}`,
    );
    assertEquals(error.pid, pid);
    Deno.removeSync(lock, { recursive: true });
  }
});

Deno.test({
  name:
    "after a restart of the machine, a lock on a local file system is not held, and one of a flock is free",
  // No lock in memory survives a restart.
  ignore: Deno.build.os !== "linux" || statfsSync(tmpdir()).type === TMPFS,
  fn() {
    using directory = new TemporaryDirectory();
    const lock = directory.file(".docs.bin.lock");
    for (const fields of [{ boot: "before" }, { boot: "before", flock: 1 }]) {
      plantLock(lock, { pid: Deno.pid, ...fields });
      writeBinFile(directory.file("docs.bin"), [], { append: true });
      assertEquals(directory.list(), ["docs.bin"]);
    }
  },
});

Deno.test("owners show signs of life", async () => {
  using directory = new TemporaryDirectory();
  const timers = nodeModule<typeof NodeTimers>("node:timers")!;
  const { setInterval } = timers;
  let beat = () => {};
  timers.setInterval = ((callback: () => void, delay: number) => {
    beat = callback;
    return setInterval(callback, delay);
  }) as typeof setInterval;
  try {
    using _ = new DocWriter(directory.file("docs.bin"));
    const lock = directory.file(".docs.bin.lock");
    const [{ name }] = [...Deno.readDirSync(lock)];
    assertEquals(Deno.statSync(`${lock}/${name}`).mode! & 0o777, 0o600);
    Deno.utimeSync(`${lock}/${name}`, 0, 0);
    const heartbeat = () =>
      assertThrows(
        () => new DocWriter(directory.file("docs.bin")),
        LockedError,
      ).heartbeat!.getTime();
    assertEquals(heartbeat(), 0);
    beat();
    while (heartbeat() === 0) {
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    assert(Date.now() - heartbeat() < 60_000);
  } finally {
    timers.setInterval = setInterval;
  }
});

Deno.test("a writer whose lock was removed does not commit, and releases without an error", () => {
  using directory = new TemporaryDirectory();
  const target = directory.file("docs.bin");
  const lock = directory.file(".docs.bin.lock");
  const writer = new DocWriter(target);
  Deno.removeSync(lock, { recursive: true });
  assertThrows(() => writer.close(), FileError, `its lock ${lock} was removed`);
  writer.discard();
  assertEquals(directory.list(), []);
  // What was begun is known without the lock.
  const appending = new DocWriter(target, { append: true, codec: "none" });
  appending.write(new Doc("a", "1"));
  appending.flush();
  Deno.removeSync(lock, { recursive: true });
  Deno.writeFileSync(target, new Uint8Array([3, 0]), { append: true });
  const next = new DocWriter(target, { append: true, codec: "none" });
  assertEquals(next.cut?.size, 2);
  next.close();
  appending.discard();
  assertEquals(readBinFile(target).length, 1);
});

Deno.test("the next writer finishes renaming the parts of a target if a process died while it did so, even between link and unlink", () => {
  using directory = new TemporaryDirectory();
  const target = directory.file("docs.bin");
  const temporary = ".docs.bin.0123456789ab.tmp";
  for (let part = 1; part <= 4; part++) {
    Deno.writeTextFileSync(directory.file(`${temporary}.${part}`), `${part}`);
  }
  Deno.renameSync(directory.file(`${temporary}.1`), `${target}.1`);
  Deno.linkSync(directory.file(`${temporary}.2`), `${target}.2`);
  plantJournal(directory, {
    ...{ kind: "rename", token: "0123456789ab", replaced: {} },
  });
  new DocWriter(target).discard();
  const names = [1, 2, 3, 4].map((part) => `docs.bin.${part}`);
  assertEquals(directory.list(), names);
  assertEquals(
    names.map((name) => Deno.readTextFileSync(directory.file(name))),
    ["1", "2", "3", "4"],
  );
});

Deno.test("it replaces the files that were to be replaced, with their checksums, and none that were created since", () => {
  using directory = new TemporaryDirectory();
  const target = directory.file("docs.bin");
  const replaced: Record<string, number> = {};
  for (const name of ["docs.bin.1", "docs.bin.1.sums", "docs.bin.2"]) {
    Deno.writeTextFileSync(directory.file(name), "old");
    Deno.chmodSync(directory.file(name), 0o640);
    replaced[name] = Deno.statSync(directory.file(name)).ino!;
  }
  // Under another inode number.
  Deno.writeTextFileSync(directory.file("new"), "created since");
  Deno.renameSync(directory.file("new"), `${target}.2`);
  for (const part of [1, 2]) {
    const temporary = directory.file(`.docs.bin.0123456789ab.tmp.${part}`);
    Deno.writeTextFileSync(temporary, `${part}`);
  }
  plantJournal(directory, { kind: "rename", token: "0123456789ab", replaced });
  new DocWriter(target).discard();
  assertEquals(directory.list(), ["docs.bin.1", "docs.bin.2"]);
  assertEquals(Deno.readTextFileSync(`${target}.1`), "1");
  assertEquals(Deno.statSync(`${target}.1`).mode! & 0o777, 0o640);
  assertEquals(Deno.readTextFileSync(`${target}.2`), "created since");
});

Deno.test("a journal that is incomplete or invalid changes nothing", () => {
  using directory = new TemporaryDirectory();
  const target = directory.file("docs.bin");
  const victim = directory.file("victim");
  Deno.writeTextFileSync(victim, "untouched");
  writeBinFile(target, numberedDocs(3));
  const before = Deno.readFileSync(target);
  const inode = Deno.statSync(target).ino;
  const append = { kind: "append", size: 0, end: 1e9, inode, keySizeLimit: 9 };
  for (
    const content of [
      ...[undefined, null, {}, [], "append", { ...append, size: -1 }],
      ...[{ ...append, end: 1e300 }, { ...append, keySizeLimit: 1e15 }],
      ...[{ ...append, size: before.length + 1 }, { ...append, inode: 1 }],
      { kind: "rename", token: "../victim", replaced: {} },
      { kind: "rename", token: "0123456789ab" },
      { kind: "names", temporary: "../victim", parts: 1e15, force: true },
    ]
  ) {
    plantJournal(directory, content);
    new DocWriter(target, { append: true }).discard();
    assertEquals(Deno.readFileSync(target), before, JSON.stringify(content));
    assertEquals(directory.list(), ["docs.bin", "victim"]);
  }
  // This is what such a journal can do.
  plantJournal(directory, append);
  new DocWriter(target, { append: true }).discard();
  assertEquals(Deno.statSync(target).size, 0);
  assertEquals(Deno.readTextFileSync(victim), "untouched");
});

Deno.test("when several try to take over a stale lock at once, one gets it", async () => {
  using directory = new TemporaryDirectory();
  const path = directory.file("lock");
  for (let round = 0; round < 20; round++) {
    plantLock(path, { pid: await deadPid() });
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
    const mine = "binfiles-0123456789ab";
    Deno.writeTextFileSync(directory.file(mine), "a user's file");
    const start = async () => {
      const child = startCommand(["count", "-"], { env, stdin: "" });
      const known = directory.list();
      const writer = child.stdin.getWriter();
      await writer.write(Deno.readFileSync(fixture("none.bin")));
      const copiesInput = () =>
        directory.list().some((name) =>
          !known.includes(name) && /^binfiles-[0-9a-f]{12}$/.test(name) &&
          [...Deno.readDirSync(directory.file(name))].length === 2
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
    assertEquals(left.length, 1);
    const { mode } = Deno.statSync(directory.file(left[0]));
    assertEquals(mode! & 0o777, 0o700);

    const alive = await start();
    const held = directory.list();
    assertEquals(held.length, 2);
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
