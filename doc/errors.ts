import { type CodecError, OutputLimitError } from "../codec/errors.ts";
import { BinfilesError } from "../pool/errors.ts";

/** The place of a record in a file. */
export interface RecordLocation {
  /** Path of the file; omitted for bytes in memory and streams. */
  file?: string;
  /** Offset of the record in bytes; in a package, of the decompressed records. */
  offset?: number;
  /** Key of the document, if it is known. */
  key?: string;
}

/** A record is corrupt: a size is invalid, it is truncated, or its content does not decompress. */
export class RecordError extends BinfilesError {
  /** The class name. */
  override name = "RecordError";
  /** `BINFILES_RECORD_CORRUPT`. */
  override readonly code: string = "BINFILES_RECORD_CORRUPT";
  /** Path of the file; undefined for bytes in memory and streams. */
  readonly file: string | undefined;
  /** Offset of the record in bytes; in a package, of the decompressed records. */
  readonly offset: number | undefined;
  /** Key of the document, if it is known. */
  readonly key: string | undefined;
  /** The reason alone, without the location. */
  readonly reason: string;

  /** Creates an error with the message "Cannot read the record at offset … of …: reason". */
  constructor(
    reason: string,
    location: RecordLocation = {},
    options?: ErrorOptions,
  ) {
    super(
      `Cannot read the record${describeLocation(location)}: ${reason}`,
      options,
    );
    this.reason = reason;
    this.file = location.file;
    this.offset = location.offset;
    this.key = location.key;
  }
}

/**
 * The decompressed content of a record exceeds `maxSize`. The record need not be
 * corrupt, so this is not a {@linkcode RecordError}.
 */
export class RecordLimitError extends BinfilesError {
  /** The class name. */
  override name = "RecordLimitError";
  /** `BINFILES_RECORD_TOO_LARGE`. */
  override readonly code: string = "BINFILES_RECORD_TOO_LARGE";
  /** Path of the file; undefined for bytes in memory and streams. */
  readonly file: string | undefined;
  /** Offset of the record in bytes; in a package, of the decompressed records. */
  readonly offset: number | undefined;
  /** Key of the document, if it is known. */
  readonly key: string | undefined;
  /** The limit that was exceeded, in bytes. */
  readonly limit: number;
  /** The reason alone, without the location. */
  readonly reason: string;

  /** Creates an error about a content whose decompression failed with `cause`. */
  constructor(cause: OutputLimitError, location: RecordLocation = {}) {
    const reason = cause.message;
    super(`Cannot read the record${describeLocation(location)}: ${reason}`, {
      cause,
    });
    this.reason = reason;
    this.limit = cause.limit;
    this.file = location.file;
    this.offset = location.offset;
    this.key = location.key;
  }
}

/** The error about a record whose content failed to decompress with `cause`. */
export function contentError(
  cause: CodecError,
  location: RecordLocation,
): RecordError | RecordLimitError {
  return cause instanceof OutputLimitError
    ? new RecordLimitError(cause, location)
    : new RecordError(cause.message, location, { cause });
}

/** Whether an error is about a single record, which recovery can skip. */
export function isAboutRecord(
  error: unknown,
): error is RecordError | RecordLimitError {
  return error instanceof RecordError || error instanceof RecordLimitError;
}

function describeLocation({ file, offset, key }: RecordLocation): string {
  return (offset === undefined ? "" : ` at offset ${offset}`) +
    (file === undefined ? "" : ` of ${file}`) +
    (key === undefined ? "" : ` (key ${JSON.stringify(key)})`);
}

/** A document cannot be written: it is empty, or its key or content is over a limit. */
export class DocumentError extends BinfilesError {
  /** The class name. */
  override name = "DocumentError";
  /** `BINFILES_DOCUMENT_INVALID`. */
  override readonly code: string = "BINFILES_DOCUMENT_INVALID";
}

/** A file cannot be opened, read, written or replaced. */
export class FileError extends BinfilesError {
  /** The class name. */
  override name = "FileError";
  /** `BINFILES_FILE_FAILED`. */
  override readonly code: string = "BINFILES_FILE_FAILED";
  /** Path of the file. */
  readonly file: string;

  /** Creates an error about `file`. */
  constructor(file: string, message: string, options?: ErrorOptions) {
    super(message, options);
    this.file = file;
  }
}

/**
 * The process lacks a permission: of the operating system, or of Deno, which
 * grants it with a flag.
 */
export class PermissionError extends FileError {
  /** The class name. */
  override name = "PermissionError";
  /** `BINFILES_FILE_FORBIDDEN`. */
  override readonly code: string = "BINFILES_FILE_FORBIDDEN";
  /** The flag of Deno that grants the permission, such as `--allow-read`; undefined if the operating system refused. */
  readonly flag: string | undefined;

  /** Creates an error about `file`. */
  constructor(
    file: string,
    message: string,
    options: ErrorOptions & { flag?: string },
  ) {
    super(file, message, options);
    this.flag = options.flag;
  }
}

/** The target exists, and `force` is not set. */
export class TargetExistsError extends FileError {
  /** The class name. */
  override name = "TargetExistsError";
  /** `BINFILES_TARGET_EXISTS`. */
  override readonly code: string = "BINFILES_TARGET_EXISTS";

