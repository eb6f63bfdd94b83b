/** Keys as paths of files, on any system. */
import type NodeCrypto from "node:crypto";
import { nodeModule } from "../../pool/runtime.ts";

/** Longest name of a file or directory that file systems have, in bytes. */
const MAX_NAME_SIZE = 255;

/** Longest encoded name; the rest is for what may be added to it. */
const MAX_ENCODED_SIZE = 240;

/** Names that Windows has for devices, with any suffix. */
const DEVICE = /^(con|prn|aux|nul|com\d|lpt\d)(\.|$)/i;

const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/**
 * What keeps a key from being the path of a file within a directory; undefined
 * if nothing does. Slashes separate directories.
 */
export function pathProblem(
  key: Uint8Array,
  isWindows: boolean,
): string | undefined {
  let path: string;
  try {
    path = decoder.decode(key);
  } catch {
    return "it is no UTF-8";
  }
  if (path === "") return "it is empty";
  if (/\p{Cc}/u.test(path)) return "it has control characters";
  if (path.includes("\\")) return "it has a backslash";
  if (/^[a-z]:/i.test(path)) return "it begins with a drive";
  for (const name of path.split("/")) {
    if (name === "") return "a directory or file in it has no name";
    if (name === "." || name === "..") {
      return `${JSON.stringify(name)} in it is no name`;
    }
    // No character takes more than three bytes for each unit that it counts as.
    if (
      3 * name.length > MAX_NAME_SIZE &&
      encoder.encode(name).length > MAX_NAME_SIZE
    ) return `a name in it has more than ${MAX_NAME_SIZE} bytes`;
    if (isWindows && (/[<>:"|?*]|[. ]$/.test(name) || DEVICE.test(name))) {
      return `Windows has no file named ${JSON.stringify(name)}`;
    }
  }
  return undefined;
}

const encoder = new TextEncoder();

/**
 * A name for the file of any key: letters, digits, `_`, `-` and dots stay as they
 * are, and other bytes become `%` and two digits. What is too long ends in `%`
 * and the key's SHA-256 instead.
 */
export function encodedName(key: Uint8Array): string {
  // A name of nothing but a sign that stands for no byte.
  if (key.length === 0) return "%";
  const parts = Array.from(
    key,
    (byte) =>
      PLAIN.test(String.fromCharCode(byte))
        ? String.fromCharCode(byte)
        : percent(byte),
  );
  // No hidden files, no `..`, no names that Windows has for devices or cuts off.
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

/** Characters that are safe everywhere. */
const PLAIN = /[\w.-]/;

function percent(byte: number): string {
  return `%${byte.toString(16).toUpperCase().padStart(2, "0")}`;
}
