/** A web worker that reads the bin file it is sent. */
import { blobSource, detectSource, DocReader } from "@binfiles/binfiles/doc";

/** Messaging in workers. */
const scope = globalThis as unknown as {
  onmessage: (event: { data: Blob }) => void;
  postMessage(message: unknown): void;
};

scope.onmessage = ({ data: file }) => {
  const source = blobSource(file);
  const { codec } = detectSource(source);
  const reader = new DocReader(source, { codec });
  scope.postMessage({
    codec,
    documents: Array.from(reader, ({ name, content }) => [name, content]),
  });
  reader[Symbol.dispose]();
};
