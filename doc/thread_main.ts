/**
 * Entry of the threads of a repack. It listens at once and loads the rest
 * meanwhile: a message that arrives before there is a listener would be lost.
 */
import { answerOnce } from "./job/thread.ts";

const task = import("./thread_tasks.ts");
answerOnce(async (message) => (await task).perform(message));
