/** Property tests. Imported from here alone, so that the command line never downloads it: see `guide/decisions/first-command.md`. */
export { default } from "npm:fast-check@4.10.2";
