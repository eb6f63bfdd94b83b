/** Exit codes of all commands. */
export const ExitCode = {
  /** Success. */
  Done: 0,
  /** An error; no target was written. */
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
