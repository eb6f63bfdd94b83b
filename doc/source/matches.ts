/** Whether a pattern matches, tested from the start even if it has the flag g or y. */
export function matches(pattern: RegExp, name: string): boolean {
  pattern.lastIndex = 0;
  return pattern.test(name);
}
