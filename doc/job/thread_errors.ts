/** Errors on their way from one thread to another, which keep their class and fields. */
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

/** An error as plain data. */
export interface PackedError {
  /** Name of its class. */
  name: string;
  /** All of its own fields. */
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
  OutputLimitError,
  PoolError,
  RecordError,
  TargetExistsError,
  UnknownCodecError,
  OptionError,
  RangeError,
];

/** Makes plain data of an error. */
export function packError(error: unknown): PackedError {
  if (!(error instanceof Error)) {
    return { name: "Error", fields: { message: String(error) } };
  }
  const { name, message, stack } = error;
  // A cause may hold what cannot be sent; the message already tells what matters.
  const { cause: _, ...own } = error as Error & Record<string, unknown>;
  return { name, fields: { ...own, message, stack } };
}

/** Makes an error of plain data. */
export function unpackError({ name, fields }: PackedError): Error {
  const found = classes.find((candidate) => candidate.name === name) ?? Error;
  return Object.assign(Object.create(found.prototype), fields);
}
