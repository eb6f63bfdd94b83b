import process from "node:process";
import { type Command, CommanderError } from "commander";
import { UnknownCodecError } from "../codec/errors.ts";
import { CancelledError } from "../doc/errors.ts";
import { ExitCode, note } from "./_output.ts";

/** Aborted when the user interrupts the program. */
const interruption = new AbortController();

/** Aborted by Ctrl-C, or by a request to terminate. */
export const interrupted: AbortSignal = interruption.signal;

/**
 * Runs a command with the arguments of the process and sets the exit code.
 * Errors become one readable line, and interruption an orderly end.
 */
export async function run(command: Command): Promise<void> {
  for (const signal of ["SIGINT", "SIGTERM"] as const) {
    process.on(signal, () => interruption.abort());
  }
  // A reader that has seen enough, such as head, is no failure.
  process.stdout.on("error", (error: NodeJS.ErrnoException) => {
    if (error.code !== "EPIPE") throw error;
    process.exit(process.exitCode);
  });
  command.exitOverride();
  try {
    await command.parseAsync(process.argv);
  } catch (error) {
    process.exitCode = report(error, command);
  }
}

function report(error: unknown, command: Command): number {
  if (error instanceof CommanderError) {
    // Commander has printed what is wrong, or the help that was asked for.
    return error.exitCode === 0 ? ExitCode.Done : ExitCode.Usage;
  }
  const { message, stack } = error as Error;
  note(command.opts().verbose ? stack ?? message : `error: ${message}`);
  if (error instanceof CancelledError) return ExitCode.Interrupted;
  return error instanceof UnknownCodecError || error instanceof RangeError
    ? ExitCode.Usage
    : ExitCode.Failed;
}
