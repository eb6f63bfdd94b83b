/** Processes that write bin files, for tests of concurrent writers and of killed ones. */
import { TextLineStream } from "@std/streams";
import type { DocWriterOptions } from "../../doc/mod.ts";
import { root } from "./command.ts";

/** What a writing process does. */
export interface WriterWork {
  /** Path of the file. */
  path: string;
  /** Options of its writers. */
  options: DocWriterOptions;
  /** Number of documents, which are numbered ones. */
  count: number;
  /**
   * How often it opens the file, writes all documents and closes it. When
   * omitted: once, and the file stays open.
   */
  times?: number;
  /** Whether it flushes after each document. */
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
      `${root}tests/support/programs/write_docs.ts`,
      JSON.stringify(work),
    ],
    stdin: "null",
    stdout,
  }).spawn();
}

/** A process that has written and flushed documents and keeps the file open. */
export class OpenWriter implements AsyncDisposable {
  /** Its process id. */
  readonly pid: number;
  readonly #child: Deno.ChildProcess;

  private constructor(child: Deno.ChildProcess) {
    this.#child = child;
    this.pid = child.pid;
  }

  /** Starts the process and waits until the documents are flushed. */
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
    // Killing fails if the process is dead already.
    await this.kill().catch(() => {});
  }
}
