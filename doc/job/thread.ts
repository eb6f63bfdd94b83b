import type NodeThreads from "node:worker_threads";
import { nodeModule } from "../../pool/runtime.ts";

/**
 * A thread: a web worker on Deno, where that starts in half the time of a
 * `node:worker_threads` one, which is used elsewhere.
 */
export interface Thread {
  /** Sends it a message. */
  send(message: unknown): void;
  /** Terminates it. */
  end(): void;
}

/** Events of a thread. */
export interface ThreadEvents {
  /** It sent a message. */
  onMessage(message: unknown): void;
  /** It failed or ended and sends no more messages. */
  onEnd(reason: string): void;
}

const IS_DENO = "Deno" in globalThis;

/** Starts a thread with the module at `url`. */
export function startThread(url: URL, events: ThreadEvents): Thread {
  return IS_DENO ? startWebWorker(url, events) : startNodeWorker(url, events);
}

function startWebWorker(url: URL, events: ThreadEvents): Thread {
  const worker = new Worker(url, { type: "module" });
  worker.onmessage = ({ data }) => events.onMessage(data);
  worker.onerror = (event) => {
    // Otherwise the error would end this thread, too.
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

/** The global scope of a web worker, as far as it is used here. */
interface WebWorkerScope {
  onmessage: ((event: { data: unknown }) => void) | null;
  postMessage(message: unknown): void;
}

/** In a thread: handles its first message and sends the result. */
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
