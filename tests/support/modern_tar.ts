/** An independent writer of tar archives. Imported from here alone, so that the command line never downloads it: see `guide/decisions/first-command.md`. */
export * from "npm:modern-tar@0.8.6";
