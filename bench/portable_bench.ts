/**
 * The pool against the original with the portable engines: fflate for gzip, and
 * lz4js, which is what most JavaScript programs use for LZ4.
 */
import { preferEngine } from "../codec/mod.ts";
import { benchCodec } from "./_bench_codec.ts";

await preferEngine("portable");
benchCodec("gzip");
benchCodec("lz4");
