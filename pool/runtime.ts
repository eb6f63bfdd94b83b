/** The parts of the runtimes' globals that are used here. */
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
 * Loads a module of the runtime, such as `node:fs`, without an import statement,
 * which would fail in browsers.
 *
 * @returns The module; undefined in browsers.
 */
export function nodeModule<T>(name: `node:${string}`): T | undefined {
  const { process } = globalThis as RuntimeGlobals;
  return process?.getBuiltinModule?.(name) as T | undefined;
}

/**
 * Reads an environment variable on any runtime. Without an environment (in a
 * browser) or the permission to read it (in Deno), it is undefined; no permission
 * prompt appears.
 */
export function environmentVariable(name: string): string | undefined {
  const globals = globalThis as RuntimeGlobals;
  const { Deno } = globals;
  // On Deno, the first access to `process` takes as long as starting the runtime.
  if (Deno === undefined) return globals.process?.env?.[name];
  // Reading without permission would stop at a prompt.
  const { state } = Deno.permissions.querySync({ name: "env", variable: name });
  return state === "granted" ? Deno.env.get(name) : undefined;
}
