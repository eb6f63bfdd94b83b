/** Runs the command line as its tasks do: in a process, with the permissions of the task. */
import { fileURLToPath } from "node:url";

/** Root of the project, with a slash at its end. */
export const root = fileURLToPath(new URL("../..", import.meta.url));

/** Tasks that start a command. */
export type Task = "binfiles" | "repack";

/** How to start a command. */
export interface CommandOptions {
  /** The task to start. Default `binfiles`. */
  task?: Task;
  /** Environment variables to add. */
  env?: Record<string, string>;
  /** Written to the standard input, which is a pipe then. Default: no input. */
  stdin?: Uint8Array | string;
  /** Where its output goes. Default: a pipe. */
  output?: "piped" | "null";
}

/** How a command ended. */
export interface Outcome {
  /** Exit code. */
  code: number;
  /** Its standard output. */
  stdout: string;
  /** Its standard error: messages and progress. */
  stderr: string;
}

const { tasks }: { tasks: Record<Task, { command: string }> } = JSON.parse(
  Deno.readTextFileSync(`${root}deno.json`),
);

/** Arguments of Deno that start a task, with exactly the flags of the task. */
function runtimeArguments(task: Task): string[] {
  const flags = tasks[task].command.split(" ").slice(2, -1);
  return ["run", "--quiet", "--no-prompt", ...flags, `${root}cli/${task}.ts`];
}

/** The program and arguments of a command. */
export function commandLine(args: readonly string[]): string[] {
  return [Deno.execPath(), ...runtimeArguments("binfiles"), ...args];
}

/** Starts a command. */
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

/** Runs a command and returns its output as bytes. */
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

/** Runs a command. */
export async function runCommand(
  args: readonly string[],
  options: CommandOptions = {},
): Promise<Outcome> {
  const { stdout, ...rest } = await runCommandRaw(args, options);
  return { ...rest, stdout: new TextDecoder().decode(stdout) };
}

/** Runs a shell script in which `binfiles` is the command and `$1`, `$2`, … are `args`. */
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

/** Writes to the standard input of a process, which may end before it has read everything. */
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
