import {
  CodecError,
  CorruptDataError,
  NoEngineError,
  OutputLimitError,
  UnknownCodecError,
} from "../../codec/errors.ts";
import { BinfilesError, OptionError, PoolError } from "../../pool/errors.ts";
import {
  CancelledError,
  DocumentError,
  FileError,
  LockedError,
  RecordError,
  TargetExistsError,
} from "../errors.ts";

/** An error as plain data, to be sent to another thread. */
export interface PackedError {
  /** Name of its class. */
  name: string;
  /** Its own fields. */
  fields: Record<string, unknown>;
}

const classes = [
  BinfilesError,
  CancelledError,
  CodecError,
  CorruptDataError,
  DocumentError,
  FileError,
  LockedError,
  NoEngineError,
  OptionError,
  OutputLimitError,
  PoolError,
  RangeError,
  RecordError,
  TargetExistsError,
  UnknownCodecError,
];

/** Converts an error to plain data. */
export function packError(error: unknown): PackedError {
  if (!(error instanceof Error)) {
    return { name: "Error", fields: { message: String(error) } };
  }
  const { name, message, stack } = error;
  // Causes may not be cloneable, and the message says what they say.
  const { cause: _, ...own } = error as Error & Record<string, unknown>;
  return { name, fields: { ...own, message, stack } };
}

/** Converts plain data to an error of the original class. */
export function unpackError({ name, fields }: PackedError): Error {
  const found = classes.find((candidate) => candidate.name === name) ?? Error;
  return Object.assign(Object.create(found.prototype), fields);
}
