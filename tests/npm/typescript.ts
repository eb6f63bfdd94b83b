/** The compiler. Imported from here alone, so that the command line never downloads it: see `guide/decisions/first-command.md`. */
export { default } from "npm:typescript@5.9.3";
