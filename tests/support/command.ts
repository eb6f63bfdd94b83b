/** Runs the command line as its tasks do, in processes of their own and with the permissions that are granted there. */
import { fileURLToPath } from "node:url";

/** Root of the project, with a slash at its end. */
export const root = fileURLToPath(new URL("../..", import.meta.url));

/** The tasks that start a command. */
export type Task = "binfiles" | "repack";

/** How to start a command. */
export interface CommandOptions {
  /** The task to start. Default `binfiles`. */
  task?: Task;
  /** Environment variables to add. */
  env?: Record<string, string>;
  /** What the command finds on its standard input, which is a pipe then. Default: nothing. */
  stdin?: Uint8Array | string;
  /** What becomes of what it prints. Default: it is piped. */
  output?: "piped" | "null";
}

/** How a command ended. */
export interface Outcome {
  /** Exit code. */
  code: number;
  /** What it printed. */
  stdout: string;
  /** Its errors, and what it said beside its results. */
  stderr: string;
}

const { tasks }: { tasks: Record<Task, { command: string }> } = JSON.parse(
  Deno.readTextFileSync(`${root}deno.json`),
);

/** What the runtime is given to start a task: the flags that the task has, and no more. */
function runtimeArguments(task: Task): string[] {
  const flags = tasks[task].command.split(" ").slice(2, -1);
  return ["run", "--quiet", "--no-prompt", ...flags, `${root}cli/${task}.ts`];
}

/** A command as the operating system is given it. */
export function commandLine(args: readonly string[]): string[] {
  return [Deno.execPath(), ...runtimeArguments("binfiles"), ...args];
}

/** Starts a command and leaves the rest to the caller. */
export function startCommand(
  args: readonly string[],
  { task = "binfiles", env, stdin, output = "piped" }: CommandOptions = {},
): Deno.ChildProcess {
  return new Deno.Command(Deno.execPath(), {
    args: [...runtimeArguments(task), ...args],
    stdin: stdin === undefined ? "null" : "piped",
    stdout: output,
    stderr: output,
    env: { NO_COLOR: "1", ...env },
  }).spawn();
}

/** Runs a command to its end; what it prints is kept as bytes. */
export async function runCommandRaw(
  args: readonly string[],
  options: CommandOptions = {},
): Promise<{ code: number; stdout: Uint8Array; stderr: string }> {
  const child = startCommand(args, options);
  const { stdin } = options;
  const [{ code, stdout, stderr }] = await Promise.all([
    child.output(),
    stdin === undefined ? undefined : feed(child.stdin, stdin),
  ]);
  return { code, stdout, stderr: new TextDecoder().decode(stderr) };
}

/** Runs a command to its end. */
export async function runCommand(
  args: readonly string[],
  options: CommandOptions = {},
): Promise<Outcome> {
  const { stdout, ...rest } = await runCommandRaw(args, options);
  return { ...rest, stdout: new TextDecoder().decode(stdout) };
}

/**
 * Runs a shell script, for pipes and redirections. `binfiles` in it is the
 * command, and `$1`, `$2`, … are `args`.
 */
export async function runShell(
  script: string,
  ...args: string[]
): Promise<Outcome> {
  const quoted = commandLine([]).map((part) => `'${part}'`).join(" ");
  const { code, stdout, stderr } = await new Deno.Command("sh", {
    args: ["-c", `binfiles() { ${quoted} "$@"; }\n${script}`, "sh", ...args],
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
    env: { NO_COLOR: "1" },
  }).output();
  const decoder = new TextDecoder();
  return {
    code,
    stdout: decoder.decode(stdout),
    stderr: decoder.decode(stderr),
  };
}

/** Writes to the standard input of a process, which may have ended before it read all. */
async function feed(
  stdin: WritableStream<Uint8Array>,
  bytes: Uint8Array | string,
): Promise<void> {
  const writer = stdin.getWriter();
  try {
    await writer.write(
      typeof bytes === "string" ? new TextEncoder().encode(bytes) : bytes,
    );
    await writer.close();
  } catch (error) {
    if (!(error instanceof Deno.errors.BrokenPipe)) throw error;
  }
}
