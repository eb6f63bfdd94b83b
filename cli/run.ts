import process from "node:process";
import { type Command, CommanderError } from "commander";
import { UnknownCodecError } from "../codec/errors.ts";
import { CancelledError } from "../doc/errors.ts";
import { OptionError } from "../pool/errors.ts";
import type { OutputOptions } from "./options.ts";
import { ExitCode, note, printable, styled } from "./output.ts";

/** The command was called wrongly, in a way that shows only while it runs. */
export class UsageError extends Error {
  /** The class name. */
  override name = "UsageError";
}

/** Aborted when the user interrupts the program, once somebody wants to know. */
let interruption: AbortController | undefined;

/**
 * Aborted by Ctrl-C, or by a request to terminate. Who asks for this ends in
 * order then. Commands that leave nothing behind do not ask: they end at once,
 * even in the middle of a regular expression that takes for ever.
 *
 * @param pattern The user's pattern, if the work has one. One that may take for
 * ever must not keep Ctrl-C from working either; what is left behind then has
 * not got its name yet, and is cleaned up by the next run.
 */
export function interruptSignal(pattern?: RegExp): AbortSignal | undefined {
  if (pattern !== undefined && mayTakeForEver(pattern)) return undefined;
  if (interruption === undefined) {
    const controller = interruption = new AbortController();
    for (const signal of ["SIGINT", "SIGTERM"] as const) {
      process.on(signal, () => controller.abort());
    }
  }
  return interruption.signal;
}

/**
 * Whether matching may take far longer than anybody waits: groups that repeat and
 * references take a time that is exponential, and each part that repeats takes
 * as many steps for each step of the others as the key has characters.
 */
function mayTakeForEver({ source }: RegExp): boolean {
  const repeating = source.match(/[*+]|,\}/g) ?? [];
  return repeating.length > 2 || /\)[*+{]|\\[1-9k]/.test(source);
}

/**
 * Runs a command with the arguments of the process and sets the exit code.
 * Errors become one readable line, and interruption an orderly end. With
 * `RUN_OPTIMIZATION_DEMO=true`, as in the original, the demo of what the pool
 * gains runs instead.
 */
export async function run(command: Command): Promise<void> {
  if (process.env.RUN_OPTIMIZATION_DEMO === "true") {
    const { runOptimizationDemo } = await import("../bench/demo.ts");
    return await runOptimizationDemo();
  }
  // A reader that has seen enough, such as head, is no failure.
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
    // Commander has printed what is wrong, or the help that was asked for.
    if (error instanceof CommanderError) return;
    const { message, stack } = error as Error;
    note(
      verbose
        ? stack ?? message
        : `${styled("red", "error:", process.stderr)} ${printable(message)}`,
    );
  } finally {
    printStatistics();
    // An input that nobody writes to must not keep a process that is done
    // waiting; but what was printed has to get out. Looking at the standard
    // input would open it, so that is done only where it may have been read.
    const mayHaveRead = process.argv.some((argument) => argument.endsWith("-"));
    if (mayHaveRead && process.stdin.destroyed) {
      process.stdout.write("", () => process.exit());
    }
  }
}

/** Watches the memory from now on. @returns A function that prints what was seen. */
async function watchStatistics(): Promise<() => void> {
  const { watchMemory } = await import("../pool/watch_memory.ts");
  const { formatStatistics } = await import("./statistics.ts");
  const watch = watchMemory();
  return () => note(formatStatistics(watch.close()));
}

function exitCodeOf(error: unknown): number {
  if (error instanceof CommanderError) {
    return error.exitCode === 0 ? ExitCode.Done : ExitCode.Usage;
  }
  if (error instanceof CancelledError) return ExitCode.Interrupted;
  return [UsageError, UnknownCodecError, OptionError]
      .some((kind) => error instanceof kind)
    ? ExitCode.Usage
    : ExitCode.Failed;
}
