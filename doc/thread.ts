import type NodeThreads from "node:worker_threads";
import { nodeModule } from "../pool/runtime.ts";

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
  /**
   * It failed or ended and sends no more messages.
   *
   * @param hasStarted Whether it received its message before.
   */
  onEnd(reason: string, hasStarted: boolean): void;
}

/** What a thread receives. */
interface Envelope {
  message: unknown;
  /** Set to 1 by the thread. Shared, because an error may overtake a message. */
  started: Int32Array;
}

const IS_DENO = "Deno" in globalThis;

/** Starts a thread with the module at `url`. Default: `doc/thread_main.ts`. */
export function startThread(
  url: string | URL | undefined,
  { onMessage, onEnd }: ThreadEvents,
): Thread {
  const started = new Int32Array(new SharedArrayBuffer(4));
  const thread = (IS_DENO ? startWebWorker : startNodeWorker)(url, {
    onMessage,
    onEnd: (reason) => onEnd(reason, Atomics.load(started, 0) === 1),
  });
  const send = (message: unknown) =>
    thread.send({ message, started } satisfies Envelope);
  return { ...thread, send };
}

/** Events of a runtime's thread. */
interface Listeners {
  onMessage(message: unknown): void;
  onEnd(reason: string): void;
}

function startWebWorker(
  url: string | URL | undefined,
  { onMessage, onEnd }: Listeners,
): Thread {
  // Bundlers recognize a worker by this form, with a literal path.
  const worker = url === undefined
    ? new Worker(new URL("./thread_main.ts", import.meta.url), {
      type: "module",
    })
    : new Worker(url, { type: "module" });
  worker.onmessage = ({ data }) => onMessage(data);
  worker.onerror = (event) => {
    // Otherwise the error would end this thread, too.
    event.preventDefault();
    onEnd(`died: ${event.message}`);
  };
  return {
    send: (message) => worker.postMessage(message),
    end: () => worker.terminate(),
  };
}

function startNodeWorker(
  url: string | URL | undefined,
  { onMessage, onEnd }: Listeners,
): Thread {
  const { Worker } = nodeModule<typeof NodeThreads>("node:worker_threads")!;
  const worker = new Worker(
    new URL(url ?? new URL("./thread_main.ts", import.meta.url)),
  );
  worker.on("message", onMessage);
  worker.on("error", (error: Error) => onEnd(`died: ${error.message}`));
  worker.on("exit", (code: number) => onEnd(`ended with code ${code}`));
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
  const receive = (data: unknown) => {
    const { message, started } = data as Envelope;
    Atomics.store(started, 0, 1);
    return handle(message);
  };
  if (IS_DENO) {
    const scope = globalThis as unknown as WebWorkerScope;
    scope.onmessage = async ({ data }) =>
      scope.postMessage(await receive(data));
    return;
  }
  const port = nodeModule<typeof NodeThreads>("node:worker_threads")!
    .parentPort!;
  port.once(
    "message",
    async (message) => port.postMessage(await receive(message)),
  );
}
