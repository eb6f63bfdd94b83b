/** Threads: web workers on Deno, where they start in half the time of Node's, and Node's elsewhere. */
import type NodeThreads from "node:worker_threads";
import { nodeModule } from "../../pool/runtime.ts";

/** A thread that was started. */
export interface Thread {
  /** Sends it a message. */
  send(message: unknown): void;
  /** Ends it, whatever it does. */
  end(): void;
}

/** What a thread may do that its starter wants to know. */
export interface ThreadEvents {
  /** It has sent a message. */
  onMessage(message: unknown): void;
  /** It has failed or ended; it will send nothing more. */
  onEnd(reason: string): void;
}

const IS_DENO = "Deno" in globalThis;

/** Starts a thread that runs the module at `url`. */
export function startThread(url: URL, events: ThreadEvents): Thread {
  return IS_DENO ? startWebWorker(url, events) : startNodeWorker(url, events);
}

function startWebWorker(url: URL, events: ThreadEvents): Thread {
  const worker = new Worker(url, { type: "module" });
  worker.onmessage = ({ data }) => events.onMessage(data);
  worker.onerror = (event) => {
    // Else it would end this thread too.
    event.preventDefault();
    events.onEnd(`died: ${event.message}`);
  };
  return {
    send: (message) => worker.postMessage(message),
    end: () => worker.terminate(),
  };
}

function startNodeWorker(url: URL, events: ThreadEvents): Thread {
  const { Worker } = nodeModule<typeof NodeThreads>("node:worker_threads")!;
  const worker = new Worker(url);
  worker.on("message", (message: unknown) => events.onMessage(message));
  worker.on("error", (error: Error) => events.onEnd(`died: ${error.message}`));
  worker.on("exit", (code: number) => events.onEnd(`ended with code ${code}`));
  return {
    send: (message) => worker.postMessage(message),
    end: () => void worker.terminate(),
  };
}

/** What a web worker has for its messages. */
interface WebWorkerScope {
  onmessage: ((event: { data: unknown }) => void) | null;
  postMessage(message: unknown): void;
}

/** Within a thread: waits for its first message, handles it, and sends what comes of it. */
export function answerOnce(
  handle: (message: unknown) => Promise<unknown>,
): void {
  if (IS_DENO) {
    const scope = globalThis as unknown as WebWorkerScope;
    scope.onmessage = async ({ data }) => scope.postMessage(await handle(data));
    return;
  }
  const port = nodeModule<typeof NodeThreads>("node:worker_threads")!
    .parentPort!;
  port.once(
    "message",
    async (message) => port.postMessage(await handle(message)),
  );
}
