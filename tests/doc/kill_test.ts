/**
 * Processes are killed at random moments, with SIGKILL, so that they cannot clean
 * up. Afterwards the target is the old one, the new one or absent, never partial,
 * and the next process that writes it removes temporary files.
 *
 * `deno task test:kill` kills each kind 200 times instead of a few.
 */
import { assert, assertEquals, assertGreater } from "@std/assert";
import { type Doc, packageFiles } from "../../doc/mod.ts";
import { type CommandOptions, startCommand } from "../support/command.ts";
import {
  numberedDocs,
  readBinFile,
  TemporaryDirectory,
  writeBinFile,
} from "../support/files.ts";
import { startWriter } from "../support/open_writer.ts";

/** Number of kills of each kind of process. */
const KILLS = Number(Deno.env.get("BINFILES_KILLS") ?? 5);

/** How often the target was found in each state. */
type Counts = Record<string, number>;

/** A process to kill. */
interface Victim {
  /** Starts it. It writes `docs.bin` in a directory. */
  start(directory: TemporaryDirectory): Deno.ChildProcess;
  /** Creates the old target, if there is one. */
  prepare?(directory: TemporaryDirectory): void;
  /** Returns the state of the target, or throws. Called after recovery, and before it unless `needsRecovery`. */
  judge(directory: TemporaryDirectory): string;
  /** Whether the target may be partial until the next process takes its lock. */
  needsRecovery?: boolean;
}

async function killOften(name: string, victim: Victim): Promise<void> {
  const duration = await timeOf(victim);
  const counts: Counts = {};
  let leftovers = 0;
  for (let kill = 0; kill < KILLS; kill++) {
    using directory = new TemporaryDirectory();
    victim.prepare?.(directory);
    const child = victim.start(directory);
    // At any time, and as often near the end, where the target is renamed.
    const earliest = kill % 2 === 0 ? 0 : 0.8;
    const moment = duration * (earliest + (1.1 - earliest) * Math.random());
    await new Promise((resolve) => setTimeout(resolve, moment));
    try {
      child.kill("SIGKILL");
    } catch {
      // It has ended.
    }
    await child.status;
    const before = victim.needsRecovery ? undefined : victim.judge(directory);
    if (directory.list().some((name) => name.startsWith("."))) leftovers++;
    const target = directory.file("docs.bin");
    const isThere = directory.list().includes("docs.bin");
    // The next process that writes the target.
    writeBinFile(target, [], { append: true, codec: undefined });
    if (!isThere && Deno.statSync(target).size === 0) Deno.removeSync(target);
    assertEquals(directory.list().filter((name) => name.startsWith(".")), []);
    const outcome = victim.judge(directory);
    if (before !== undefined) assertEquals(outcome, before);
    counts[outcome] = (counts[outcome] ?? 0) + 1;
  }
  console.log(
    `${name}: killed ${KILLS} times; left the target`,
    Object.entries(counts).map(([outcome, count]) => `${outcome} ${count}`)
      .join(", ") + `; left temporary files ${leftovers}`,
  );
}

/** Returns how long a process takes if it is not killed, in milliseconds, and checks that it writes the new target. */
async function timeOf(victim: Victim): Promise<number> {
  using directory = new TemporaryDirectory();
  victim.prepare?.(directory);
  const started = performance.now();
  const { success } = await victim.start(directory).status;
  assert(success);
  assertEquals(victim.judge(directory), "new");
  return performance.now() - started;
}

/** Tells the state of a target from its bytes. */
function byBytes(
  old: Uint8Array | undefined,
  made: Uint8Array,
): Victim["judge"] {
  return (directory) => {
    if (!directory.list().includes("docs.bin")) {
      assertEquals(old, undefined);
      return "absent";
    }
    const bytes = Deno.readFileSync(directory.file("docs.bin"));
    if (old !== undefined && equal(bytes, old)) return "old";
    assert(equal(bytes, made), "it is neither the old one nor the new one");
    return "new";
  };
}

function equal(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, i) => byte === b[i]);
}

/** Starts the command without reading its output. */
function start(args: string[], options?: CommandOptions): Deno.ChildProcess {
  return startCommand(args, { ...options, output: "null" });
}

/** Creates a large source and an old target. */
function makeSources(): { root: TemporaryDirectory; source: string } {
  const root = new TemporaryDirectory();
  const source = root.file("source.bin");
  writeBinFile(source, numberedDocs(12_000));
  return { root, source };
}

const OLD = numberedDocs(3);

const OLD_BYTES = bytesOf(OLD);

function bytesOf(docs: Iterable<Doc>): Uint8Array {
  using directory = new TemporaryDirectory();
  writeBinFile(directory.file("docs.bin"), docs);
  return Deno.readFileSync(directory.file("docs.bin"));
}

/** Not with a writer: the next writer must be the first to look for temporary files in the directory. */
function prepareOld(directory: TemporaryDirectory): void {
  Deno.writeFileSync(directory.file("docs.bin"), OLD_BYTES);
}

