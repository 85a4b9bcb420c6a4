import type { PlaceParts } from './place.ts';
import { Place } from './place.ts';
import { emptyNamespaces } from './processes.ts';

/** A pod, or a machine outside the cluster: something that can go away. */
export class Guest extends Place {
  readonly #forget: () => void;

  /** @param forget called when it is removed */
  constructor(parts: PlaceParts, forget: () => void) {
    super(parts);
    this.#forget = forget;
  }

  /** Takes it away with its addresses and its cable, as deleting a pod does. */
  async remove(): Promise<void> {
    await this.kill();
    await emptyNamespaces([this.netns]);
    await this.processes.must(['ip', 'netns', 'del', this.netns]);
    this.#forget();
  }
}
