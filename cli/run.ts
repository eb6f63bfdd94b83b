import process from "node:process";
import { type Command, CommanderError } from "commander";
import { environmentVariable } from "../pool/runtime.ts";
import { exitCodeOf } from "./exit_code.ts";
import { printable } from "./format.ts";
import { note, type OutputOptions, styled } from "./output.ts";

/**
 * Runs a command with the arguments of the process and sets the exit code. An
 * error is printed as one line.
 *
 * With `RUN_OPTIMIZATION_DEMO=true`, as in the original, the demo of the memory
 * pool runs instead.
 */
export async function run(command: Command): Promise<void> {
  if (environmentVariable("RUN_OPTIMIZATION_DEMO") === "true") {
    const { runOptimizationDemo } = await import("./demo.ts");
    return await runOptimizationDemo();
  }
  // A reader that closes the pipe early, such as head, is not an error.
  process.stdout.on("error", (error: NodeJS.ErrnoException) => {
    if (error.code !== "EPIPE") throw error;
    process.exit(process.exitCode);
  });
  let verbose = false;
  let printStatistics = () => {};
  command.hook("preAction", async (_, action) => {
    const options = action.opts<OutputOptions>();
    verbose = options.verbose ?? false;
    if (options.stats) printStatistics = await watchStatistics();
  });
  for (const each of [command, ...command.commands]) each.exitOverride();
  try {
    await command.parseAsync(process.argv);
  } catch (error) {
    process.exitCode = exitCodeOf(error);
    // Commander has printed the message, or the help.
    if (error instanceof CommanderError) return;
    const { message, stack } = error as Error;
    note(
      verbose
        ? stack ?? message
        : `${styled("red", "error:", process.stderr)} ${printable(message)}`,
    );
  } finally {
    printStatistics();
    // An open standard input would keep the process alive, so it exits as soon
    // as its output is written. Touching process.stdin opens it, so this is done
    // only if an argument names the standard input.
    const mayHaveRead = process.argv.some((argument) => argument.endsWith("-"));
    if (mayHaveRead && process.stdin.destroyed) {
      process.stdout.write("", () => process.exit());
    }
  }
}

/** Starts watching the memory. @returns A function that prints what was seen. */
async function watchStatistics(): Promise<() => void> {
  const { watchMemory } = await import("../pool/watch_memory.ts");
  const { formatStatistics } = await import("./statistics.ts");
  const watch = watchMemory();
  return () => note(formatStatistics(watch.close()));
}
