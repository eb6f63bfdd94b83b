/**
 * Takes and releases the locks of targets, as lines of the standard input say:
 * `take <target>`, `release` (all of them), `die`. Prints a line of JSON for each
 * command that it has done: which error it got. Runs on every runtime.
 */
import process from "node:process";
import { createInterface } from "node:readline";
import { TargetLock } from "../../../doc/target/target_lock.ts";

function print(outcome: unknown): void {
  console.log(JSON.stringify(outcome));
}

const locks: TargetLock[] = [];
for await (const line of createInterface({ input: process.stdin })) {
  const [command, target] = line.split(" ");
  if (command === "take") {
    try {
      locks.push(TargetLock.takeSync(target, {}));
      print({ name: "taken", pid: process.pid });
    } catch (error) {
      const { name, message } = error as Error;
      print({ ...error as Error, name, message });
    }
  } else if (command === "release") {
    for (const lock of locks.splice(0)) lock.release();
    print({ name: "released" });
  } else process.kill(process.pid, "SIGKILL");
}
