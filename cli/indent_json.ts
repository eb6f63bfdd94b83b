/** A number, `true`, `false` or `null`. */
const LITERAL = /[^\s{}[\],:"]+/y;

/**
 * Indents JSON token by token, so numbers keep all their digits, and objects
 * the order of their members and duplicate keys.
 *
 * @returns Undefined if `bytes` is not JSON.
 */
export function indentJson(bytes: Uint8Array): string | undefined {
  let text: string;
  try {
    text = new TextDecoder("utf-8", { fatal: true }).decode(bytes);
    JSON.parse(text);
  } catch {
    return undefined;
  }
  const parts: string[] = [];
  let depth = 0;
  let previous = "";
  for (let at = 0; at < text.length;) {
    const end = endOfToken(text, at);
    const token = text.slice(at, end);
    at = end;
    if (token.trim() === "") continue;
    const opened = previous === "{" || previous === "[";
    const closes = token === "}" || token === "]";
    if (closes) depth--;
    // Empty objects and arrays stay on one line.
    if (previous === "," || opened !== closes) {
      parts.push("\n", "  ".repeat(depth));
    }
    parts.push(token === ":" ? ": " : token);
    if (token === "{" || token === "[") depth++;
    previous = token;
  }
  return parts.join("");
}

/** Returns the end of the token at `start`: a string, a literal or a single character. */
function endOfToken(text: string, start: number): number {
  if (text[start] !== '"') {
    LITERAL.lastIndex = start;
    return LITERAL.test(text) ? LITERAL.lastIndex : start + 1;
  }
  let at = start + 1;
  while (text[at] !== '"') at += text[at] === "\\" ? 2 : 1;
  return at + 1;
}
