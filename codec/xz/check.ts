import { readUint32 } from "../bytes.ts";
import { crc32 } from "../checksum/crc32.ts";
import { crc64 } from "../checksum/crc64.ts";
import { Sha256 } from "../checksum/sha256.ts";
import {
  CHECK_CRC32,
  CHECK_CRC64,
  CHECK_NONE,
  CHECK_SHA256,
} from "./format.ts";

/** The checksum of a block, of any of the types that xz has. */
export class Check {
  /** Size of the stored checksum, in bytes. */
  size = 0;
  #type = CHECK_NONE;
  #crc32 = 0;
  readonly #crc64 = new Int32Array(2);
  #sha256: Sha256 | undefined;

  /** Chooses the type for the following blocks. @returns Whether that type is known. */
  choose(type: number): boolean {
    this.#type = type;
    switch (type) {
      case CHECK_NONE:
        this.size = 0;
        return true;
      case CHECK_CRC32:
        this.size = 4;
        return true;
      case CHECK_CRC64:
        this.size = 8;
        return true;
      case CHECK_SHA256:
        this.size = 32;
        this.#sha256 ??= new Sha256();
        return true;
      default:
        return false;
    }
  }

  /** Starts over, for the next block. */
  reset(): void {
    this.#crc32 = 0;
    this.#crc64.fill(0);
    if (this.#type === CHECK_SHA256) this.#sha256!.reset();
  }

  /** Adds the bytes from `start` to `end`. */
  update(bytes: Uint8Array, start: number, end: number): void {
    switch (this.#type) {
      case CHECK_CRC32:
        this.#crc32 = crc32(bytes, start, end, this.#crc32);
        break;
      case CHECK_CRC64:
        crc64(this.#crc64, bytes, start, end);
        break;
      case CHECK_SHA256:
        this.#sha256!.update(bytes, start, end);
        break;
    }
  }

  /** Whether the checksum stored at `at` is that of the bytes so far. */
  matches(src: Uint8Array, at: number): boolean {
    switch (this.#type) {
      case CHECK_CRC32:
        return readUint32(src, at) === this.#crc32;
      case CHECK_CRC64:
        return readUint32(src, at) === this.#crc64[0] >>> 0 &&
          readUint32(src, at + 4) === this.#crc64[1] >>> 0;
      case CHECK_SHA256:
        return this.#sha256!.matches(src, at);
      default:
        return true;
    }
  }
}
