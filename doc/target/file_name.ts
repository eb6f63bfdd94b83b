/** Maps keys to file paths that are safe on any system. */
import type NodeCrypto from "node:crypto";
import { nodeModule } from "../../pool/runtime.ts";

/** Maximum length of a file name on common file systems, in bytes. */
const MAX_NAME_SIZE = 255;

/** Maximum length of an encoded name; the rest is reserved for number suffixes. */
const MAX_ENCODED_SIZE = 240;

/** Reserved device names of Windows, with any extension. */
const DEVICE = /^(con|prn|aux|nul|com\d|lpt\d)(\.|$)/i;

const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/**
 * Returns why a key cannot be a path within a directory, or undefined if it can.
 * Slashes separate directories.
 */
export function pathProblem(
  key: Uint8Array,
  isWindows: boolean,
): string | undefined {
  let path: string;
  try {
    path = decoder.decode(key);
  } catch {
    return "it is not UTF-8";
  }
  if (path === "") return "it is empty";
  if (/\p{Cc}/u.test(path)) return "it has control characters";
  if (path.includes("\\")) return "it has a backslash";
  if (/^[a-z]:/i.test(path)) return "it starts with a drive letter";
  for (const name of path.split("/")) {
    if (name === "") return "it has an empty path component";
    if (name === "." || name === "..") {
      return `it has the path component ${JSON.stringify(name)}`;
    }
    // UTF-8 takes at most three bytes per UTF-16 code unit.
    if (
      3 * name.length > MAX_NAME_SIZE &&
      encoder.encode(name).length > MAX_NAME_SIZE
    ) return `it has a path component of more than ${MAX_NAME_SIZE} bytes`;
    if (isWindows && (/[<>:"|?*]|[. ]$/.test(name) || DEVICE.test(name))) {
      return `Windows does not allow the name ${JSON.stringify(name)}`;
    }
  }
  return undefined;
}

const encoder = new TextEncoder();

/**
 * Encodes any key as a file name. Letters, digits, `_`, `-` and dots are kept;
 * other bytes become `%` and two hexadecimal digits. A name that is too long is
 * cut and ends with `%` and the SHA-256 of the key.
 */
export function encodedName(key: Uint8Array): string {
  // Not the encoding of any other key.
  if (key.length === 0) return "%";
  const parts = Array.from(
    key,
    (byte) =>
      PLAIN.test(String.fromCharCode(byte))
        ? String.fromCharCode(byte)
        : percent(byte),
  );
  // No hidden files, no `..`, no device names, and no trailing dot, which Windows removes.
  const last = key.length - 1;
  if (parts[0] === "." || DEVICE.test(parts.join(""))) {
    parts[0] = percent(key[0]);
  }
  if (parts[last] === ".") parts[last] = percent(key[last]);
  const name = parts.join("");
  if (name.length <= MAX_ENCODED_SIZE) return name;
  const { createHash } = nodeModule<typeof NodeCrypto>("node:crypto")!;
  const hash = `%${createHash("sha256").update(key).digest("hex")}`;
  return name.slice(0, MAX_ENCODED_SIZE - hash.length) + hash;
}

/** Characters that are safe on all systems. */
const PLAIN = /[\w.-]/;

function percent(byte: number): string {
  return `%${byte.toString(16).toUpperCase().padStart(2, "0")}`;
}
