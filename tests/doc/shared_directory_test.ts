/**
 * Directories that other users can write to, in which another user plants files.
 * Links that the kernel does not let that user make are made by the tests.
 */
import { assert, assertEquals, assertThrows } from "@std/assert";
import { Doc, DocWriter, FileError, repack } from "../../doc/mod.ts";
import { runCommand } from "../support/command.ts";
import {
  fixture,
  numberedDocs,
  readBinFile,
  TemporaryDirectory,
  writeBinFile,
} from "../support/files.ts";
import { isMissing } from "../support/is_missing.ts";
import {
  type Attempt,
  bundledFor,
  deno,
  LockProcess,
  ownFields,
  plantLock,
} from "../support/lock_process.ts";
import { isForbidden, NOBODY, runAsNobody } from "../support/users.ts";

const TOKEN = "0123456789ab";

/** Waits for a promise, but at most 10 seconds. @throws {Error} It takes too long. */
async function within<T>(promise: Promise<T>): Promise<T> {
  let timer: ReturnType<typeof setTimeout>;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error("it hangs")), 10_000);
  });
  return await Promise.race([promise, late]).finally(() => clearTimeout(timer));
}

/** A directory that everybody can write to, with a target and a private file. */
class SharedDirectory extends TemporaryDirectory {
  readonly target = this.file("docs.bin");
  readonly lock = this.file(".docs.bin.lock");
  readonly journal = this.file(".docs.bin.journal");
  readonly secret = this.file("secret");
  readonly #before: Uint8Array;

  /** @param isSticky Whether users can only remove and rename their own files, as in /tmp. */
  constructor(isSticky = false) {
    super();
    Deno.chmodSync(this.path, isSticky ? 0o1777 : 0o777);
    writeBinFile(this.target, numberedDocs(3));
    this.#before = Deno.readFileSync(this.target);
    Deno.writeTextFileSync(this.secret, "secret", { mode: 0o600 });
  }

