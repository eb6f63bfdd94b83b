import { isExpected, type Target } from "./targets.ts";
import { makeInput, Random } from "./random.ts";

/** How much more than its own size an input may cause to be allocated, in bytes. */
export const MAX_ALLOCATION = 64 * 1024 * 1024;

/** Bytes of all typed arrays created so far. */
let allocated = 0;

/** Starts counting allocations in this thread. */
export function countAllocations(): void {
  for (
    const name of ["Uint8Array", "Uint16Array", "Uint32Array", "Int32Array"]
  ) {
    const original = Reflect.get(globalThis, name);
    const proxy: unknown = new Proxy(original, {
      construct(target, args, newTarget): object {
        const made: Uint8Array = Reflect.construct(
          target,
          args,
          newTarget === proxy ? target : newTarget,
        );
        // Views of existing memory allocate nothing.
        const isView = args[0] instanceof ArrayBuffer ||
          args[0] instanceof SharedArrayBuffer;
        if (!isView) allocated += made.byteLength;
        return made;
      },
    });
    Reflect.set(globalThis, name, proxy);
  }
}

/** An input that made its target fail. */
export interface Failure {
  target: string;
  seed: number;
  /** Index of the input in the sequence of its seed. */
  index: number;
  input: Uint8Array;
  problem: string;
}

/** The input of an index: the same for the same seeds and seed. */
export function inputAt(
  seeds: readonly Uint8Array[],
  seed: number,
  index: number,
): { input: Uint8Array; random: Random } {
  const random = new Random(
    Math.imul(seed, 0x9e3779b1) + Math.imul(index, 0x85ebca6b),
  );
  return { input: makeInput(seeds, random), random };
}

/**
 * Runs inputs through a target.
 *
 * @param from Index of the first input.
 * @param count Number of inputs.
 * @param before Called with the index of each input before it runs.
 */
export async function* fuzz(
  target: Target,
  seed: number,
  from: number,
  count: number,
  before: (index: number) => void = () => {},
): AsyncGenerator<Failure> {
  const seeds = target.seeds();
  for (let index = from; index < from + count; index++) {
    const { input, random } = inputAt(seeds, seed, index);
    before(index);
    const start = allocated;
    let problem: string | undefined;
    try {
      const result = target.run(input, random);
      if (result !== undefined) await result;
    } catch (error) {
      if (!isExpected(error)) {
        problem = (error as Error)?.stack ?? String(error);
      }
    }
    const size = allocated - start;
    if (size > MAX_ALLOCATION + input.length) {
      problem ??= `it allocates ${size} bytes`;
    }
    if (problem !== undefined) {
      yield { target: target.name, seed, index, input, problem };
    }
  }
}
