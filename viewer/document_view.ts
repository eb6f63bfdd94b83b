/// <reference lib="dom" />
import { indentJson } from "../cli/indent_json.ts";
import { fileNameOf, formatCount, formatRatio, formatSize } from "./format.ts";
import { pictureTypeOf } from "./media_type.ts";
import type { Row } from "./messages.ts";
import { element, fillFacts, say } from "./page.ts";
import { VirtualList } from "./virtual_list.ts";

/** Characters that are shown of a text; browsers lay out more of them too slowly. */
const MAX_TEXT = 1_000_000;

/** Bytes of the largest JSON that is laid out. */
const MAX_JSON = 16 * 1024 ** 2;

/** Height of a line of the hex view, in pixels. */
const HEX_LINE = 20;

/** Bytes on such a line, and the narrowest view for them, in pixels. */
const HEX_WIDTHS = [[16, 640], [8, 330], [4, 0]];

/** The ways to look at a document. */
const views = { text: "Text", json: "JSON", image: "Image", hex: "Hex" };

type View = keyof typeof views;

const tabs = element("tabs");
const panel = element("view");
const save = element<HTMLAnchorElement>("save");

/** What is shown. */
let shown: { bytes: Uint8Array<ArrayBuffer>; available: View[] } | undefined;

/** Shows a document, or what is there instead of one. */
export function showDocument(row: Row, bytes: Uint8Array<ArrayBuffer>): void {
  const { key, offset, stored, unpacked, problem, isGap } = row;
  hideDocument();
  element("document").hidden = false;
  element("key").textContent = isGap ? "Broken range" : key || "(no key)";
  fillFacts(element("document-facts"), {
    Offset: formatCount(offset),
    Stored: formatSize(stored),
    ...(unpacked !== undefined && { Unpacked: formatSize(unpacked) }),
    ...(unpacked !== undefined && { Ratio: formatRatio(stored, unpacked) }),
  });
  say(
    "problem",
    problem &&
      (isGap
        ? `There is no record here: ${problem}.`
        : `${problem}. What follows is the content as it is stored.`),
  );
  // Of this type, because browsers add what they guess to names without a suffix.
  save.href = URL.createObjectURL(
    new Blob([bytes], { type: "application/octet-stream" }),
  );
  save.download = fileNameOf(key, offset);
  const available = availableViews(bytes, problem);
  shown = { bytes, available };
  tabs.replaceChildren(...available.map(makeTab));
  showView(available[0]);
}

/** Forgets the document. */
export function hideDocument(): void {
  element("document").hidden = true;
  URL.revokeObjectURL(save.href);
  clearPanel();
  shown = undefined;
}

/** The views that make sense of a content, the best one first. */
function availableViews(bytes: Uint8Array, problem?: string): View[] {
  if (problem !== undefined) return ["hex", "text"];
  const type = pictureTypeOf(bytes);
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

/** @returns undefined when it is no text and must be. */
function textOf(bytes: Uint8Array, fatal: boolean): string | undefined {
  // A character takes up to four bytes; one that is cut at the end is no error.
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

/** @returns undefined when it is no JSON, or none that text does not show as well. */
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
    const isChosen = tab.id === `tab-${view}`;
    tab.setAttribute("aria-selected", String(isChosen));
    tab.tabIndex = isChosen ? 0 : -1;
  }
  panel.setAttribute("aria-labelledby", `tab-${view}`);
  clearPanel();
  const { bytes } = shown!;
  if (view === "image") panel.append(picture(bytes));
  else if (view === "hex") showHex(bytes);
  else {panel.append(
      ...pages(view === "json" ? jsonOf(bytes)! : textOf(bytes, false)!),
    );}
}

/** A text as elements. Contents are never taken for markup. */
function pages(text: string): HTMLElement[] {
  const page = document.createElement("pre");
  page.textContent = text.slice(0, MAX_TEXT);
  if (text.length <= MAX_TEXT) return [page];
  const note = document.createElement("p");
  note.className = "note";
  note.textContent = `These are the first ${
    formatCount(MAX_TEXT)
  } characters. Save the document to see all.`;
  return [note, page];
}

function picture(bytes: Uint8Array<ArrayBuffer>): HTMLElement {
  const frame = document.createElement("div");
  frame.className = "picture";
  const image = document.createElement("img");
  image.alt = "The document as a picture";
  // An <img> runs no scripts, whatever an SVG has in it.
  image.src = URL.createObjectURL(
    new Blob([bytes], { type: pictureTypeOf(bytes) }),
  );
  image.addEventListener("error", () => {
    frame.textContent = "The browser cannot show this picture.";
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
  // Here, the list is what is scrolled by keys.
  list.element.tabIndex = 0;
  panel.append(list.element);
  list.count = Math.ceil(bytes.length / width);
}

function hex(value: number, digits: number): string {
  return value.toString(16).padStart(digits, "0");
}
