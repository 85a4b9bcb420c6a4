/** Readings that are made when they are first asked for, and once. */
export class Once {
  readonly #begun = new Map<string, Promise<unknown>>();

  /** Gives what a reading of this name gave or will give; begins it where it is the first. */
  read<Value>(name: string, begin: () => Promise<Value>): Promise<Value> {
    const known = this.begun<Value>(name) ?? begin();
    this.#begun.set(name, known);
    return known;
  }

  /** A reading that was begun. */
  begun<Value>(name: string): Promise<Value> | undefined {
    return this.#begun.get(name) as Promise<Value> | undefined;
  }
}
