/** Checks of options and arguments, where they are given. */
import { OptionError } from "./errors.ts";

/**
 * Checks an integer.
 *
 * @param name Name of the option, parameter or property.
 * @param max The largest valid value. With `Infinity`, `Infinity` itself is valid.
 * @throws {OptionError} `value` is not an integer from `min` to `max`.
 */
export function checkInteger(
  name: string,
  value: number,
  min: number,
  max: number = Number.MAX_SAFE_INTEGER,
): void {
  const isInteger = Number.isSafeInteger(value) || value === Infinity;
  if (isInteger && value >= min && value <= max) return;
  throw invalidOption(name, value, expectedInteger(min, max));
}

/**
 * Checks one of several words.
 *
 * @param name Name of the option or parameter.
 * @throws {OptionError} `value` is none of `words`.
 */
export function checkWord(
  name: string,
  value: string,
  words: readonly string[],
): void {
  if (words.includes(value)) return;
  throw invalidOption(
    name,
    value,
    `one of ${words.map((word) => JSON.stringify(word)).join(", ")}`,
  );
}

/**
 * Checks a path.
 *
 * @param name Name of the option or parameter.
 * @throws {TypeError} `value` is not a string, or is empty.
 */
export function checkPath(name: string, value: string): void {
  if (typeof value === "string" && value !== "") return;
  throw invalidArgument(name, value, "a path");
}

/** The error about an option whose value is not what is expected. */
export function invalidOption(
  option: string,
  value: unknown,
  expected: string,
): OptionError {
  return new OptionError(
    `Cannot use ${option} ${describe(value)}: expected ${expected}`,
    { option, value },
  );
}

/** The error about an argument that has the wrong type, as only programs without type checks pass it. */
export function invalidArgument(
  name: string,
  value: unknown,
  expected: string,
  remedy = "",
): TypeError {
  return Object.assign(
    new TypeError(
      `Cannot use ${name}: expected ${expected}, received ${
        describe(value)
      }${remedy}`,
    ),
    { code: "BINFILES_ARGUMENT_INVALID" },
  );
}

function expectedInteger(min: number, max: number): string {
  if (max === Infinity) {
    return `${expectedInteger(min, Number.MAX_SAFE_INTEGER)}, or Infinity`;
  }
  if (max < Number.MAX_SAFE_INTEGER) return `an integer from ${min} to ${max}`;
  if (min === 0) return "0 or a positive integer";
  return min === 1 ? "a positive integer" : `an integer from ${min} on`;
}

/** Longest part of a string in a message. */
const MAX_TEXT = 40;

/** Describes a value in a message: numbers and short strings as they are, objects by their class. */
function describe(value: unknown): string {
  if (typeof value === "string") {
    return value.length > MAX_TEXT
      ? `a string of ${value.length} characters`
      : JSON.stringify(value);
  }
  if (typeof value === "bigint") return `${value}n`;
  if (typeof value === "function") return "a function";
  if (typeof value !== "object" || value === null) return String(value);
  return `an object (${value.constructor?.name ?? "without a class"})`;
}
