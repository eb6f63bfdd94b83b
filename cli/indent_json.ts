/** Numbers, and `true`, `false` and `null`. */
const LITERAL = /[^\s{}[\],:"]+/y;

/**
 * Indents JSON by its text: numbers keep all their digits, and objects the order
 * and the number of their members.
 *
 * @returns Undefined when it is no JSON.
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
    // Nothing goes between the brackets of what is empty.
    if (previous === "," || opened !== closes) {
      parts.push("\n", "  ".repeat(depth));
    }
    parts.push(token === ":" ? ": " : token);
    if (token === "{" || token === "[") depth++;
    previous = token;
  }
  return parts.join("");
}

/** Where the string, the literal or the single character at `start` ends. */
function endOfToken(text: string, start: number): number {
  if (text[start] !== '"') {
    LITERAL.lastIndex = start;
    return LITERAL.test(text) ? LITERAL.lastIndex : start + 1;
  }
  let at = start + 1;
  while (text[at] !== '"') at += text[at] === "\\" ? 2 : 1;
  return at + 1;
}
