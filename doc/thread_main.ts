/**
 * Entry point of worker threads. A bundle needs it as a module of its own: either
 * bundled to a file `thread_main.js` beside it, or to any other, whose URL is
 * given to jobs as `workerUrl`.
 *
 * It listens at once and loads the tasks meanwhile, because a message that
 * arrives before there is a listener is lost.
 *
 * @module
 */
import { answerOnce } from "./thread.ts";

const tasks = import("./thread_tasks.ts");
answerOnce(async (message) => (await tasks).performTask(message));
