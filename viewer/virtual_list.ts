/// <reference lib="dom" />
/** The tallest element that every browser can lay out, in pixels, with room to spare. */
const MAX_HEIGHT = 8_000_000;

/** How long nothing must have scrolled before the scroll bar is put right, in milliseconds. */
const IDLE = 150;

/** What a list shows. */
export interface VirtualListOptions {
  /** Height of each line, in pixels. */
  lineHeight: number;
  /** Makes an element for a line; it is used for many. */
  create(): HTMLElement;
  /** Fills an element with the line at an index. */
  render(line: HTMLElement, index: number): void;
  /** Called when other lines have come into sight. */
  onMove?(): void;
}

/**
 * A list of any number of lines, of which those in sight have elements.
 *
 * Where the lines are higher than an element can be, the scroll bar stands for
 * them in proportion: small movements move the lines by as much, and large ones
 * to the place that the scroll bar shows.
 */
export class VirtualList {
  /** The element that scrolls, to be put into the page. */
  readonly element: HTMLElement = document.createElement("div");
  readonly #options: VirtualListOptions;
  readonly #spacer = document.createElement("div");
  readonly #window = document.createElement("div");
  readonly #lines: HTMLElement[] = [];
  readonly #observer = new ResizeObserver(() => this.#draw());
  #count = 0;
  /** Where the sight begins, in pixels, as if there were no greatest height. */
  #top = 0;
  #scrolledTo = 0;
  #idle: ReturnType<typeof setTimeout> | undefined;

  /** Makes an empty list. */
  constructor(options: VirtualListOptions) {
    this.#options = options;
    this.element.className = "scroller";
    this.element.tabIndex = -1;
    this.#window.className = "window";
    this.#spacer.append(this.#window);
    this.element.append(this.#spacer);
    this.element.addEventListener("scroll", () => this.#onScroll());
    this.#observer.observe(this.element);
  }

  /** Number of lines. */
  get count(): number {
    return this.#count;
  }

  set count(count: number) {
    this.#count = count;
    this.#spacer.style.height = `${Math.min(this.#height, MAX_HEIGHT)}px`;
    this.#draw();
  }

  /** Index of the first line in sight. */
  get first(): number {
    return Math.floor(this.#top / this.#options.lineHeight);
  }

  /** Number of lines that fit, at least one. */
  get fitting(): number {
    const { lineHeight } = this.#options;
    return Math.max(1, Math.floor(this.element.clientHeight / lineHeight));
  }

  /** Brings a line into sight, moving no further than needed. */
  reveal(index: number): void {
    const { lineHeight } = this.#options;
    const top = index * lineHeight;
    const lowest = top + lineHeight - this.element.clientHeight;
    if (this.#top > top) this.#moveTo(top);
    else if (this.#top < lowest) this.#moveTo(lowest);
  }

  /** Fills the lines in sight anew. */
  refresh(): void {
    this.#draw();
  }

  get #height(): number {
    return this.#count * this.#options.lineHeight;
  }

  /** Greatest value of `#top`. */
  get #end(): number {
    return Math.max(0, this.#height - this.element.clientHeight);
  }

  /** Pixels that one pixel of the scroll bar stands for. */
  get #scale(): number {
    const height = Math.min(this.#height, MAX_HEIGHT);
    const way = height - this.element.clientHeight;
    return way > 0 ? this.#end / way : 1;
  }

  #moveTo(top: number): void {
    this.#top = Math.max(0, Math.min(top, this.#end));
    this.#showPlace();
    this.#draw();
  }

  /** Lets the scroll bar show where the sight is. */
  #showPlace(): void {
    this.element.scrollTop = this.#top / this.#scale;
    this.#scrolledTo = this.element.scrollTop;
  }

  #onScroll(): void {
    const { scrollTop, clientHeight, scrollHeight } = this.element;
    const moved = scrollTop - this.#scrolledTo;
    if (moved === 0) return;
    this.#scrolledTo = scrollTop;
    if (this.#scale === 1) this.#top = scrollTop;
    else {
      const isAtEdge = scrollTop <= 0 ||
        scrollTop >= scrollHeight - clientHeight - 1;
      const isSmall = Math.abs(moved) < clientHeight && !isAtEdge;
      this.#top = isSmall ? this.#top + moved : scrollTop * this.#scale;
      clearTimeout(this.#idle);
      this.#idle = setTimeout(() => this.#showPlace(), IDLE);
    }
    this.#draw();
  }

  #draw(): void {
    const { lineHeight, create, render, onMove } = this.#options;
    const { clientHeight } = this.element;
    this.#top = Math.max(0, Math.min(this.#top, this.#end));
    this.#window.style.height = `${Math.min(clientHeight, this.#height)}px`;
    const { first } = this;
    const wanted = Math.min(
      Math.ceil(clientHeight / lineHeight) + 1,
      this.#count - first,
    );
    while (this.#lines.length < wanted) {
      const line = create();
      line.classList.add("line");
      line.style.height = `${lineHeight}px`;
      this.#lines.push(line);
      this.#window.append(line);
    }
    this.#lines.forEach((line, i) => {
      line.hidden = i >= wanted;
      if (line.hidden) return;
      line.style.top = `${(first + i) * lineHeight - this.#top}px`;
      render(line, first + i);
    });
    onMove?.();
  }
}
