/**
 * Loads the engines of all codecs when it is imported, for modules whose
 * functions take any codec and cannot wait.
 */
import { loadEngines } from "./engines.ts";

await loadEngines();
