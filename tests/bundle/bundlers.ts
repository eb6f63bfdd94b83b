/** Bundlers. Imported from here alone, so that the command line never downloads them: see `guide/decisions/first-command.md`. */
export * as esbuild from "npm:esbuild@0.28.2";
export { rollup } from "npm:rollup@4.68.8";
export { nodeResolve } from "npm:@rollup/plugin-node-resolve@16.0.3";
