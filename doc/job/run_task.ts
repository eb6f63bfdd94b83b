import { enginePreferences } from "../../codec/engines.ts";
import { FileError } from "../errors.ts";
import { unpackError } from "./packed_error.ts";
import type { TaskAnswer, TaskKind, TaskMessage } from "./tasks.ts";
import { startThread } from "./thread.ts";

/**
 * Runs a task in a new thread.
 *
 * @param file Name of the file that the task works on, for error messages.
 * @throws {FileError} The thread died. Errors of the task itself are thrown as they are.
 */
export function runTask<Input, Result>(
  kind: TaskKind<Input, Result>,
  input: Input,
  file: string,
): Promise<Result> {
  // In the npm package the modules are JavaScript.
  const extension = import.meta.url.endsWith(".ts") ? "ts" : "js";
  const url = new URL(`../thread_main.${extension}`, import.meta.url);
  return new Promise((resolve, reject) => {
    let isDone = false;
    const thread = startThread(url, {
      onMessage(message) {
        isDone = true;
        const answer = message as TaskAnswer;
        if ("error" in answer) reject(unpackError(answer.error));
        else resolve(answer.result as Result);
        thread.end();
      },
      onEnd(reason) {
        if (isDone) return;
        const message = `Cannot process ${file}: a worker thread ${reason}`;
        reject(new FileError(file, message));
      },
    });
    const preferences = enginePreferences();
    const message: TaskMessage = { kind, input, preferences };
    thread.send(message);
  });
}
