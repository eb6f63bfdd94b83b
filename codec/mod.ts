/**
 * Codecs, their engines, and compression with pooled memory.
 *
 * @module
 */
import "./all_engines.ts";
export * from "./core.ts";
