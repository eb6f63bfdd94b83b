/**
 * Entry point of worker threads. It listens at once and loads the tasks meanwhile,
 * because a message that arrives before there is a listener is lost.
 *
 * @module
 */
import { answerOnce } from "./job/thread.ts";

const tasks = import("./thread_tasks.ts");
answerOnce(async (message) => (await tasks).performTask(message));
