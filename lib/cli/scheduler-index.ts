import type { ModuleLists } from '../doctor/examined-node.ts';
import { type ModulePlaces, readModuleLists } from './module-lists.ts';

/** Whether a run would find an IPVS scheduler in the kernel, or load it. */
export type SchedulerVerdict = 'there' | 'missing' | 'unknown';

/**
 * The IPVS schedulers that the kernel has or can load, as far as files tell: the kernel itself tells only whoever makes a
 * virtual server, and loads the module for that. It is not known of one that is in no list where a list is missing, as in
 * a container without /lib/modules.
 */
export class SchedulerIndex {
  readonly #inUse: ReadonlySet<string>;
  readonly #modules: ModuleLists;

  private constructor(inUse: ReadonlySet<string>, modules: ModuleLists) {
    this.#inUse = inUse;
    this.#modules = modules;
  }

  /**
   * Reads what there is of loaded modules, of built-in ones and of those that can be loaded. Never rejects.
   *
   * @param inUse schedulers that virtual servers of the kernel have
   */
  static async read(inUse: Iterable<string>, places?: ModulePlaces): Promise<SchedulerIndex> {
    return new SchedulerIndex(new Set(inUse), await readModuleLists(places));
  }

  /** @param scheduler the kernel's name: `rr` */
  verdict(scheduler: string): SchedulerVerdict {
    const module = `ip_vs_${scheduler}`;
    const { there, available } = this.#modules;
    if (this.#inUse.has(scheduler) || there.has(module) || available?.has(module) === true) return 'there';
    return available === undefined ? 'unknown' : 'missing';
  }
}
