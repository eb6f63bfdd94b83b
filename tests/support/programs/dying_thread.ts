/**
 * A thread of a job that dies of an uncaught error, or because it runs out of
 * memory. Its name says when: see `Way` in `../dying_threads.ts`.
 */
import { SharedState } from "../../../doc/job/shared_state.ts";
import { answerOnce } from "../../../doc/thread.ts";
import { performTask } from "../../../doc/thread_tasks.ts";
import type { Way } from "../dying_threads.ts";

const { name: way } = self as unknown as { name: Way };

/** Dies of an uncaught error; the promise never settles. */
function die(): Promise<never> {
  setTimeout(() => {
    throw new Error(`killed at ${way}`);
  });
  return new Promise(() => {});
}

/** Allocates until memory runs out. */
function exhaustMemory(): never {
  const taken: unknown[] = [];
  for (;;) taken.push(Array.from({ length: 10_000 }, (_, i) => ({ i })));
}

const methods = SharedState.prototype;
const { lockInput, waitTurn } = methods;
if (way === "reading") {
  // It dies holding the input that the other threads wait for.
  methods.lockInput = async function () {
    await lockInput.call(this);
    return await die();
  };
}
if (way === "turn") methods.waitTurn = die;
if (way === "writing") {
  // It dies in its turn at the output, which the other threads wait for.
  methods.waitTurn = async function (ticket) {
    await waitTurn.call(this, ticket);
    return await die();
  };
}
answerOnce(async (message) => {
  if (way === "memory") exhaustMemory();
  const { kind } = message as { kind: string };
  const isVictim = way === "start" || way === "spool" && kind === "spool";
  return isVictim ? await die() : await performTask(message);
});
