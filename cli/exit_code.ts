import { CommanderError } from "commander";
import { UnknownCodecError } from "../codec/errors.ts";
import { CancelledError } from "../doc/errors.ts";
import { OptionError } from "../pool/errors.ts";

/** Exit codes of all commands. */
export const ExitCode = {
  /** Success. */
  Done: 0,
  /** An error, a corrupt or different file, or nothing found. */
  Failed: 1,
  /** Invalid arguments or options. */
  Usage: 2,
  /** Success, but something was skipped. */
  Skipped: 3,
  /** Interrupted: 128 plus the number of SIGINT, as in shells. */
  Interrupted: 130,
} as const;

/** The exit codes as help shows them. */
export const EXIT_CODES_HELP =
  "Exit codes: 0 success, 1 error, 2 wrong usage, 3 success but something was skipped.";

/** The exit code after an error. */
export function exitCodeOf(error: unknown): number {
  if (error instanceof CommanderError) {
    return error.exitCode === 0 ? ExitCode.Done : ExitCode.Usage;
  }
  if (error instanceof CancelledError) return ExitCode.Interrupted;
  return error instanceof UnknownCodecError || error instanceof OptionError
    ? ExitCode.Usage
    : ExitCode.Failed;
}
