/// <reference lib="dom" />
import { formatRatio, formatSize } from "./format.ts";
import type { Row } from "./messages.ts";
import { element } from "./page.ts";
import { VirtualList } from "./virtual_list.ts";

/** Height of a row, in pixels: high enough for fingers. */
const ROW_HEIGHT = 32;

/** Rows beyond those in sight that are asked for as well. */
const MARGIN = 30;

/** The list of documents: rows come from the worker as they come into sight. */
export class DocumentList {
  readonly #grid = element("list");
  readonly #ask: (from: number, to: number) => void;
  readonly #open: (position: number) => void;
  readonly #list: VirtualList;
  /** Rows that are known, by their positions. */
  #rows = new Map<number, Row>();
  /** The row that keys act on. */
  #chosen = 0;
  /** Whether rows were asked for and have not come. */
  #waiting = false;

  /**
   * Makes an empty list.
   *
   * @param ask Called to ask for rows.
   * @param open Called when a row is to be opened.
   */
  constructor(
    ask: (from: number, to: number) => void,
    open: (position: number) => void,
  ) {
    this.#ask = ask;
    this.#open = open;
    this.#list = new VirtualList({
      lineHeight: ROW_HEIGHT,
      create: () => this.#createRow(),
      render: (line, position) => this.#render(line, position),
      onMove: () => this.#askForMissing(),
    });
    this.#grid.querySelector(".rows")!.replaceWith(this.#list.element);
    this.#list.element.classList.add("rows");
    this.#list.element.setAttribute("role", "rowgroup");
    this.#grid.addEventListener("keydown", (event) => this.#onKey(event));
  }

  /** Starts over: other rows are listed. */
  clear(): void {
    this.#rows = new Map();
    this.#waiting = false;
    this.#chosen = 0;
    this.setCount(0);
    this.#list.reveal(0);
  }

  /** Sets the number of rows. */
  setCount(count: number): void {
    // The header is a row, too.
    this.#grid.setAttribute("aria-rowcount", String(count + 1));
    this.#list.count = count;
  }

  /** Takes rows from the worker. */
  take(rows: Row[]): void {
    this.#waiting = false;
    for (const row of rows) this.#rows.set(row.position, row);
    this.#list.refresh();
  }

  /** Gives it the keyboard. */
  focus(): void {
    this.#grid.focus();
  }

  #createRow(): HTMLElement {
    const row = document.createElement("div");
    row.className = "row";
    row.setAttribute("role", "row");
    for (const name of ["key", "stored", "unpacked", "ratio"]) {
      const cell = document.createElement("span");
      cell.className = name === "key" ? name : `number ${name}`;
      cell.setAttribute("role", "gridcell");
      row.append(cell);
    }
    row.addEventListener("click", () => {
      this.#choose(Number(row.dataset.position));
      this.#open(this.#chosen);
    });
    return row;
  }

  #render(line: HTMLElement, position: number): void {
    const row = this.#rows.get(position);
    line.id = `row-${position}`;
    line.dataset.position = String(position);
    line.setAttribute("aria-rowindex", String(position + 2));
    line.setAttribute("aria-selected", String(position === this.#chosen));
    line.classList.toggle("gap", row?.isGap ?? false);
    line.classList.toggle("problem", row?.problem !== undefined);
    const [key, stored, unpacked, ratio] = Array.from(line.children);
    if (row === undefined) {
      key.textContent = "…";
      stored.textContent = unpacked.textContent = ratio.textContent = "";
      return;
    }
    key.textContent = row.isGap ? `⚠ ${row.problem}` : row.key || "(no key)";
    stored.textContent = formatSize(row.stored);
    unpacked.textContent = row.problem !== undefined && !row.isGap
      ? "damaged"
      : row.unpacked === undefined
      ? ""
      : formatSize(row.unpacked);
    ratio.textContent = formatRatio(row.stored, row.unpacked);
    line.title = row.problem ?? row.key;
  }

  /** Asks for rows in sight that are not known, if any, and nothing else is being asked for. */
  #askForMissing(): void {
    const { first, fitting, count } = this.#list;
    const last = Math.min(first + fitting + 1, count);
    this.#grid.setAttribute("aria-activedescendant", `row-${this.#chosen}`);
    if (this.#waiting) return;
    for (let position = first; position < last; position++) {
      if (this.#rows.has(position)) continue;
      this.#waiting = true;
      // Those that are out of sight are forgotten.
      this.#rows = new Map(
        [...this.#rows].filter(([at]) => at >= first && at < last),
      );
      this.#ask(Math.max(0, first - MARGIN), last + MARGIN);
      return;
    }
  }

  #choose(position: number): void {
    this.#chosen = Math.max(0, Math.min(position, this.#list.count - 1));
    this.#list.reveal(this.#chosen);
    this.#list.refresh();
  }

  #onKey(event: KeyboardEvent): void {
    const { fitting, count } = this.#list;
    const page = Math.max(1, fitting - 1);
    const target = {
      ArrowDown: this.#chosen + 1,
      ArrowUp: this.#chosen - 1,
      PageDown: this.#chosen + page,
      PageUp: this.#chosen - page,
      Home: 0,
      End: count - 1,
    }[event.key];
    if (target !== undefined) this.#choose(target);
    else if (event.key === "Enter" && count > 0) this.#open(this.#chosen);
    else return;
    event.preventDefault();
  }
}