/** Returns what a command writes to `docs.bin`. */
async function resultOf(
  victim: Pick<Victim, "start" | "prepare">,
): Promise<Uint8Array> {
  using directory = new TemporaryDirectory();
  victim.prepare?.(directory);
  assert((await victim.start(directory).status).success);
  return Deno.readFileSync(directory.file("docs.bin"));
}

Deno.test("a repack that is killed leaves the old target, the new one, or none", async () => {
  const { root, source } = makeSources();
  using _ = root;
  const create = {
    start: (directory: TemporaryDirectory) =>
      start(["repack", source, directory.file("docs.bin"), "-t", "gzip"]),
  };
  const made = await resultOf(create);
  await killOften("repack of a new target", {
    ...create,
    judge: byBytes(undefined, made),
  });
  await killOften("repack over an old target", {
    prepare: prepareOld,
    start: (directory) =>
      start(["repack", source, directory.file("docs.bin"), "-t", "gzip", "-f"]),
    judge: byBytes(OLD_BYTES, made),
  });
});

Deno.test("a repack into parts that is killed leaves all parts or none, after recovery", async () => {
  const { root, source } = makeSources();
  using _ = root;
  const parts = 60;
  await killOften("repack into 60 parts", {
    start: (directory) =>
      start([
        "repack",
        source,
        directory.file("docs.bin"),
        ...["--split", `${12_000 / parts}`, "--sums"],
      ]),
    needsRecovery: true,
    judge: (directory) => {
      const names = directory.list().filter((name) => name !== "docs.bin");
      if (names.length === 0) return "absent";
      assertEquals(names.length, 2 * parts);
      const numbers = Array.from({ length: parts }, (_, i) => i + 1);
      const count = numbers
        .map((part) => readBinFile(directory.file(`docs.bin.${part}`)).length)
        .reduce((sum, count) => sum + count);
      assertEquals(count, 12_000);
      return "new";
    },
  });
});

Deno.test("a merge that is killed leaves the old target, the new one, or none", async () => {
  const { root, source } = makeSources();
  using _ = root;
  const merge = {
    prepare: prepareOld,
    start: (directory: TemporaryDirectory) =>
      start([
        ...["merge", source, source, directory.file("docs.bin")],
        ...["-f", "-d", "last", "-t", "lz4"],
      ]),
  };
  const made = await resultOf(merge);
  await killOften("merge", { ...merge, judge: byBytes(OLD_BYTES, made) });
});

Deno.test("a package that is killed leaves the old target, the new one, or none", async () => {
  using root = new TemporaryDirectory();
  for (const { name, content } of numberedDocs(1500)) {
    Deno.writeFileSync(root.file(name), content);
  }
  const create = {
    start: (directory: TemporaryDirectory) =>
      start(["package", root.path, directory.file("docs.bin")]),
  };
  const made = await resultOf(create);
  await killOften("package", { ...create, judge: byBytes(undefined, made) });
  const append = {
    prepare: prepareOld,
    start: (directory: TemporaryDirectory) =>
      start([
        ...["package", root.path, directory.file("docs.bin")],
        ...["--append", "-z", "none"],
      ]),
  };
  const appended = await resultOf(append);
  assertGreater(appended.length, made.length);
  await killOften("package --append", {
    ...append,
    needsRecovery: true,
    judge: byBytes(OLD_BYTES, appended),
  });
});

Deno.test("an append that is killed leaves complete documents, in order and without a gap", async () => {
  const count = 300;
  const docs = numberedDocs(count);
  const options = { append: true, codec: "none" } as const;
  let most = 0;
  await killOften("append", {
    prepare: prepareOld,
    start: (directory) =>
      startWriter({
        path: directory.file("docs.bin"),
        options,
        count,
        times: 30,
        flushes: true,
      }),
    needsRecovery: true,
    judge: (directory) => {
      const found = readBinFile(directory.file("docs.bin"));
      found.splice(0, OLD.length).forEach((doc, i) =>
        assertEquals(doc.text(), OLD[i].text())
      );
      for (const [i, doc] of found.entries()) {
        const { name, content } = docs[i % count];
        assert(doc.name === name && equal(doc.content, content));
      }
      most = Math.max(most, found.length);
      return found.length === 0
        ? "old"
        : found.length < 30 * count
        ? "with some of the documents"
        : "new";
    },
  });
  assertEquals(most > 0, true);
});

Deno.test("a package command that was killed does not block the next one", async () => {
  using directory = new TemporaryDirectory();
  const target = directory.file("docs.bin");
  const child = startCommand(["package", "-", target], {
    stdin: "",
    output: "null",
  });
  while (!directory.list().includes(".docs.bin.lock")) {
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  child.kill("SIGKILL");
  await child.stdin.close().catch(() => {});
  await child.status;
  const { documents } = await packageFiles({ source: "pool", target });
  assertEquals(readBinFile(target).length, documents);
  assertEquals(directory.list(), ["docs.bin"]);
});
