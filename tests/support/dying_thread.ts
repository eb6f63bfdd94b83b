/** A thread of a job that dies, of an error that nobody catches or of too little memory, at what its name says. */
import { JobControl } from "../../doc/job/shared_state.ts";
import { answerOnce } from "../../doc/job/thread.ts";
import { perform } from "../../doc/thread_tasks.ts";

const { name: way } = self as unknown as { name: string };

/** Dies, and never gets any further. */
function die(): Promise<never> {
  setTimeout(() => {
    throw new Error(`killed at ${way}`);
  });
  return new Promise(() => {});
}

/** Takes more and more memory, as fast as it can. */
function exhaustMemory(): never {
  const taken: unknown[] = [];
  for (;;) taken.push(Array.from({ length: 10_000 }, (_, i) => ({ i })));
}

const methods = JobControl.prototype;
const { lockInput, waitTurn } = methods;
if (way === "reading") {
  // While it holds the input, which others wait for.
  methods.lockInput = async function () {
    await lockInput.call(this);
    return await die();
  };
}
if (way === "turn") methods.waitTurn = die;
if (way === "writing") {
  // While it is its turn, which others wait for.
  methods.waitTurn = async function (ticket) {
    await waitTurn.call(this, ticket);
    return await die();
  };
}
answerOnce(async (message) => {
  if (way === "memory") exhaustMemory();
  const { kind } = message as { kind: string };
  const isVictim = way === "start" || way === "spool" && kind === "spool";
  return isVictim ? await die() : await perform(message);
});
