/** What a web worker of a browser does with a bin file that it is sent. */
import { blobSource, detectSource, DocReader } from "@binfiles/binfiles/doc";

/** What workers have for messages. */
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
