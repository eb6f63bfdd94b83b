/** Locks of processes on several runtimes, in several namespaces, and of many at once. */
import { assert, assertEquals, assertGreater } from "@std/assert";
import { TextLineStream } from "@std/streams";
import { root } from "../support/command.ts";
import { TemporaryDirectory } from "../support/files.ts";
import { isMissing } from "../support/is_missing.ts";
import {
  bundledFor,
  deno,
  denoWithAll,
  LockProcess,
  ownFields,
  plantLock,
} from "../support/lock_process.ts";
import { inPidNamespace, isForbidden, onOtherHost } from "../support/users.ts";

const runtimes = { deno, denoWithAll, node: bundledFor("node") };
type Name = keyof typeof runtimes;
const names = Object.keys(runtimes) as Name[];

/** Which runtimes can tell that an owner has died, by the runtime of the owner. */
type Expected = Record<Name, Name[]>;

/**
 * Has an owner of each runtime take a lock for each of the others, and die. All
 * others must respect its locks while it lives.
 *
 * @param around The start of the command of the others.
 */
async function checkOwners(
  around: readonly string[],
  expected: Expected,
): Promise<void> {
  using directory = new TemporaryDirectory();
  await using stack = new AsyncDisposableStack();
  const others = names.map((name) => {
    const process = stack.use(new LockProcess(runtimes[name], around));
    return { name, process, target: directory.file(`${name}.bin`) };
  });
  for (const owner of names) {
    await using process = new LockProcess(runtimes[owner]);
    for (const { name, process: other, target } of others) {
      const { pid } = await process.take(target);
      const attempt = await other.take(target);
      assertEquals(attempt.name, "LockedError", `${name} beside ${owner}`);
      assertEquals([attempt.pid, attempt.host], [pid, Deno.hostname()]);
      assert(attempt.message!.includes(directory.file(`.${name}.bin.lock`)));
    }
    await process.die();
    const taken: Name[] = [];
    for (const { name, process: other, target } of others) {
      const attempt = await other.take(target);
      if (attempt.name === "taken") taken.push(name);
      await other.release();
    }
    assertEquals(taken, expected[owner], `after the death of ${owner}`);
    for (const name of directory.list()) {
      Deno.removeSync(directory.file(name), { recursive: true });
    }
  }
}

Deno.test({
  name: "runtimes respect each other's locks, and detect dead owners",
  ignore: isMissing("node"),
  fn: () =>
    checkOwners([], {
      // It may not read its boot id, and so cannot say where its process id counts.
      deno: ["deno", "denoWithAll"],
      denoWithAll: ["deno", "denoWithAll", "node"],
      // To look up a process takes all permissions.
      node: ["denoWithAll", "node"],
    }),
});

Deno.test({
  name:
    "locks hold between PID namespaces; a dead owner is detected by its flock only",
  ignore: isMissing("node") || isForbidden(),
  fn: () =>
    checkOwners(inPidNamespace(), {
      deno: ["deno", "denoWithAll"],
      denoWithAll: ["deno", "denoWithAll"],
      node: [],
    }),
});

Deno.test({
  name:
    "locks hold between host names; a dead owner is detected if the kernel is known to be the same",
  ignore: isMissing("node") || isForbidden(),
  fn: () =>
    checkOwners(onOtherHost(), {
      deno: [],
      denoWithAll: ["denoWithAll", "node"],
      node: ["denoWithAll", "node"],
    }),
});

Deno.test({
  name: "a process that was killed but not waited for is dead",
  ignore: isMissing("node") || Deno.build.os !== "linux",
  async fn() {
    using directory = new TemporaryDirectory();
    const target = directory.file("docs.bin");
    // sleep takes the place of the shell, and waits for no child.
    const script = 'exec 3<&0; "$@" <&3 3<&- & exec sleep 60 >/dev/null 3<&-';
    await using zombie = new LockProcess(runtimes.node, [
      ...["sh", "-c", script, "sh"],
    ]);
    await using next = new LockProcess(runtimes.node);
    const { pid } = await zombie.take(target);
    assertEquals((await next.take(target)).name, "LockedError");
    await zombie.beginToDie();
    while (!Deno.readTextFileSync(`/proc/${pid}/stat`).includes(") Z ")) {
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    assertEquals((await next.take(target)).name, "taken");
  },
});

Deno.test({
  name:
    "of many processes that start at once, one gets a lock, be it free or stale",
  ignore: isMissing("node"),
  async fn() {
    using directory = new TemporaryDirectory();
    await using stack = new AsyncDisposableStack();
    const processes = Array.from(
      { length: 10 },
      (_, i) => stack.use(new LockProcess(i % 2 ? denoWithAll : runtimes.node)),
    );
    const ended = new Deno.Command("true").spawn();
    await ended.status;
    const fields = { ...ownFields(directory.path), pid: ended.pid };
    const target = directory.file("docs.bin");
    for (let round = 0; round < 20; round++) {
      if (round % 2) plantLock(directory.file(".docs.bin.lock"), fields);
      const attempts = await Promise.all(
        processes.map((process) => process.take(target)),
      );
      const taken = attempts.filter(({ name }) => name === "taken");
      assertEquals(taken.length, 1, `round ${round}`);
      const others = attempts.filter(({ name }) => name === "LockedError");
      assertEquals(others.length, processes.length - 1);
      await Promise.all(processes.map((process) => process.release()));
    }
  },
});

Deno.test("a process that takes a shared flock on every new lock file does not cause two owners", async () => {
  using directory = new TemporaryDirectory();
  const sharing = new Deno.Command(Deno.execPath(), {
    args: [
      ...["run", "--quiet", "--no-check", "--allow-read"],
      `${root}tests/support/programs/share_locks.ts`,
      directory.path,
    ],
    stdin: "piped",
    stdout: "piped",
  }).spawn();
  const lines = sharing.stdout.pipeThrough(new TextDecoderStream())
    .pipeThrough(new TextLineStream()).getReader();
  await lines.read();
  {
    await using one = new LockProcess(deno);
    await using other = new LockProcess(deno);
    const target = directory.file("docs.bin");
    for (let round = 0; round < 100; round++) {
      const attempts = await Promise.all([
        one.take(target),
        other.take(target),
      ]);
      const taken = attempts.filter(({ name }) => name === "taken");
      assert(taken.length <= 1, JSON.stringify(attempts));
      await Promise.all([one.release(), other.release()]);
    }
  }
  await sharing.stdin.close();
  let count = 0;
  for (;;) {
    const { value, done } = await lines.read();
    if (done) break;
    count += Number(value);
  }
  await sharing.status;
  assertGreater(count, 0);
});