  /** Creates an error about `file`. */
  constructor(file: string) {
    super(
      file,
      `Cannot write ${file}: it already exists. Use force (--force) to replace it.`,
    );
  }
}

/** Another writer holds the lock of the target, or may hold it. */
export class LockedError extends FileError {
  /** The class name. */
  override name = "LockedError";
  /** `BINFILES_TARGET_LOCKED`. */
  override readonly code: string = "BINFILES_TARGET_LOCKED";
  /** Path of the lock, a directory. */
  readonly lock: string;
  /** Process id of that writer; undefined if it is unknown. */
  readonly pid: number | undefined;
  /** Host name of that writer; undefined if it is unknown. */
  readonly host: string | undefined;
  /** User id of that writer if it is another user; undefined otherwise. */
  readonly user: number | undefined;
  /** When that writer last showed a sign of life; undefined if it is unknown. */
  readonly heartbeat: Date | undefined;

  /** Creates an error about `file`, whose lock is the directory `lock`. */
  constructor(file: string, lock: string, owner: {
    pid?: number;
    host?: string;
    user?: number;
    heartbeat?: Date;
  } = {}) {
    const { pid, host, user, heartbeat } = owner;
    const who = user !== undefined
      ? `user ${user}`
      : pid === undefined
      ? "another process"
      : `process ${pid}` + (host === undefined ? "" : ` on ${host}`);
    const when = heartbeat === undefined
      ? ""
      : ` (last sign of life: ${heartbeat.toISOString()})`;
    const gone = user === undefined
      ? "If that process no longer exists"
      : "If no process of that user is writing it";
    super(
      file,
      `Cannot write ${file}: ${who} is writing it${when}. ` +
        `Wait for it (lockWait, --wait). ${gone}, remove the directory ${lock}.`,
    );
    this.lock = lock;
    this.pid = pid;
    this.host = host;
    this.user = user;
    this.heartbeat = heartbeat;
  }
}

/** A key cannot be used as the path of a file. */
export class KeyError extends BinfilesError {
  /** The class name. */
  override name = "KeyError";
  /** `BINFILES_KEY_UNUSABLE`. */
  override readonly code: string = "BINFILES_KEY_UNUSABLE";
  /** Path of the bin file; undefined for bytes in memory. */
  readonly file: string | undefined;
  /** Offset of the record in bytes; in a package, of the decompressed records. */
  readonly offset: number;
  /** The key. */
  readonly key: string;

  /** Creates an error with the message "Cannot unpack … at offset … of …: reason". */
  constructor(
    reason: string,
    { file, offset, key }: { file?: string; offset: number; key: string },
  ) {
    super(
      `Cannot unpack ${JSON.stringify(key)} at offset ${offset}` +
        (file === undefined ? "" : ` of ${file}`) + `: ${reason}`,
    );
    this.file = file;
    this.offset = offset;
    this.key = key;
  }
}

/** A tar archive is corrupt or truncated, or the input is not a tar archive. */
export class TarError extends BinfilesError {
  /** The class name. */
  override name = "TarError";
  /** `BINFILES_TAR_CORRUPT`. */
  override readonly code: string = "BINFILES_TAR_CORRUPT";
  /** Path of the archive; undefined for a stream. */
  readonly file: string | undefined;
  /** Offset in the (decompressed) archive, in bytes. */
  readonly offset: number;
  /** Name of the entry, if it is known. */
  readonly entry: string | undefined;
  /** The reason alone, without the location. */
  readonly reason: string;

  /** Creates an error with the message "Cannot read the tar archive … at offset …: reason". */
  constructor(
    reason: string,
    location: { file?: string; offset: number; entry?: string },
    options?: ErrorOptions,
  ) {
    const { file, offset, entry } = location;
    super(
      "Cannot read the tar archive" +
        (file === undefined ? "" : ` ${file}`) +
        ` at offset ${offset}` +
        (entry === undefined ? "" : ` (in ${JSON.stringify(entry)})`) +
        `: ${reason}`,
      options,
    );
    this.reason = reason;
    this.file = file;
    this.offset = offset;
    this.entry = entry;
  }
}

/**
 * The work was cancelled by its `AbortSignal`, whose `reason` is the `cause` of
 * this error.
 */
export class CancelledError extends BinfilesError {
  /** The class name. */
  override name = "CancelledError";
  /** `BINFILES_CANCELLED`. */
  override readonly code: string = "BINFILES_CANCELLED";

  /**
   * Creates the error.
   *
   * @param reason The reason of the signal.
   * @param target Path of the target, if there is one.
   */
  constructor(reason?: unknown, target?: string) {
    super(
      "Cancelled." +
        (target === undefined ? "" : ` ${target} was not changed.`),
      { cause: reason },
    );
  }
}

/** @throws {CancelledError} `signal` was aborted. */
export function checkSignal(signal: AbortSignal | undefined): void {
  if (signal?.aborted) throw new CancelledError(signal.reason);
}

/** A reader, writer or other object was used after it was closed. */
export class ClosedError extends BinfilesError {
  /** The class name. */
  override name = "ClosedError";
  /** `BINFILES_CLOSED`. */
  override readonly code: string = "BINFILES_CLOSED";

  /** Creates an error that reads "Cannot <action>: the <what> is closed". */
  constructor(action: string, what: string) {
    super(`Cannot ${action}: the ${what} is closed`);
  }
}