  /** Checks that neither the target nor the private file has changed. */
  check(where: string): void {
    assertEquals(Deno.readFileSync(this.target), this.#before, where);
    assertEquals(Deno.readTextFileSync(this.secret), "secret", where);
    const { mode, uid } = Deno.statSync(this.secret);
    assertEquals([mode! & 0o777, uid], [0o600, Deno.uid()], where);
  }

  /** A journal that truncates the target to nothing, if it is believed. */
  truncation(): string {
    const { ino: inode, size } = Deno.statSync(this.target);
    const numbers = { size: 0, end: size, inode, keySizeLimit: 1000 };
    return JSON.stringify({ kind: "append", ...numbers });
  }
}

/** A file in place of another one. */
interface Planted {
  what: string;
  plant(directory: SharedDirectory): void;
  /** What the error has to say about it. */
  says: string | RegExp;
}

const ofNobody = `user ${NOBODY}`;

/** Files that can be planted in place of any other. */
const anything = (
  pathOf: (directory: SharedDirectory) => string,
): Planted[] => [
  {
    what: "a pipe",
    plant: (directory) => runAsNobody('mkfifo -m 666 "$1"', pathOf(directory)),
    says: `a named pipe of ${ofNobody}`,
  },
  {
    what: "a link to a private file",
    plant: (directory) =>
      runAsNobody('ln -s "$1" "$2"', directory.secret, pathOf(directory)),
    says: `a symbolic link of ${ofNobody}`,
  },
  {
    what: "a link to nothing",
    plant: (directory) => runAsNobody('ln -s nothing "$1"', pathOf(directory)),
    says: `a symbolic link of ${ofNobody}`,
  },
  {
    what: "an empty file",
    plant: (directory) => runAsNobody(': > "$1"', pathOf(directory)),
    says: ofNobody,
  },
];

const locks: Planted[] = [
  ...anything(({ lock }) => lock),
  {
    what: "a file with a note, as older versions wrote it",
    plant({ lock, target }) {
      const { ino: inode } = Deno.statSync(target);
      const note = {
        kind: "append",
        size: 0,
        inode,
        keySizeLimit: 9,
        end: 1e9,
      };
      const owner = { token: TOKEN, pid: 1e9, flocked: false, note };
      runAsNobody('printf %s "$2" > "$1"', lock, JSON.stringify(owner));
    },
    says: `a regular file of ${ofNobody}`,
  },
  {
    what: "the lock of a dead process",
    plant({ lock, path }) {
      const { host, boot, space } = ownFields(path);
      const fields = { host, boot, space, pid: 1e9, token: TOKEN };
      const name = Object.entries(fields).map((field) => field.join("="));
      runAsNobody('mkdir "$1"; : > "$1/$2"', lock, name.join(","));
    },
    says: ofNobody,
  },
  {
    what: "an empty directory",
    plant: ({ lock }) => runAsNobody('mkdir -m 777 "$1"', lock),
    says: ofNobody,
  },
  {
    what: "a link to the lock of another target",
    plant({ lock, path }) {
      const other = `${path}/.other.bin.lock`;
      plantLock(other, { ...ownFields(path), pid: 1e9 });
      runAsNobody('ln -s "$1" "$2"', other, lock);
    },
    says: `a symbolic link of ${ofNobody}`,
  },
  {
    what: "a lock of this user that others can write to",
    plant({ lock, path }) {
      plantLock(lock, { ...ownFields(path), pid: 1e9 });
      Deno.chmodSync(lock, 0o777);
    },
    says: "other users can write to it",
  },
];

const journals: Planted[] = [
  ...anything(({ journal }) => journal),
  {
    what: "a journal",
    plant: (directory) =>
      runAsNobody(
        'printf %s "$2" > "$1"',
        directory.journal,
        directory.truncation(),
      ),
    says: `belongs to ${ofNobody}`,
  },
  {
    what: "a directory",
    plant: ({ journal }) => runAsNobody('mkdir "$1"', journal),
    says: `a directory of ${ofNobody}`,
  },
  {
    what: "a link to a journal of this user",
    plant(directory) {
      const other = directory.file(".other.bin.journal");
      Deno.writeTextFileSync(other, directory.truncation(), { mode: 0o600 });
      runAsNobody('ln -s "$1" "$2"', other, directory.journal);
    },
    says: `a symbolic link of ${ofNobody}`,
  },
  {
    what: "a second name of a journal of this user",
    plant(directory) {
      const other = directory.file(".other.bin.journal");
      Deno.writeTextFileSync(other, directory.truncation(), { mode: 0o600 });
      Deno.linkSync(other, directory.journal);
    },
    says: "2 names",
  },
  {
    what: "a journal of this user that others can write to",
    plant(directory) {
      Deno.writeTextFileSync(directory.journal, directory.truncation());
      Deno.chmodSync(directory.journal, 0o666);
    },
    says: "other users can write to it",
  },
];

for (
  const [kind, plants] of Object.entries({ lock: locks, journal: journals })
) {
  Deno.test({
    name:
      `a planted ${kind} is not believed, and the error names it and its owner`,
    ignore: isForbidden() || isMissing("node"),
    async fn() {
      await using stack = new AsyncDisposableStack();
      const processes = [deno, bundledFor("node")]
        .map((runtime) => stack.use(new LockProcess(runtime)));
      for (const { what, plant, says } of plants) {
        for (const isSticky of [false, true]) {
          using directory = new SharedDirectory(isSticky);
          plant(directory);
          const before = directory.list();
          const attempts: Attempt[] = [];
          for (const process of processes) {
            attempts.push(await within(process.take(directory.target)));
          }
          for (const options of [{ append: true }, { force: true }]) {
            attempts.push(
              assertThrows(
                () => new DocWriter(directory.target, options),
                FileError,
              ),
            );
          }
          const path = kind === "lock" ? directory.lock : directory.journal;
          for (const { message = "" } of attempts) {
            assert(message.includes(path), `${what}: ${message}`);
            assert(message.match(says), `${what}: ${message}`);
            assert(message.includes("remove"), message);
          }
          directory.check(what);
          assertEquals(directory.list(), before);
        }
      }
    },
  });
}

Deno.test({
  name:
    "leftovers of other users, and what is not a regular file, stay and block no writer",
  ignore: isForbidden(),
  async fn() {
    using directory = new SharedDirectory();
    const temporary = (digit: number) =>
      directory.file(`.docs.bin.${`${digit}`.repeat(12)}.tmp`);
    runAsNobody('mkfifo "$1"', temporary(1));
    runAsNobody('ln -s "$1" "$2"', directory.secret, temporary(2));
    runAsNobody('mkdir "$1"', temporary(3));
    runAsNobody(': > "$1"', temporary(4));
    runAsNobody('mkdir "$1"; : > "$1/x"', `${directory.lock}.${TOKEN}.tmp`);
    const planted = directory.list();
    Deno.writeTextFileSync(temporary(5), "of a process that died");
    const { target } = directory;
    const child = runCommand(["repack", fixture("none.bin"), target, "-f"]);
    assertEquals((await within(child)).code, 0);
    assertEquals(readBinFile(target).length, 32);
    assertEquals(directory.list(), planted);
    assertEquals(Deno.readTextFileSync(directory.secret), "secret");
  },
});

Deno.test({
  name: "recovery renames no file but its own",
  ignore: isForbidden(),
  fn() {
    const swaps: Record<
      string,
      (directory: SharedDirectory, to: string) => void
    > = {
      "a symbolic link": ({ secret }, to) => Deno.symlinkSync(secret, to),
      "2 names": ({ secret }, to) => Deno.linkSync(secret, to),
      [`belongs to ${ofNobody}`]: (_, to) =>
        runAsNobody('echo mine > "$1"', to),
      "a named pipe": (_, to) => runAsNobody('mkfifo "$1"', to),
    };
    for (const [says, swap] of Object.entries(swaps)) {
      using directory = new SharedDirectory();
      const { ino } = Deno.statSync(directory.target);
      const temporary = directory.file(`.docs.bin.${TOKEN}.tmp`);
      const replaced = { "docs.bin": ino };
      const unfinished = { kind: "rename", token: TOKEN, replaced };
      Deno.writeTextFileSync(directory.journal, JSON.stringify(unfinished));
      swap(directory, temporary);
      const error = assertThrows(
        () => new DocWriter(directory.target, { force: true }),
        FileError,
        says,
      );
      assert(error.message.includes(temporary));
      directory.check(says);
    }
  },
});

Deno.test({
  name:
    "a temporary file that is swapped while it is written does not replace the target",
  ignore: isForbidden(),
  fn() {
    for (const swap of [Deno.symlinkSync, Deno.linkSync]) {
      using directory = new SharedDirectory();
      const writer = new DocWriter(directory.target, { force: true });
      writer.write(new Doc("a", "1"));
      const temporary = directory.list().find((name) => name.endsWith(".tmp"))!;
      // What another user can do who may remove every file of the directory.
      Deno.removeSync(directory.file(temporary));
      swap(directory.secret, directory.file(temporary));
      assertThrows(() => writer.close(), FileError);
      directory.check(swap.name);
    }
  },
});

Deno.test({
  name: "parts and checksums are not written through planted links",
  ignore: isForbidden(),
  async fn() {
    for (const suffix of [".1", ".sums.1"]) {
      using directory = new SharedDirectory();
      const { secret } = directory;
      const fs = (await import("node:fs")).default;
      const { openSync } = fs;
      // As soon as the name of the first temporary file is known.
      fs.openSync = (path, ...args) => {
        const descriptor = openSync(path, ...args);
        if (/\.[0-9a-f]{12}\.tmp$/.test(`${path}`) && args[0] === "wx") {
          Deno.symlinkSync(secret, path + suffix);
        }
        return descriptor;
      };
      try {
        const target = directory.file("new.bin");
        await repack({
          ...{ source: directory.target, target, workers: 1 },
          ...{ split: 2, sums: true },
        }).then(
          () => assert(false, "it was written"),
          (error) => {
            assert(error instanceof FileError, error);
            assert(error.message.includes("a symbolic link"), error.message);
          },
        );
      } finally {
        fs.openSync = openSync;
      }
      directory.check(suffix);
    }
  },
});

Deno.test({
  name:
    "planted scratch directories are not entered, and stale ones of this user are removed",
  ignore: isForbidden(),
  async fn() {
    using directory = new TemporaryDirectory();
    Deno.chmodSync(directory.path, 0o1777);
    const scratch = (digit: number) =>
      directory.file(`binfiles-${`${digit}`.repeat(12)}`);
    runAsNobody('mkfifo -m 666 "$1"', scratch(1));
    runAsNobody(
      'mkdir -m 777 "$1"; mkfifo "$1/pid=1,token=$2"',
      scratch(2),
      TOKEN,
    );
    runAsNobody('ln -s / "$1"', scratch(3));
    runAsNobody(': > "$1"', scratch(4));
    const planted = directory.list();
    const { host } = ownFields(directory.path);
    plantLock(scratch(5), { pid: 1e9, host, flock: 1, token: TOKEN });
    Deno.writeTextFileSync(`${scratch(5)}/.scratch.${TOKEN}.tmp.0`, "spool");
    const child = runCommand(["count", "-"], {
      env: { TMPDIR: directory.path },
      stdin: Deno.readFileSync(fixture("none.bin")),
    });
    assertEquals((await within(child)).stdout, "32\n");
    assertEquals(directory.list(), planted);
  },
});
