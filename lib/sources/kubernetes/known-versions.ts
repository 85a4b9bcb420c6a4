/**
 * Which objects have been passed on, and the version of each: all that is kept of a list, to tell what is new in the
 * next one and what is gone.
 */
export class KnownVersions {
  readonly #versions = new Map<string, number>();
  #listed: Set<string> | undefined;

  /** How many objects there are. */
  get size(): number {
    return this.#versions.size;
  }

  /** Whether a list has begun and not ended. */
  get listing(): boolean {
    return this.#listed !== undefined;
  }

  /** The version of an object that is there. */
  get(key: string): number | undefined {
    return this.#versions.get(key);
  }

  /** Notes an object, as part of the list where one is being read. */
  set(key: string, version: number): void {
    this.#versions.set(key, version);
    this.#listed?.add(key);
  }

  /** Forgets an object. */
  delete(key: string): void {
    this.#versions.delete(key);
    this.#listed?.delete(key);
  }

  /** Begins a list. One that has begun is given up; what was noted for it remains known. */
  beginList(): void {
    this.#listed = new Set();
  }

  /**
   * Ends the list: forgets what was not in it, and gives the keys of that.
   * @param complete false where the list may have missed some, so that nothing is forgotten
   */
  endList(complete: boolean): string[] {
    const listed = this.#listed ?? new Set();
    this.#listed = undefined;
    if (!complete) return [];
    const gone = [...this.#versions.keys()].filter((key) => !listed.has(key));
    for (const key of gone) this.#versions.delete(key);
    return gone;
  }
}
