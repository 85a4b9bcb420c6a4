/**
 * Gives equal texts, and equal lists of texts, as one and the same value: the names of nodes and zones stand in every
 * endpoint. It forgets everything when it is full, so that names that are no longer used do not stay.
 */
export class Interner {
  readonly #most: number;
  readonly #texts = new Map<string, string>();
  readonly #lists = new Map<string, readonly string[]>();

  /** @param most texts, and lists, to remember */
  constructor(most = 20_000) {
    this.#most = most;
  }

  /** A text that is equal. */
  text(text: string): string {
    return this.#remember(this.#texts, text, text);
  }

  /** A list that is equal, and not to be changed. */
  list(list: readonly string[]): readonly string[] {
    if (list.length === 0) return empty;
    if (list.length > 1) return list.map((text) => this.text(text));
    return this.#remember(this.#lists, list[0] ?? '', list);
  }

  #remember<Value>(values: Map<string, Value>, key: string, value: Value): Value {
    const known = values.get(key);
    if (known !== undefined) return known;
    if (values.size >= this.#most) values.clear();
    values.set(key, value);
    return value;
  }
}

const empty: readonly string[] = [];
