import { release } from 'node:os';
import { join } from 'node:path';
import { textOf } from './text-file.ts';

/** Whether a run would find an IPVS scheduler in the kernel, or load it. */
export type SchedulerVerdict = 'there' | 'missing' | 'unknown';

/** Where the files are, unless it is told. */
export interface SchedulerIndexPlaces {
  /** Where proc(5) is mounted. */
  readonly proc?: string;
  /** Where the modules of the running kernel are, with the lists that depmod(8) makes. */
  readonly modules?: string;
}

/** The module of a scheduler, as a list of modules has it: as a name, or as the path of a file that may be compressed. */
const moduleNames = /(?:^|\/)ip_vs_(\w+)(?=\.ko|\s)/gm;

/**
 * The IPVS schedulers that the kernel has or can load, as far as files tell: the kernel itself tells only whoever makes a
 * virtual server, and loads the module for that. It is not known of one that is in no list where a list is missing, as in
 * a container without /lib/modules.
 */
export class SchedulerIndex {
  readonly #there: ReadonlySet<string>;
  readonly #complete: boolean;

  private constructor(there: ReadonlySet<string>, complete: boolean) {
    this.#there = there;
    this.#complete = complete;
  }

  /**
   * Reads what there is of loaded modules, of built-in ones and of those that can be loaded. Never rejects.
   *
   * @param inUse schedulers that virtual servers of the kernel have
   */
  static async read(
    inUse: Iterable<string>,
    { proc = '/proc', modules = join('/lib/modules', release()) }: SchedulerIndexPlaces = {},
  ): Promise<SchedulerIndex> {
    const [loaded, builtIn, loadable, disabled] = await Promise.all([
      textOf(join(proc, 'modules')),
      textOf(join(modules, 'modules.builtin')),
      textOf(join(modules, 'modules.dep')),
      textOf(join(proc, 'sys/kernel/modules_disabled')),
    ]);
    const lists = [loaded, builtIn, disabled?.trim() === '1' ? '' : loadable];
    const names = lists.flatMap((text = '') => [...text.matchAll(moduleNames)].map(([, name = '']) => name));
    return new SchedulerIndex(new Set([...inUse, ...names]), builtIn !== undefined && loadable !== undefined);
  }

  /** @param scheduler the kernel's name: `rr` */
  verdict(scheduler: string): SchedulerVerdict {
    if (this.#there.has(scheduler)) return 'there';
    return this.#complete ? 'missing' : 'unknown';
  }
}
