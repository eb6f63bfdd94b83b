/** Records and documents as `list`, `read`, `search` and `seek` print them. */
import type { RecordScanner } from "../doc/record_scanner.ts";
import type { ByteOutput } from "./byte_output.ts";
import { jsonMember } from "./format.ts";
import { indentJson } from "./indent_json.ts";

/** Width of the offset before a content, as in the original. */
const OFFSET_WIDTH = 10;

/** Adds a line about the current record: its offset, key and stored size. */
export function addRecord(
  out: ByteOutput,
  records: RecordScanner,
  asJson = false,
): void {
  if (asJson) {
    out.text(JSON.stringify({
      offset: records.offset,
      ...jsonMember("key", records.key()),
      keySize: records.keySize,
      contentSize: records.contentSize,
    }));
  } else {
    out.number(records.offset);
    out.tab();
    out.key(records.bytes, records.keyStart, records.keySize);
    out.tab();
    out.number(records.contentSize);
  }
  out.newline();
}

/** Adds the offset and the content of a document, and a newline if the content has none. */
export function addDocument(
  out: ByteOutput,
  records: RecordScanner,
  content: Uint8Array,
): void {
  out.number(records.offset, OFFSET_WIDTH);
  out.tab();
  out.bytes(content);
  out.endLine();
}

/** Adds a document as one line of JSON: its offset, key and content. */
export function addJsonDocument(
  out: ByteOutput,
  records: RecordScanner,
  content: Uint8Array,
): void {
  out.text(JSON.stringify({
    offset: records.offset,
    ...jsonMember("key", records.key()),
    ...jsonMember("content", content),
  }));
  out.newline();
}

/** Adds a content, indented if it is JSON. */
export function addPrettyContent(out: ByteOutput, content: Uint8Array): void {
  const pretty = indentJson(content);
  if (pretty === undefined) out.bytes(content);
  else {
    out.text(pretty);
    out.newline();
  }
}
