/** Reads the standard input as a bin file, then tries to go back to its start; prints what it finds. */
import { DocReader } from "../../../doc/mod.ts";

using reader = new DocReader("-");
const names = Array.from(reader, ({ name }) => name);
console.log(names.length, names[1]);
try {
  reader.position = 0;
  console.log(reader.read()?.name);
} catch (error) {
  console.log((error as Error).message);
}
