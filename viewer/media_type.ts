/** Signatures of the image formats that browsers show. */
const SIGNATURES: [type: string, offset: number, bytes: string][] = [
  ["image/png", 0, "\x89PNG\r\n\x1a\n"],
  ["image/jpeg", 0, "\xff\xd8\xff"],
  ["image/gif", 0, "GIF8"],
  ["image/webp", 8, "WEBP"],
];

/** Bytes that are searched for the start of an SVG image. */
const SVG_START = 1024;

/** Detects an image by its first bytes. @returns Its media type, or undefined. */
export function imageTypeOf(bytes: Uint8Array): string | undefined {
  const found = SIGNATURES.find(([, offset, signature]) =>
    Array.from(signature).every((character, i) =>
      bytes[offset + i] === character.charCodeAt(0)
    )
  );
  if (found !== undefined) return found[0];
  const start = new TextDecoder().decode(bytes.subarray(0, SVG_START));
  return /^\s*(<\?xml[^>]*>\s*)?(<!--.*?-->\s*|<!DOCTYPE svg[^>]*>\s*)*<svg[\s>]/s
      .test(start)
    ? "image/svg+xml"
    : undefined;
}
