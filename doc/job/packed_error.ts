import {
  CodecError,
  CorruptDataError,
  NoEngineError,
  OutputLimitError,
  UnknownCodecError,
} from "../../codec/errors.ts";
import { OptionError, PoolError } from "../../pool/errors.ts";
import {
  CancelledError,
  ClosedError,
  DocumentError,
  FileError,
  KeyError,
  LockedError,
  PermissionError,
  RecordError,
  RecordLimitError,
  TarError,
  TargetExistsError,
} from "../errors.ts";

/** An error as plain data, which can be cloned. */
export interface PackedError {
  /** Name of its class. */
  name: string;
  /** Its own fields, except for those that cannot be cloned. */
  fields: Record<string, unknown>;
  /** Its cause, if it has one. */
  cause?: PackedError;
}

const classes = [
  CancelledError,
  ClosedError,
  CodecError,
  CorruptDataError,
  DocumentError,
  FileError,
  KeyError,
  LockedError,
  NoEngineError,
  OptionError,
  OutputLimitError,
  PermissionError,
  PoolError,
  RangeError,
  RecordError,
  RecordLimitError,
  TarError,
  TargetExistsError,
  TypeError,
  UnknownCodecError,
];

/** Causes that are packed, one within the other. */
const MAX_CAUSES = 8;

/**
 * Converts an error to plain data, to be posted to another thread, which restores
 * it with {@linkcode unpackError}. `structuredClone` and `postMessage` alone keep
 * no more of an error than its message, stack and cause.
 *
 * Fields that cannot be cloned are left out, and a cause that is not an error is
 * kept as text.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { packError, RecordError, unpackError } from "@binfiles/binfiles/doc";
 *
 * const error = new RecordError("truncated", { offset: 100 });
 * const other = unpackError(structuredClone(packError(error)));
 * if (!(other instanceof RecordError)) throw other;
 * assertEquals([other.code, other.offset], ["BINFILES_RECORD_CORRUPT", 100]);
 * ```
 */
export function packError(error: unknown): PackedError {
  return pack(error, MAX_CAUSES);
}

function pack(error: unknown, causes: number): PackedError {
  if (!(error instanceof Error)) {
    return { name: "Error", fields: { message: String(error) } };
  }
  const { name, message, stack, cause } = error;
  const fields: PackedError["fields"] = { message, stack };
  for (const [field, value] of Object.entries(error)) {
    if (field !== "cause" && canBeCloned(value)) fields[field] = value;
  }
  const packed: PackedError = { name, fields };
  if (cause !== undefined && causes > 0) packed.cause = pack(cause, causes - 1);
  return packed;
}

function canBeCloned(value: unknown): boolean {
  try {
    structuredClone(value);
    return true;
  } catch {
    return false;
  }
}

/** Restores an error of {@linkcode packError}: its class, its fields and its causes. */
export function unpackError({ name, fields, cause }: PackedError): Error {
  const { message, stack, ...own } = fields;
  const error = new Error(
    message as string,
    cause && { cause: unpackError(cause) },
  );
  const found = classes.find((candidate) => candidate.name === name);
  if (found !== undefined) Object.setPrototypeOf(error, found.prototype);
  else if (name !== error.name) error.name = name;
  error.stack = stack as string;
  return Object.assign(error, own);
}
