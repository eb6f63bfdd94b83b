/// <reference lib="dom" />
import { formatRatio, formatSize } from "./format.ts";
import type { Row } from "./messages.ts";
import { element } from "./page.ts";
import { VirtualList } from "./virtual_list.ts";

/** Height of a row, in pixels; large enough for touch screens. */
const ROW_HEIGHT = 32;

/** Rows above and below the visible ones that are requested with them. */
const MARGIN = 30;

/** The list of documents. Rows are requested from the worker when they become visible. */
export class DocumentList {
  readonly #grid = element("list");
  readonly #request: (from: number, to: number) => void;
  readonly #open: (position: number) => void;
  readonly #list: VirtualList;
  /** Known rows, by position. */
  #rows = new Map<number, Row>();
  /** Position of the selected row. */
  #selected = 0;
  /** Whether a request is pending. */
  #waiting = false;

  /**
   * Creates an empty list.
   *
   * @param request Requests the rows from one position up to, not including, another.
   * @param open Opens the row at a position.
   */
  constructor(
    request: (from: number, to: number) => void,
    open: (position: number) => void,
  ) {
    this.#request = request;
    this.#open = open;
    this.#list = new VirtualList({
      lineHeight: ROW_HEIGHT,
      create: () => this.#createRow(),
      render: (line, position) => this.#render(line, position),
      onMove: () => this.#requestMissing(),
    });
    this.#grid.querySelector(".rows")!.replaceWith(this.#list.element);
    this.#list.element.classList.add("rows");
    this.#list.element.setAttribute("role", "rowgroup");
    this.#grid.addEventListener("keydown", (event) => this.#onKey(event));
  }

  /** Removes all rows, before others are listed. */
  clear(): void {
    this.#rows = new Map();
    this.#waiting = false;
    this.#selected = 0;
    this.setCount(0);
    this.#list.reveal(0);
  }

  /** Sets the number of rows. */
  setCount(count: number): void {
    // Including the header.
    this.#grid.setAttribute("aria-rowcount", String(count + 1));
    this.#list.count = count;
  }

  /** Adds rows from the worker. */
  add(rows: Row[]): void {
    this.#waiting = false;
    for (const row of rows) this.#rows.set(row.position, row);
    this.#list.refresh();
  }

  /** Moves the focus to the list. */
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
      this.#select(Number(row.dataset.position));
      this.#open(this.#selected);
    });
    return row;
  }

  #render(line: HTMLElement, position: number): void {
    const row = this.#rows.get(position);
    line.id = `row-${position}`;
    line.dataset.position = String(position);
    line.setAttribute("aria-rowindex", String(position + 2));
    line.setAttribute("aria-selected", String(position === this.#selected));
    line.classList.toggle("region", row?.isRegion ?? false);
    line.classList.toggle("problem", row?.problem !== undefined);
    const [key, stored, unpacked, ratio] = Array.from(line.children);
    if (row === undefined) {
      key.textContent = "…";
      stored.textContent = unpacked.textContent = ratio.textContent = "";
      return;
    }
    key.textContent = row.isRegion ? `⚠ ${row.problem}` : row.key || "(no key)";
    stored.textContent = formatSize(row.stored);
    unpacked.textContent = row.problem !== undefined && !row.isRegion
      ? "corrupt"
      : row.unpacked === undefined
      ? ""
      : formatSize(row.unpacked);
    ratio.textContent = formatRatio(row.stored, row.unpacked);
    line.title = row.problem ?? row.key;
  }

  /** Requests visible rows that are unknown, unless a request is pending. */
  #requestMissing(): void {
    const { first, fitting, count } = this.#list;
    const last = Math.min(first + fitting + 1, count);
    this.#grid.setAttribute("aria-activedescendant", `row-${this.#selected}`);
    if (this.#waiting) return;
    for (let position = first; position < last; position++) {
      if (this.#rows.has(position)) continue;
      this.#waiting = true;
      // Rows that are no longer visible are dropped.
      this.#rows = new Map(
        [...this.#rows].filter(([at]) => at >= first && at < last),
      );
      this.#request(Math.max(0, first - MARGIN), last + MARGIN);
      return;
    }
  }

  #select(position: number): void {
    this.#selected = Math.max(0, Math.min(position, this.#list.count - 1));
    this.#list.reveal(this.#selected);
    this.#list.refresh();
  }

  #onKey(event: KeyboardEvent): void {
    const { fitting, count } = this.#list;
    const page = Math.max(1, fitting - 1);
    const target = {
      ArrowDown: this.#selected + 1,
      ArrowUp: this.#selected - 1,
      PageDown: this.#selected + page,
      PageUp: this.#selected - page,
      Home: 0,
      End: count - 1,
    }[event.key];
    if (target !== undefined) this.#select(target);
    else if (event.key === "Enter" && count > 0) this.#open(this.#selected);
    else return;
    event.preventDefault();
  }
}
