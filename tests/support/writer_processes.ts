/** Processes that write bin files, for tests of what happens beside them and after their deaths. */
import { TextLineStream } from "@std/streams";
import type { DocWriterOptions } from "../../doc/mod.ts";
import { root } from "./command.ts";

/** What such a process does with numbered documents. */
export interface WriterWork {
  /** Path of the file. */
  path: string;
  /** How to write it. */
  options: DocWriterOptions;
  /** Number of documents. */
  count: number;
  /** How often it opens the file, writes all documents and closes it; undefined for once, without closing it. */
  times?: number;
  /** Whether it flushes after every document. */
  flushes?: boolean;
}

/** Starts a process that writes documents. */
export function startWriter(
  work: WriterWork,
  stdout: "piped" | "null" = "null",
): Deno.ChildProcess {
  return new Deno.Command(Deno.execPath(), {
    args: [
      "run",
      "--quiet",
      "--no-prompt",
      "--no-check",
      "--allow-read",
      "--allow-write",
      "--allow-env",
      `${root}tests/support/writer_process.ts`,
      JSON.stringify(work),
    ],
    stdin: "null",
    stdout,
  }).spawn();
}

/** A process that has written documents, flushed them, and has the file open. */
export class OpenWriter implements AsyncDisposable {
  /** The number of the process. */
  readonly pid: number;
  readonly #child: Deno.ChildProcess;

  private constructor(child: Deno.ChildProcess) {
    this.#child = child;
    this.pid = child.pid;
  }

  /** Starts the process and waits until it is so far. */
  static async start(
    path: string,
    options: DocWriterOptions,
    count: number,
  ): Promise<OpenWriter> {
    const child = startWriter({ path, options, count }, "piped");
    const lines = child.stdout.pipeThrough(new TextDecoderStream())
      .pipeThrough(new TextLineStream());
    for await (const line of lines) if (line === "done") break;
    return new OpenWriter(child);
  }

  /** Kills the process. */
  async kill(): Promise<void> {
    this.#child.kill("SIGKILL");
    await this.#child.status;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    // Fails if it has been killed already.
    await this.kill().catch(() => {});
  }
}
