/**
 * Documents and the bin files that hold them: reading, writing, repacking.
 *
 * @module
 */
import "./damage/register.ts";
import "../codec/all_engines.ts";
export * from "./core.ts";
