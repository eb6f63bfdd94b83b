/** Prints two environment variables, one of which is set. */
import { environmentVariable } from "../../../pool/runtime.ts";

console.log(
  environmentVariable("BINFILES_TEST"),
  environmentVariable("BINFILES_NOT_SET"),
);
