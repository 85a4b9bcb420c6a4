import { hasCode, type NetlinkError } from '../../native-bindings/error.ts';
import type { IpSets, KernelSet } from '../../native-bindings/ipset.ts';
import type { IpFamily } from '../model/family.ts';
import { type IpSet, kubeSets, type SetType } from '../model/ip-set.ts';
import { orTableError } from './batch-write.ts';
import { sameSet } from './equality.ts';
import { type Change, type Refusal, type Refusals, type Table, TableError } from './table.ts';

/**
 * The revision that a set of each type is made with, where the kernel has it: the last before Linux 4.19. A newer one
 * would bring nothing that is needed here, and an older ipset(8), on the node or in a kube-proxy that the node goes back
 * to, could not list the sets.
 */
const revisions: Readonly<Record<SetType, number>> = {
  'hash:ip': 4,
  'hash:ip,port': 5,
  'hash:ip,port,ip': 5,
  'hash:ip,port,net': 7,
  'bitmap:port': 3,
};

const setTypes: ReadonlySet<string> = new Set(Object.values(kubeSets));

/**
 * The IP sets of the node, empty or not. Sets of other types than ours are not read. One that exists with another type
 * or family than wanted is refused with the code `set-type`, for what is in it may be someone's.
 *
 * A set is made for 65536 elements, as kube-proxy makes it; `SetEntries` enlarges it when that is not enough.
 */
export class Sets implements Table<IpSet> {
  readonly name = 'sets';
  readonly #sets: IpSets;

  constructor(sets: IpSets) {
    this.#sets = sets;
  }

  // eslint-disable-next-line @typescript-eslint/require-await -- what it throws has to become a rejection
  async read(): Promise<ReadonlyMap<string, IpSet>> {
    const ours = this.#list().filter((set) => setTypes.has(set.type));
    return new Map(ours.map((set) => [set.name, ipSetOf(set)]));
  }

  // eslint-disable-next-line @typescript-eslint/require-await -- what it throws has to become a rejection
  async apply(changes: readonly Change<IpSet>[]): Promise<Refusals> {
    const present = new Map(this.#list().map((set) => [set.name, set]));
    const refusals = new Map<string, Refusal>();
    const needed: Change<IpSet>[] = [];
    for (const change of changes) {
      const set = present.get(change.key);
      const refusal = set && change.after && clash(set, change.after);
      if (refusal !== undefined) refusals.set(change.key, refusal);
      else if ((set === undefined) === (change.after !== undefined)) needed.push(change);
    }
    this.#write(needed, refusals);
    return refusals;
  }

  equals(a: IpSet, b: IpSet): boolean {
    return sameSet(a, b);
  }

  #list(): KernelSet[] {
    return orTableError(this.name, () => this.#sets.list());
  }

  /** Makes sets that are not there and destroys sets that are. */
  #write(changes: readonly Change<IpSet>[], refusals: Map<string, Refusal>): void {
    const batch = this.#sets.batch();
    for (const { key, after } of changes) {
      if (after === undefined) batch.destroy(key);
      else batch.create({ ...after, revision: this.#revision(after) });
    }
    const outcomes = orTableError(this.name, () => batch.run());
    for (const [index, { key, after }] of changes.entries()) {
      const refusal = this.#refusal(after, outcomes[index]);
      if (refusal !== undefined) refusals.set(key, refusal);
    }
  }

  /** A kernel that does not tell its revisions does not have the type: making the set then tells so. */
  #revision({ type, family }: IpSet): number {
    try {
      return Math.min(revisions[type], this.#sets.typeRevision(type, family).highest);
    } catch {
      return 0;
    }
  }

  #refusal(wanted: IpSet | undefined, error: NetlinkError | undefined): Refusal | undefined {
    if (error === undefined || (wanted === undefined && hasCode(error, 'ENOENT'))) return undefined;
    if (hasCode(error, 'EPERM')) {
      const message = `${error.message}; run as root or with the capability CAP_NET_ADMIN`;
      throw new TableError(this.name, error.code, message, { cause: error });
    }
    const message = `${error.message}; ${advice(wanted, error)}`;
    return { code: error.code, operation: error.operation, message };
  }
}

/** What to do about a set that could not be made or removed. */
function advice(wanted: IpSet | undefined, error: NetlinkError): string {
  if (wanted === undefined) return 'remove the rules that refer to it first (iptables-save shows them)';
  if (!hasCode(error, 'IPSET_ERR_FIND_TYPE')) return 'look at the sets of the node with ipset list -t';
  const module = `ip_set_${wanted.type.replace(':', '_').replaceAll(',', '')}`;
  return `load the kernel module of the type (modprobe ${module})`;
}

/** The refusal of a set whose name another kind of set has already. */
function clash(present: KernelSet, wanted: IpSet): Refusal | undefined {
  if (sameSet(ipSetOf(present, wanted.family), wanted)) return undefined;
  return {
    code: 'set-type',
    operation: `create set ${wanted.name}`,
    message:
      `expected set ${wanted.name} to be ${wanted.type} of ${wanted.family}, got ${present.type} of ` +
      `${present.family ?? 'no family'}, which is left alone; if nobody needs it, stop kube-ipvs, run ` +
      `kube-ipvs cleanup and ipset destroy ${wanted.name}, and start it again`,
  };
}

/** @param family that of a set of a type without addresses; told by the name where it is left out */
function ipSetOf(set: KernelSet, family: IpFamily = set.name.startsWith('KUBE-6-') ? 'IPv6' : 'IPv4'): IpSet {
  return { key: set.name, name: set.name, type: set.type as SetType, family: set.family ?? family };
}
