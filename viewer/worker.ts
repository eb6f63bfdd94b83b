/** The worker, which reads the file so that the page stays responsive. */
import type { Answer, Request } from "./messages.ts";
import { Session } from "./session.ts";

const scope = globalThis as unknown as {
  onmessage: (event: { data: Request }) => void;
  postMessage(answer: Answer, transfer?: ArrayBuffer[]): void;
};

/** The open file. Every file gets a new worker. */
let session: Session | undefined;

const post = (answer: Answer, transfer: ArrayBuffer[] = []) =>
  scope.postMessage(answer, transfer);

scope.onmessage = ({ data: request }) => {
  try {
    if (request.kind === "open") session = new Session(request.file, post);
    else if (request.kind === "filter") {
      session?.filter(request.filter, request.version);
    } else if (request.kind === "rows") session?.show(request.from, request.to);
    else session?.open(request.position);
  } catch (error) {
    post({ kind: "failed", message: (error as Error).message });
  }
};
post({ kind: "ready" });
