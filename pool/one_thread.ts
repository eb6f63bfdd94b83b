/**
 * The value of a property of objects that belong to one thread. Symbols cannot
 * be cloned, so `structuredClone` and `postMessage` throw a `DataCloneError` with
 * this text, where they would otherwise make an object without methods.
 */
export const ONE_THREAD: symbol = Symbol(
  "a pool or lease: it belongs to one thread, and every thread has its own globalMemoryPool",
);
