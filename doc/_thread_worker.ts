/**
 * Entry of the threads of a repack. It listens at once and loads the rest
 * meanwhile: a message that arrives before there is a listener would be lost.
 */
import { answerOnce } from "./_thread.ts";

// Whoever starts threads takes the types from here, which makes this file part
// of what is packed: nothing else refers to it but by its URL.
export type { TaskAnswer, TaskMessage, Tasks } from "./_thread_task.ts";

const task = import("./_thread_task.ts");
answerOnce(async (message) => (await task).perform(message));
