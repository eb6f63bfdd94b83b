import { BinfilesError } from "../pool/errors.ts";

/** Where in a file something went wrong. */
export interface Location {
  /** Path of the file, where there is one. */
  file?: string;
  /** Offset of the record in the (unpackaged) file, in bytes. */
  offset?: number;
  /** Key of the document, where it is known. */
  key?: string;
}

/** A record is damaged: its sizes cannot be right, or its content does not decompress. */
export class RecordError extends BinfilesError {
  /** The class name. */
  override name = "RecordError";
  /** Path of the file, where there is one. */
  readonly file: string | undefined;
  /** Offset of the record in the (unpackaged) file, in bytes. */
  readonly offset: number | undefined;
  /** Key of the document, where it is known. */
  readonly key: string | undefined;
  /** What is wrong, without the place. */
  readonly reason: string;

  /** Creates an error that reads "Cannot read record at offset … of …: reason". */
  constructor(reason: string, location: Location = {}, options?: ErrorOptions) {
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

/** A document cannot be written: its key or content exceeds the format's limits. */
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

/** The target exists, and nobody said that it may be overwritten. */
export class TargetExistsError extends FileError {
  /** The class name. */
  override name = "TargetExistsError";

  /** Creates an error about `file`. */
  constructor(file: string) {
    super(
      file,
      `Cannot write ${file}: it exists already. Use force (--force) to replace it.`,
    );
  }
}

/** Somebody else is writing the target. */
export class LockedError extends FileError {
  /** The class name. */
  override name = "LockedError";
  /** Number of the process that is; undefined if it cannot be told. */
  readonly pid: number | undefined;

  /** Creates an error about `file`, whose lock file is `lock`. */
  constructor(file: string, lock: string, pid: number | undefined) {
    super(
      file,
      `Cannot write ${file}: ${
        pid === undefined ? "another process" : `process ${pid}`
      } is writing it. Wait for it (lockWait, --wait); if it does not exist any more, remove ${lock}.`,
    );
    this.pid = pid;
  }
}

/** A document's key cannot be used for what was asked, such as naming a file. */
export class KeyError extends BinfilesError {
  /** The class name. */
  override name = "KeyError";
  /** Path of the bin file, where there is one. */
  readonly file: string | undefined;
  /** Offset of the record in the (unpackaged) file, in bytes. */
  readonly offset: number;
  /** The key. */
  readonly key: string;

  /** Creates an error that reads "Cannot unpack … at offset … of …: reason". */
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

/** A tar archive is damaged, cut short, or none. */
export class TarError extends BinfilesError {
  /** The class name. */
  override name = "TarError";
  /** Path of the archive, where there is one. */
  readonly file: string | undefined;
  /** Offset in the (decompressed) archive, in bytes. */
  readonly offset: number;
  /** Name of the entry, where it is known. */
  readonly entry: string | undefined;
  /** What is wrong, without the place. */
  readonly reason: string;

  /** Creates an error that reads "Cannot read the tar archive … at offset …: reason". */
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

/** The work was cancelled from outside. */
export class CancelledError extends BinfilesError {
  /** The class name. */
  override name = "CancelledError";

  /** Creates the error. */
  constructor() {
    super("Cancelled. The target was not touched.");
  }
}
