/** Names of the files that writers of a target create beside it. */

/** Name of the lock of a target. */
export function lockName(targetName: string): string {
  return `.${targetName}.lock`;
}

/** Name of the journal of a target. */
export function journalName(targetName: string): string {
  return `.${targetName}.journal`;
}

/** Whether `name` is what a process leaves that dies while it takes the lock. */
export function isLockCandidate(targetName: string, name: string): boolean {
  const start = `${lockName(targetName)}.`;
  return name.startsWith(start) &&
    /^[0-9a-f]{12}\.tmp$/.test(name.slice(start.length));
}

/** A name of a temporary file, in parts. */
interface TemporaryName {
  token: string;
  /** `.sums` if it holds checksums, else undefined. */
  sums: string | undefined;
  /** `.1`, `.2`, … or empty. */
  part: string;
}

/**
 * Parses the name of a temporary file.
 *
 * @returns undefined if it is no temporary file of the target `targetName`, or of a
 * part of it.
 */
export function parseTemporaryName(
  targetName: string,
  name: string,
): TemporaryName | undefined {
  const start = `.${targetName}.`;
  const match = /^([0-9a-f]{12})\.tmp(\.sums)?(\.\d+)?$/
    .exec(name.slice(start.length));
  if (match === null || !name.startsWith(start)) return undefined;
  const [, token, sums, part = ""] = match;
  return { token, sums, part };
}

/** Whether `name` is a temporary file of the target `targetName`, or of a part of it. */
export function isTemporaryName(targetName: string, name: string): boolean {
  return parseTemporaryName(targetName, name) !== undefined;
}

/** Whether `name` is a file that writers of the target `targetName` create beside it. */
export function isBesideTarget(targetName: string, name: string): boolean {
  return name === lockName(targetName) || name === journalName(targetName) ||
    isTemporaryName(targetName, name) || isLockCandidate(targetName, name);
}
