/**
 * Loads the engines of all codecs: for modules with functions that take any codec
 * and cannot wait for it.
 */
import { loadEngines } from "./engines.ts";

await loadEngines();
