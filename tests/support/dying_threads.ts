/** Replaces every thread that is started with one that dies at `way` ({@linkcode Way}), until the end of the scope. */
export function dyingThreads(way: Way): Disposable {
  const { Worker } = globalThis;
  globalThis.Worker = class extends Worker {
    constructor(_: string | URL, options?: WorkerOptions) {
      const url = new URL("programs/dying_thread.ts", import.meta.url);
      super(url, { ...options, type: "module", name: way });
    }
  };
  return {
    [Symbol.dispose]() {
      globalThis.Worker = Worker;
    },
  };
}

/** When a thread dies: at its start, at a step of its job, or when memory runs out. */
export type Way = "start" | "spool" | "reading" | "turn" | "writing" | "memory";
