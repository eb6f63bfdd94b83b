/// <reference lib="dom" />
/** The page: picks a file, lists its documents, shows one. */
import { DocumentList } from "./document_list.ts";
import { hideDocument, showDocument } from "./document_view.ts";
import { formatCount, formatRatio, formatSize } from "./format.ts";
import type { Answer, Progress, Request } from "./messages.ts";
import { element, fillFacts, say } from "./page.ts";

/** Source of the worker, put here when the page is built. */
declare const WORKER_SOURCE: string;

const workerUrl = URL.createObjectURL(
  new Blob([WORKER_SOURCE], { type: "text/javascript" }),
);

const pick = element<HTMLInputElement>("pick");
const filter = element<HTMLInputElement>("filter");
const broken = element<HTMLButtonElement>("broken");

/** What reads the file that is open. */
let worker: Worker | undefined;
/** Number of the filter; what the worker says of rows of another is outdated. */
let version = 0;
/** Number of the filter whose rows are listed. */
let listedVersion = 0;
/** What is known of the file. */
let facts: Record<string, string> = {};

const list = new DocumentList(
  (from, to) => ask({ kind: "rows", from, to }),
  (position) => ask({ kind: "content", position }),
);

function ask(request: Request): void {
  worker?.postMessage(request);
}

/** Opens a file. Whatever went on with another one is over. */
function open(file: File): void {
  worker?.terminate();
  const opened = worker = new Worker(workerUrl);
  opened.onmessage = ({ data }) => receive(data, file);
  opened.onerror = ({ message }) => fail(message);
  hideDocument();
  filter.value = "";
  setBroken(false);
  list.clear();
  for (const id of ["failure", "note"]) say(id, undefined);
  broken.hidden = true;
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
      ask({ kind: "open", file });
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
      if (answer.version === listedVersion) list.take(answer.rows);
      break;
    case "content":
      showDocument(answer.row, answer.bytes);
      // Where there is room for both, the list keeps the keyboard.
      if (filter.offsetParent === null) element("key").focus();
      break;
    case "failed":
      fail(answer.message);
  }
}

function showProgress(progress: Progress, file: File): void {
  const { done, unpacked, documents, gaps, listed, complete, note } = progress;
  const bar = element<HTMLProgressElement>("progress");
  bar.hidden = complete;
  bar.value = file.size === 0 ? 1 : done / file.size;
  if (listedVersion !== version) {
    // Until now, the rows of the filter before have stayed, so that nothing flickers.
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
  // Not every number on the way is to be read aloud.
  element("count").ariaLive = complete ? "polite" : "off";
  say(
    "count",
    isBrokenOnly()
      ? `${formatCount(listed)} broken ranges, beside ${all}`
      : filter.value === ""
      ? all
      : `${formatCount(listed)} of ${all}`,
  );
  broken.hidden = gaps === 0;
  broken.textContent = `${formatCount(gaps)} broken`;
  say(
    "note",
    note ??
      (complete && documents === 0 && gaps === 0
        ? "There are no documents in this file."
        : undefined),
  );
}

function fail(message: string): void {
  say("failure", message);
  element("progress").hidden = true;
}

function isBrokenOnly(): boolean {
  return broken.getAttribute("aria-pressed") === "true";
}

function setBroken(only: boolean): void {
  broken.setAttribute("aria-pressed", String(only));
}

/** Lists what passes the filter, from its beginning. */
function applyFilter(): void {
  version++;
  ask({
    kind: "filter",
    filter: { text: filter.value, onlyBroken: isBrokenOnly() },
    version,
  });
}

/** Goes back to the list. */
function close(): void {
  hideDocument();
  list.focus();
}

pick.addEventListener("change", () => {
  const [file] = pick.files ?? [];
  if (file !== undefined) open(file);
  // The same file may be picked again, when it has changed.
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

broken.addEventListener("click", () => {
  setBroken(!isBrokenOnly());
  applyFilter();
});

element("back").addEventListener("click", close);

document.addEventListener("keydown", (event) => {
  if (worker === undefined) return;
  if (event.key === "Escape") close();
  else if (event.key === "/" && document.activeElement !== filter) {
    // On a narrow page, a document hides the filter.
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
