/** A worker that fills buffers of its pool with a mark, and counts buffers with any other content. */
import { globalMemoryPool } from "../../../pool/mod.ts";

/** The part of a worker's global scope that is used here. */
const scope = globalThis as unknown as {
  onmessage(event: MessageEvent<{ times: number; mark: number }>): void;
  postMessage(message: unknown): void;
};

scope.onmessage = ({ data: { times, mark } }) => {
  let strange = 0;
  for (let i = 0; i < times; i++) {
    const buffer = globalMemoryPool.getBuffer();
    if (buffer[0] !== (i === 0 ? 0 : mark)) strange++;
    buffer.fill(mark);
    globalMemoryPool.putBuffer(buffer);
  }
  scope.postMessage([strange, globalMemoryPool.statistics().buffers]);
};
