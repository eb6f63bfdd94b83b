import { enginePreferences } from "../../codec/engines.ts";
import type { TaskAnswer, TaskMessage, Tasks } from "./tasks.ts";
import { startThread } from "./thread.ts";
import { unpackError } from "./thread_errors.ts";
import { FileError } from "../errors.ts";

/**
 * Has a new thread do a task.
 *
 * @param file Path of what is worked on, for errors.
 * @throws {FileError} The thread has died.
 */
export function delegate<Kind extends keyof Tasks>(
  kind: Kind,
  task: Tasks[Kind]["task"],
  file: string,
): Promise<Tasks[Kind]["answer"]> {
  // In the npm package the modules are JavaScript.
  const extension = import.meta.url.endsWith(".ts") ? "ts" : "js";
  const url = new URL(`../thread_main.${extension}`, import.meta.url);
  return new Promise((resolve, reject) => {
    let answered = false;
    const thread = startThread(url, {
      onMessage(message) {
        answered = true;
        const answer = message as TaskAnswer<Kind>;
        if ("error" in answer) reject(unpackError(answer.error));
        else resolve(answer.answer);
        thread.end();
      },
      onEnd(reason) {
        // A thread that has answered is meant to end.
        if (answered) return;
        reject(
          new FileError(
            file,
            `Cannot repack ${file}: a worker thread ${reason}`,
          ),
        );
      },
    });
    const message: TaskMessage<Kind> = {
      kind,
      task,
      preferences: enginePreferences(),
    };
    thread.send(message);
  });
}
