/** Has all threads that are started be ones of `_dying_thread.ts` that die in some way, until the scope is left. */
export function dyingThreads(way: string): Disposable {
  const { Worker } = globalThis;
  globalThis.Worker = class extends Worker {
    constructor(_: string | URL, options?: WorkerOptions) {
      const url = new URL("dying_thread.ts", import.meta.url);
      super(url, { ...options, type: "module", name: way });
    }
  };
  return {
    [Symbol.dispose]() {
      globalThis.Worker = Worker;
    },
  };
}
