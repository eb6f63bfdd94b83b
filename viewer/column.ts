/** Arrays of numbers that can grow. */
type Numbers = Float64Array<ArrayBuffer> | Uint32Array<ArrayBuffer>;

/** Numbers of millions of rows, in a few bytes each. */
export class Column<T extends Numbers> {
  /** How many there are. */
  length = 0;
  #values: T;
  readonly #type: new (length: number) => T;

  /** Makes an empty one of a type such as `Uint32Array`. */
  constructor(type: new (length: number) => T) {
    this.#type = type;
    this.#values = new type(1024);
  }

  /** Adds a number. */
  push(value: number): void {
    if (this.length === this.#values.length) {
      const larger = new this.#type(2 * this.length);
      larger.set(this.#values);
      this.#values = larger;
    }
    this.#values[this.length++] = value;
  }

  /** Takes the last number away. @returns It. */
  pop(): number {
    return this.#values[--this.length];
  }

  /** The number at an index. */
  at(index: number): number {
    return this.#values[index];
  }
}
