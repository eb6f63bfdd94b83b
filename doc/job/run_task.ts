import { enginePreferences } from "../../codec/engines.ts";
import { FileError } from "../errors.ts";
import { unpackError } from "./packed_error.ts";
import type { TaskAnswer, TaskKind, TaskMessage } from "./tasks.ts";
import { startThread, type Thread } from "../thread.ts";

/** A thread could not be started, as in a bundle that lacks its module. */
export class ThreadStartError extends Error {}

/** The warning about threads that could not be started. */
export function describeStartFailure({ message }: ThreadStartError): string {
  return `Cannot start a worker thread (${message}): the calling thread works alone. ` +
    "In a bundle, specify `workerUrl`.";
}

/**
 * Runs a task in a new thread.
 *
 * @param file Name of the file that the task works on, for error messages.
 * @param url The module of the thread. Default: `thread_main.ts`.
 * @throws {ThreadStartError} The thread did not start.
 * @throws {FileError} The thread died. Errors of the task itself are thrown as they are.
 */
export function runTask<Input, Result>(
  kind: TaskKind<Input, Result>,
  input: Input,
  file: string,
  url: string | URL | undefined,
): Promise<Result> {
  return new Promise((resolve, reject) => {
    let isDone = false;
    const failToStart = (reason: string) => {
      isDone = true;
      reject(new ThreadStartError(reason));
    };
    let thread: Thread;
    try {
      thread = startThread(url, {
        onMessage(message) {
          isDone = true;
          const answer = message as TaskAnswer;
          if ("error" in answer) reject(unpackError(answer.error));
          else resolve(answer.result as Result);
          thread.end();
        },
        onEnd(reason, hasStarted) {
          if (isDone) return;
          if (!hasStarted) return failToStart(`it ${reason}`);
          const message = `Cannot process ${file}: a worker thread ${reason}`;
          reject(new FileError(file, message));
        },
      });
    } catch (error) {
      return failToStart((error as Error).message);
    }
    const preferences = enginePreferences();
    const message: TaskMessage = { kind, input, preferences };
    thread.send(message);
  });
}
