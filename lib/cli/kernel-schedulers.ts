/** The IPVS schedulers of the kernel, as far as anyone has asked for them: a module is not loaded for nobody. */
export class KernelSchedulers {
  readonly #has: (name: string) => boolean;
  readonly #asked = new Map<string, boolean>();

  /** @param has whether the kernel has a scheduler, or loads it when it is asked for it */
  constructor(has: (name: string) => boolean) {
    this.#has = has;
  }

  /** Those that were asked for and are there. */
  get found(): readonly string[] {
    return [...this.#asked].filter(([, there]) => there).map(([name]) => name);
  }

  /** Looks for one that has not been asked for before. Gives whether there was any to look for. */
  ask(name: string): boolean {
    if (this.#asked.has(name)) return false;
    this.#asked.set(name, this.#has(name));
    return true;
  }

  /** Looks again for those that were missing, and gives those that are there now: modules are loaded by people too. */
  askAgain(): readonly string[] {
    const missing = [...this.#asked].filter(([, there]) => !there).map(([name]) => name);
    const come = missing.filter((name) => this.#has(name));
    for (const name of come) this.#asked.set(name, true);
    return come;
  }
}
