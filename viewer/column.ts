/** The arrays that a column can use. */
type Numbers = Float64Array<ArrayBuffer> | Uint32Array<ArrayBuffer>;

/** A growing typed array: one number for each of millions of rows. */
export class Column<T extends Numbers> {
  /** How many numbers there are. */
  length = 0;
  #values: T;
  readonly #type: new (length: number) => T;

  /** Creates an empty column of an array type, such as `Uint32Array`. */
  constructor(type: new (length: number) => T) {
    this.#type = type;
    this.#values = new type(1024);
  }

  /** Appends a number. */
  push(value: number): void {
    if (this.length === this.#values.length) {
      const larger = new this.#type(2 * this.length);
      larger.set(this.#values);
      this.#values = larger;
    }
    this.#values[this.length++] = value;
  }

  /** Removes the last number and returns it. */
  pop(): number {
    return this.#values[--this.length];
  }

  /** Returns the number at an index. */
  at(index: number): number {
    return this.#values[index];
  }
}
