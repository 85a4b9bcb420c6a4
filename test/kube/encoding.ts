import type { KubeObject } from './object.ts';

/** Objects as JSON, each made once: a load of thousands of objects is listed and watched many times. */
export class Texts {
  readonly #made = new WeakMap<object, string>();

  /** The object as JSON. It must not change afterwards. */
  of(object: object): string {
    let text = this.#made.get(object);
    if (text === undefined) {
      text = JSON.stringify(object);
      this.#made.set(object, text);
    }
    return text;
  }

  /** A list object with these items. */
  list(head: { apiVersion: string; kind: string; metadata: object }, items: readonly KubeObject[]): string {
    const start = JSON.stringify(head).slice(0, -1);
    return `${start},"items":[${items.map((item) => this.of(item)).join(',')}]}\n`;
  }
}
