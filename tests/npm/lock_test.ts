/** Locks between all runtimes. */
import { assertEquals } from "@std/assert";
import { run } from "../../scripts/run.ts";
import { TemporaryDirectory } from "../support/files.ts";
import {
  bundledFor,
  denoWithAll,
  LockProcess,
  type Runtime,
} from "../support/lock_process.ts";

/** Another runtime, from its npm package. */
async function runtime(name: string): Promise<Runtime> {
  const script = ["-p", "process.execPath"];
  return bundledFor((await run("npx", ["--yes", name, ...script], ".")).trim());
}

Deno.test("every runtime respects the locks of every other, and takes those of the dead", async () => {
  const runtimes = [
    denoWithAll,
    ...await Promise.all(["node@22", "node@24", "bun@1"].map(runtime)),
  ];
  for (const one of runtimes) {
    for (const other of runtimes) {
      using directory = new TemporaryDirectory();
      const target = directory.file("docs.bin");
      await using owner = new LockProcess(one);
      await using next = new LockProcess(other);
      assertEquals((await owner.take(target)).name, "taken");
      assertEquals((await next.take(target)).name, "LockedError");
      await owner.die();
      assertEquals((await next.take(target)).name, "taken");
      await next.release();
      assertEquals(directory.list(), []);
    }
  }
});
