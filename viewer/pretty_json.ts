/** A string, a part of the structure, or anything else that is not space. */
const TOKEN = /"(?:[^"\\]|\\.)*"|[{}[\],:]|[^\s{}[\],:"]+/g;

/**
 * Lays JSON out on lines. What is in it stays as it is written: large numbers,
 * escapes, and keys that occur twice.
 *
 * @throws {SyntaxError} It is no JSON.
 */
export function prettyJson(text: string): string {
  JSON.parse(text);
  const parts: string[] = [];
  let depth = 0;
  let previous = "";
  const newLine = () => parts.push("\n", "  ".repeat(depth));
  for (const [token] of text.matchAll(TOKEN)) {
    const isEnd = token === "}" || token === "]";
    if (isEnd) depth--;
    const isEmpty = isEnd && (previous === "{" || previous === "[");
    if (previous === "{" || previous === "[" || previous === ",") {
      if (!isEmpty) newLine();
    } else if (isEnd) newLine();
    parts.push(token === ":" ? ": " : token);
    if (token === "{" || token === "[") depth++;
    previous = token;
  }
  return parts.join("");
}
