/** `test` of a pattern with the flag g or y goes on where it stopped; this does not. */
export function matches(pattern: RegExp, name: string): boolean {
  pattern.lastIndex = 0;
  return pattern.test(name);
}
