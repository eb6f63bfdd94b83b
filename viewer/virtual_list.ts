/// <reference lib="dom" />
/** Height in pixels that every browser can lay out. */
const MAX_HEIGHT = 8_000_000;

/** Milliseconds without scrolling after which the scroll bar is corrected. */
const IDLE = 150;

/** How a list shows its lines. */
export interface VirtualListOptions {
  /** Height of each line, in pixels. */
  lineHeight: number;
  /** Creates an element, which shows different lines over time. */
  create(): HTMLElement;
  /** Shows the line at an index in an element. */
  render(line: HTMLElement, index: number): void;
  /** Called after every redraw, which may have made other lines visible. */
  onMove?(): void;
}

/**
 * A list of any number of lines. Only visible lines have elements.
 *
 * If all lines together are taller than an element can be, the scroll bar is
 * scaled: small movements scroll by as many pixels, large ones jump to the
 * position that the scroll bar shows.
 */
export class VirtualList {
  /** The scrolling element, for the page. */
  readonly element: HTMLElement = document.createElement("div");
  readonly #options: VirtualListOptions;
  readonly #spacer = document.createElement("div");
  readonly #window = document.createElement("div");
  readonly #lines: HTMLElement[] = [];
  readonly #observer = new ResizeObserver(() => this.#draw());
  #count = 0;
  /** Scroll position, in pixels, before scaling. */
  #top = 0;
  #scrolledTo = 0;
  #idle: ReturnType<typeof setTimeout> | undefined;

  /** Creates an empty list. */
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

  /** Index of the first visible line. */
  get first(): number {
    return Math.floor(this.#top / this.#options.lineHeight);
  }

  /** Number of lines that fit; at least one. */
  get fitting(): number {
    const { lineHeight } = this.#options;
    return Math.max(1, Math.floor(this.element.clientHeight / lineHeight));
  }

  /** Scrolls just far enough to make a line visible. */
  reveal(index: number): void {
    const { lineHeight } = this.#options;
    const top = index * lineHeight;
    const lowest = top + lineHeight - this.element.clientHeight;
    if (this.#top > top) this.#moveTo(top);
    else if (this.#top < lowest) this.#moveTo(lowest);
  }

  /** Redraws the visible lines. */
  refresh(): void {
    this.#draw();
  }

  get #height(): number {
    return this.#count * this.#options.lineHeight;
  }

  /** Largest value of `#top`. */
  get #end(): number {
    return Math.max(0, this.#height - this.element.clientHeight);
  }

  /** Pixels of the list for each pixel of the scroll bar. */
  get #scale(): number {
    const height = Math.min(this.#height, MAX_HEIGHT);
    const range = height - this.element.clientHeight;
    return range > 0 ? this.#end / range : 1;
  }

  #moveTo(top: number): void {
    this.#top = Math.max(0, Math.min(top, this.#end));
    this.#updateScrollBar();
    this.#draw();
  }

  /** Sets the scroll bar from `#top`. */
  #updateScrollBar(): void {
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
      this.#idle = setTimeout(() => this.#updateScrollBar(), IDLE);
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
