/// <reference lib="dom" />
import { indentJson } from "../cli/indent_json.ts";
import { fileNameOf, formatCount, formatRatio, formatSize } from "./format.ts";
import { imageTypeOf } from "./media_type.ts";
import type { Row } from "./messages.ts";
import { element, fillFacts, say } from "./page.ts";
import { VirtualList } from "./virtual_list.ts";

/** Most characters of a text to show. Browsers lay out longer texts too slowly. */
const MAX_TEXT = 1_000_000;

/** Most bytes of JSON to indent. */
const MAX_JSON = 16 * 1024 ** 2;

/** Height of a line of the hex view, in pixels. */
const HEX_LINE = 20;

/** Bytes per line of the hex view, and the width in pixels that they need. */
const HEX_WIDTHS = [[16, 640], [8, 330], [4, 0]];

/** The views of a document. */
const views = { text: "Text", json: "JSON", image: "Image", hex: "Hex" };

type View = keyof typeof views;

const tabs = element("tabs");
const panel = element("view");
const save = element<HTMLAnchorElement>("save");

/** The shown document. */
let shown: { bytes: Uint8Array<ArrayBuffer>; available: View[] } | undefined;

/** Shows a document or a corrupted region. */
export function showDocument(row: Row, bytes: Uint8Array<ArrayBuffer>): void {
  const { key, offset, stored, unpacked, problem, isRegion } = row;
  hideDocument();
  element("document").hidden = false;
  element("key").textContent = isRegion
    ? "Corrupted region"
    : key || "(no key)";
  fillFacts(element("document-facts"), {
    Offset: formatCount(offset),
    Stored: formatSize(stored),
    ...(unpacked !== undefined && { Unpacked: formatSize(unpacked) }),
    ...(unpacked !== undefined && { Ratio: formatRatio(stored, unpacked) }),
  });
  say(
    "problem",
    problem &&
      (isRegion
        ? `There is no record here: ${problem}.`
        : `${problem}. The stored bytes are shown.`),
  );
  // With a neutral type, because browsers may append a suffix for any other.
  save.href = URL.createObjectURL(
    new Blob([bytes], { type: "application/octet-stream" }),
  );
  save.download = fileNameOf(key, offset);
  const available = availableViews(bytes, problem);
  shown = { bytes, available };
  tabs.replaceChildren(...available.map(makeTab));
  showView(available[0]);
}

/** Hides the document and releases its memory. */
export function hideDocument(): void {
  element("document").hidden = true;
  URL.revokeObjectURL(save.href);
  clearPanel();
  shown = undefined;
}

/** The views for a content, the best one first. */
function availableViews(bytes: Uint8Array, problem?: string): View[] {
  if (problem !== undefined) return ["hex", "text"];
  const type = imageTypeOf(bytes);
  if (type !== undefined) {
    return type === "image/svg+xml"
      ? ["image", "text", "hex"]
      : ["image", "hex"];
  }
  const text = textOf(bytes, true);
  if (text === undefined) return ["hex", "text"];
  return jsonOf(bytes) === undefined
    ? ["text", "hex"]
    : ["json", "text", "hex"];
}

/** @returns Undefined if `fatal` and the content is not text. */
function textOf(bytes: Uint8Array, fatal: boolean): string | undefined {
  // A character has up to four bytes. One that is cut at the end is not an error.
  const isCut = bytes.length > 4 * MAX_TEXT;
  const part = isCut ? bytes.subarray(0, 4 * MAX_TEXT) : bytes;
  try {
    const text = new TextDecoder("utf-8", { fatal })
      .decode(part, { stream: isCut });
    return fatal && text.includes("\0") ? undefined : text;
  } catch {
    return undefined;
  }
}

/** @returns Indented JSON; undefined if it is not JSON, or neither object nor array. */
function jsonOf(bytes: Uint8Array): string | undefined {
  if (bytes.length > MAX_JSON) return undefined;
  const json = indentJson(bytes);
  return json?.startsWith("{") || json?.startsWith("[") ? json : undefined;
}

