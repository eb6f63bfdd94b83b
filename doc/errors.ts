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
    const { file, offset, key } = location;
    super(
      "Cannot read the record" +
        (offset === undefined ? "" : ` at offset ${offset}`) +
        (file === undefined ? "" : ` of ${file}`) +
        (key === undefined ? "" : ` (key ${JSON.stringify(key)})`) +
        `: ${reason}`,
      options,
    );
    this.reason = reason;
    this.file = file;
    this.offset = offset;
    this.key = key;
  }
}

/** A document cannot be written: it is empty, or its key or content is over a limit. */
export class DocumentError extends BinfilesError {
  /** The class name. */
  override name = "DocumentError";
}

/** A file cannot be opened, read, written or replaced. */
export class FileError extends BinfilesError {
  /** The class name. */
  override name = "FileError";
  /** Path of the file. */
  readonly file: string;

  /** Creates an error about `file`. */
  constructor(file: string, message: string, options?: ErrorOptions) {
    super(message, options);
    this.file = file;
  }
}

/** The target exists, and `force` is not set. */
export class TargetExistsError extends FileError {
  /** The class name. */
  override name = "TargetExistsError";

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

/** The work was cancelled by its `AbortSignal`. */
export class CancelledError extends BinfilesError {
  /** The class name. */
  override name = "CancelledError";

  /** Creates the error. `target` is the path of the target, if there is one. */
  constructor(target?: string) {
    super(
      "Cancelled." +
        (target === undefined ? "" : ` ${target} was not changed.`),
    );
  }
}
