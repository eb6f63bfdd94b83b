/** The parts of the runtimes' globals that are looked at here. */
interface RuntimeGlobals {
  Deno?: {
    permissions: {
      querySync(descriptor: { name: "env"; variable: string }): {
        state: string;
      };
    };
    env: { get(name: string): string | undefined };
  };
  process?: {
    env?: Record<string, string | undefined>;
    getBuiltinModule?(name: string): unknown;
  };
}

/**
 * A module of the runtime, such as `node:fs`, without an import that would fail
 * where there is none.
 *
 * @returns undefined in browsers.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { nodeModule } from "@binfiles/binfiles/pool";
 *
 * const path = nodeModule<typeof import("node:path")>("node:path");
 * assertEquals(path?.basename("a/b.bin"), "b.bin");
 * ```
 */
export function nodeModule<T>(name: `node:${string}`): T | undefined {
  const { process } = globalThis as RuntimeGlobals;
  return process?.getBuiltinModule?.(name) as T | undefined;
}

/**
 * Reads an environment variable on any runtime.
 *
 * Where there is no environment (a browser), or no permission to read it
 * (Deno), the variable counts as not set; no permission prompt appears.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { environmentVariable } from "@binfiles/binfiles/pool";
 *
 * assertEquals(environmentVariable("BINFILES_SURELY_NOT_SET"), undefined);
 * ```
 */
export function environmentVariable(name: string): string | undefined {
  const globals = globalThis as RuntimeGlobals;
  const { Deno } = globals;
  // Looked at only there: on Deno, the first look at `process` takes as long as starting.
  if (Deno === undefined) return globals.process?.env?.[name];
  // Asking first, because reading without permission would stop at a prompt.
  const { state } = Deno.permissions.querySync({ name: "env", variable: name });
  return state === "granted" ? Deno.env.get(name) : undefined;
}
