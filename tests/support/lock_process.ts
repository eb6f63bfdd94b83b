/** Processes of several runtimes and namespaces that take locks. */
import { fileURLToPath } from "node:url";
import { join } from "node:path";
import { TextLineStream } from "@std/streams";
import { type Lock, tryLock } from "../../doc/target/lock.ts";

const program = fileURLToPath(
  new URL("programs/take_locks.ts", import.meta.url),
);

/** The program as one module of JavaScript, for runtimes that do not read TypeScript. */
let bundle: string | undefined;

/** How to start the program: the runtime with its arguments. */
export type Runtime = () => string[];

/** Deno with the permissions of the command line. */
export const deno: Runtime = () => [
  ...[Deno.execPath(), "run", "--quiet", "--no-check", "--no-prompt"],
  ...["--allow-read", "--allow-write", "--allow-env"],
  ...["--allow-sys=cpus,hostname", program],
];

/** Deno with all permissions, which it needs to look at other processes. */
export const denoWithAll: Runtime = () => [
  ...[Deno.execPath(), "run", "--quiet", "--no-check", "--allow-all", program],
];

/** Another runtime, by the path of its program. */
export function bundledFor(runtime: string): Runtime {
  return () => {
    if (bundle === undefined) {
      const path = bundle = Deno.makeTempFileSync({ suffix: ".mjs" });
      addEventListener("unload", () => Deno.removeSync(path));
      const { success, stderr } = new Deno.Command(Deno.execPath(), {
        args: ["bundle", "--quiet", "--output", bundle, program],
      }).outputSync();
      if (!success) throw new Error(new TextDecoder().decode(stderr));
    }
    return [runtime, bundle];
  };
}

/** Creates a lock as a process leaves it that dies; the name of its file says `fields`. */
export function plantLock(
  path: string,
  fields: Record<string, unknown>,
): void {
  const name = Object.entries(fields)
    .flatMap(([field, value]) => value === undefined ? [] : `${field}=${value}`)
    .join(",");
  Deno.mkdirSync(path, { mode: 0o700 });
  Deno.writeTextFileSync(join(path, name), "", { mode: 0o600 });
}

/** The fields of a lock of this process, without a flock and a start time. */
export function ownFields(directory: string): Record<string, unknown> {
  const path = join(directory, "own-fields");
  const lock = tryLock(path) as Lock;
  const [{ name }] = Deno.readDirSync(path);
  lock.release();
  const fields = name.split(",").map((field) => field.split("="));
  return {
    ...Object.fromEntries(fields),
    ...{ flock: undefined, start: undefined },
  };
}

/** What came of an attempt to take a lock: `taken`, or an error with its fields. */
export interface Attempt {
  name: string;
  message?: string;
  pid?: number;
  host?: string;
  user?: number;
  lock?: string;
}

/** A running program. */
export class LockProcess implements AsyncDisposable {
  readonly #child: Deno.ChildProcess;
  readonly #input: WritableStreamDefaultWriter<Uint8Array>;
  readonly #lines: ReadableStreamDefaultReader<string>;

  /** Starts it; `around` is a command that starts the command that follows it. */
  constructor(runtime: Runtime, around: readonly string[] = []) {
    const [command, ...args] = [...around, ...runtime()];
    this.#child = new Deno.Command(command, {
      args,
      stdin: "piped",
      stdout: "piped",
      stderr: "null",
      env: { NO_COLOR: "1" },
    }).spawn();
    this.#input = this.#child.stdin.getWriter();
    this.#lines = this.#child.stdout.pipeThrough(new TextDecoderStream())
      .pipeThrough<string>(new TextLineStream()).getReader();
  }

  /** Tries to take a lock. */
  take(target: string): Promise<Attempt> {
    return this.#ask(`take ${target}`);
  }

  /** Releases all its locks. */
  async release(): Promise<void> {
    await this.#ask("release");
  }

  /** Has the program kill itself, or crash where that is not permitted. Returns when it is dead. */
  async die(): Promise<void> {
    await this.beginToDie();
    await this.#child.status;
  }

  /** The same, but returns at once. */
  beginToDie(): Promise<void> {
    return this.#send("die");
  }

  /** Ends the program. */
  async [Symbol.asyncDispose](): Promise<void> {
    // It may have ended, or belong to root.
    await this.#input.close().catch(() => {});
    try {
      this.#child.kill("SIGTERM");
    } catch { /* As above. */ }
    await this.#lines.cancel();
    await this.#child.status;
  }

  async #ask(command: string): Promise<Attempt> {
    await this.#send(command);
    const { value } = await this.#lines.read();
    return JSON.parse(value!);
  }

  #send(line: string): Promise<void> {
    return this.#input.write(new TextEncoder().encode(`${line}\n`));
  }
}
