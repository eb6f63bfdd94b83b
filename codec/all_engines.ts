/**
 * Registers all engines of all codecs when it is imported, for modules whose
 * functions take any codec.
 */
import lz4js from "lz4js";
import "./brotli.ts";
import "./bzip2.ts";
import { checkEngineSetting, registerEngines } from "./engines.ts";
import "./gzip.ts";
import "./lz4.ts";
import { createLz4jsEngine } from "./lz4/lz4js.ts";
import "./xz.ts";
import "./zstd.ts";

registerEngines("lz4", [createLz4jsEngine(lz4js)]);
checkEngineSetting();