function makeTab(view: View): HTMLElement {
  const tab = document.createElement("button");
  tab.type = "button";
  tab.id = `tab-${view}`;
  tab.textContent = views[view];
  tab.setAttribute("role", "tab");
  tab.setAttribute("aria-controls", "view");
  tab.addEventListener("click", () => showView(view));
  return tab;
}

tabs.addEventListener("keydown", (event) => {
  const step = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
  if (step === undefined || shown === undefined) return;
  const { available } = shown;
  const at = available.findIndex((view) =>
    document.activeElement?.id === `tab-${view}`
  );
  const view = available[(at + step + available.length) % available.length];
  showView(view);
  element(`tab-${view}`).focus();
});

function showView(view: View): void {
  for (const tab of Array.from(tabs.children) as HTMLElement[]) {
    const isSelected = tab.id === `tab-${view}`;
    tab.setAttribute("aria-selected", String(isSelected));
    tab.tabIndex = isSelected ? 0 : -1;
  }
  panel.setAttribute("aria-labelledby", `tab-${view}`);
  clearPanel();
  const { bytes } = shown!;
  if (view === "image") panel.append(imageFrame(bytes));
  else if (view === "hex") showHex(bytes);
  else {
    const text = view === "json" ? jsonOf(bytes) : textOf(bytes, false);
    panel.append(...pages(text!));
  }
}

/** Makes the elements for a text. Contents are never parsed as markup. */
function pages(text: string): HTMLElement[] {
  const page = document.createElement("pre");
  page.textContent = text.slice(0, MAX_TEXT);
  if (text.length <= MAX_TEXT) return [page];
  const note = document.createElement("p");
  note.className = "note";
  note.textContent = `Only the first ${
    formatCount(MAX_TEXT)
  } characters are shown. Save the document to see all of it.`;
  return [note, page];
}

function imageFrame(bytes: Uint8Array<ArrayBuffer>): HTMLElement {
  const frame = document.createElement("div");
  frame.className = "image";
  const image = document.createElement("img");
  image.alt = "The document as an image";
  // An <img> never runs the scripts of an SVG.
  image.src = URL.createObjectURL(
    new Blob([bytes], { type: imageTypeOf(bytes) }),
  );
  image.addEventListener("error", () => {
    frame.textContent = "The browser cannot show this image.";
  });
  frame.append(image);
  return frame;
}

function clearPanel(): void {
  const image = panel.querySelector("img");
  if (image !== null) URL.revokeObjectURL(image.src);
  panel.replaceChildren();
  panel.scrollTop = 0;
}

function showHex(bytes: Uint8Array): void {
  const [width] = HEX_WIDTHS
    .find(([, narrowest]) => panel.clientWidth >= narrowest)!;
  const list = new VirtualList({
    lineHeight: HEX_LINE,
    create() {
      const line = document.createElement("div");
      for (const name of ["place", "bytes", "characters"]) {
        const part = document.createElement("span");
        part.className = name;
        line.append(part);
      }
      return line;
    },
    render(line, index) {
      const at = index * width;
      const part = Array.from(bytes.subarray(at, at + width));
      const [place, values, characters] = Array.from(line.children);
      place.textContent = hex(at, 8);
      values.textContent = part.map((byte) => hex(byte, 2)).join(" ")
        .padEnd(3 * width - 1);
      characters.textContent = part.map((byte) =>
        byte >= 32 && byte < 127 ? String.fromCharCode(byte) : "·"
      ).join("");
    },
  });
  list.element.classList.add("hex");
  // So that keys scroll the list.
  list.element.tabIndex = 0;
  panel.append(list.element);
  list.count = Math.ceil(bytes.length / width);
}

function hex(value: number, digits: number): string {
  return value.toString(16).padStart(digits, "0");
}
