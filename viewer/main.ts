/// <reference lib="dom" />
/** The page: opens a file, lists its documents, shows one. */
import { DocumentList } from "./document_list.ts";
import { hideDocument, showDocument } from "./document_view.ts";
import { formatCount, formatRatio, formatSize } from "./format.ts";
import type { Answer, Progress, Request } from "./messages.ts";
import { element, fillFacts, say } from "./page.ts";

/** Source of the worker; defined by scripts/viewer.ts when it builds the page. */
declare const WORKER_SOURCE: string;

const workerUrl = URL.createObjectURL(
  new Blob([WORKER_SOURCE], { type: "text/javascript" }),
);

const pick = element<HTMLInputElement>("pick");
const filter = element<HTMLInputElement>("filter");
const corrupt = element<HTMLButtonElement>("corrupt");

/** Reads the open file. */
let worker: Worker | undefined;
/** Number of the current filter. Answers for earlier filters are outdated. */
let version = 0;
/** Number of the filter whose rows are shown. */
let listedVersion = 0;
/** Facts about the file. */
let facts: Record<string, string> = {};

const list = new DocumentList(
  (from, to) => request({ kind: "rows", from, to }),
  (position) => request({ kind: "content", position }),
);

function request(message: Request): void {
  worker?.postMessage(message);
}

/** Opens a file, and closes the one before. */
function open(file: File): void {
  worker?.terminate();
  const opened = worker = new Worker(workerUrl);
  opened.onmessage = ({ data }) => receive(data, file);
  opened.onerror = ({ message }) => fail(message);
  hideDocument();
  filter.value = "";
  setCorrupt(false);
  list.clear();
  for (const id of ["failure", "note"]) say(id, undefined);
  corrupt.hidden = true;
  say("file", file.name);
  say("count", "");
  element("pick-label").textContent = "Open another…";
  element("welcome").hidden = true;
  element("browser").hidden = false;
  facts = { Size: formatSize(file.size) };
  fillFacts(element("facts"), facts);
  document.title = `${file.name} – binfiles viewer`;
  list.focus();
}

function receive(answer: Answer, file: File): void {
  switch (answer.kind) {
    case "ready":
      request({ kind: "open", file });
      applyFilter();
      break;
    case "opened":
      facts = {
        Size: formatSize(file.size),
        Codec: answer.codec,
        ...(answer.packageCodec !== "none" && { Package: answer.packageCodec }),
      };
      fillFacts(element("facts"), facts);
      break;
    case "progress":
      if (answer.version === version) showProgress(answer.progress, file);
      break;
    case "rows":
      if (answer.version === listedVersion) list.add(answer.rows);
      break;
    case "content":
      showDocument(answer.row, answer.bytes);
      // If both are visible, the list keeps the focus.
      if (filter.offsetParent === null) element("key").focus();
      break;
    case "failed":
      fail(answer.message);
  }
}

function showProgress(progress: Progress, file: File): void {
  const { done, unpacked, documents, regions, listed, complete, note } =
    progress;
  const bar = element<HTMLProgressElement>("progress");
  bar.hidden = complete;
  bar.value = file.size === 0 ? 1 : done / file.size;
  if (listedVersion !== version) {
    // The rows of the previous filter were kept until now, to avoid flicker.
    listedVersion = version;
    list.clear();
  }
  list.setCount(listed);
  if (unpacked !== undefined) {
    fillFacts(element("facts"), {
      ...facts,
      Unpacked: formatSize(unpacked),
      Ratio: formatRatio(done, unpacked),
    });
  }
  const all = `${formatCount(documents)} documents` +
    (complete ? "" : " so far");
  // Screen readers announce only the final number.
  element("count").ariaLive = complete ? "polite" : "off";
  say(
    "count",
    isCorruptOnly()
      ? `${formatCount(listed)} corrupted regions, ${all}`
      : filter.value === ""
      ? all
      : `${formatCount(listed)} of ${all}`,
  );
  corrupt.hidden = regions === 0;
  corrupt.textContent = `${formatCount(regions)} corrupt`;
  say(
    "note",
    note ??
      (complete && documents === 0 && regions === 0
        ? "There are no documents in this file."
        : undefined),
  );
}

function fail(message: string): void {
  say("failure", message);
  element("progress").hidden = true;
}

function isCorruptOnly(): boolean {
  return corrupt.getAttribute("aria-pressed") === "true";
}

function setCorrupt(only: boolean): void {
  corrupt.setAttribute("aria-pressed", String(only));
}

/** Sends the filter to the worker. */
function applyFilter(): void {
  version++;
  request({
    kind: "filter",
    filter: { text: filter.value, onlyCorrupt: isCorruptOnly() },
    version,
  });
}

/** Closes the document. */
function close(): void {
  hideDocument();
  list.focus();
}

pick.addEventListener("change", () => {
  const [file] = pick.files ?? [];
  if (file !== undefined) open(file);
  // So that the same file can be opened again after it has changed.
  pick.value = "";
});

filter.addEventListener("input", applyFilter);
filter.addEventListener("keydown", (event) => {
  if (event.key === "ArrowDown" || event.key === "Enter") list.focus();
  else if (event.key !== "Escape") return;
  else if (filter.value === "") list.focus();
  else {
    filter.value = "";
    applyFilter();
  }
  event.preventDefault();
  event.stopPropagation();
});

corrupt.addEventListener("click", () => {
  setCorrupt(!isCorruptOnly());
  applyFilter();
});

element("back").addEventListener("click", close);

document.addEventListener("keydown", (event) => {
  if (worker === undefined) return;
  if (event.key === "Escape") close();
  else if (event.key === "/" && document.activeElement !== filter) {
    // On a narrow page, the open document hides the filter.
    if (filter.offsetParent === null) close();
    filter.focus();
    filter.select();
  } else return;
  event.preventDefault();
});

document.addEventListener("dragover", (event) => {
  event.preventDefault();
  document.body.classList.add("dropping");
});
document.addEventListener("dragleave", (event) => {
  if (event.relatedTarget === null) document.body.classList.remove("dropping");
});
document.addEventListener("drop", (event) => {
  event.preventDefault();
  document.body.classList.remove("dropping");
  const [file] = event.dataTransfer?.files ?? [];
  if (file !== undefined) open(file);
});
