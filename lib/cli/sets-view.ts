import type { KernelSet } from '../../native-bindings/ipset.ts';
import { setEntry } from '../model/ip-set.ts';
import type { ServiceKey } from '../model/service.ts';
import { planService } from '../planner/service-plan.ts';
import type { Knowledge } from './knowledge.ts';
import { setPurpose } from './output/set-purposes.ts';

/** A set, as it is shown. */
export interface SetView {
  readonly name: string;
  readonly type: string;
  /** `null` for types without addresses. */
  readonly family: 'IPv4' | 'IPv6' | null;
  /** Elements in it, `null` where the kernel (before 4.9) does not tell. */
  readonly elements: number | null;
  /** Most elements that it takes, `null` where there is no such limit. */
  readonly maximum: number | null;
  /** Rules and sets that refer to it. */
  readonly references: number;
  /** What is in it; `null` where it is none of kube-ipvs. */
  readonly purpose: string | null;
}

/** An element, as it is shown. */
export interface ElementView {
  readonly set: string;
  /** In the notation of ipset(8). */
  readonly element: string;
  /** Those that it is for, `null` where the names of Kubernetes are not known. */
  readonly services: readonly ServiceKey[] | null;
}

/** The services that set entries are wanted for, by the key of the entry; `undefined` where they are not known. */
export type ElementOwners = ReadonlyMap<string, readonly ServiceKey[]> | undefined;

/** Every set, by name. */
export function setViews(sets: readonly KernelSet[]): SetView[] {
  return sets
    .toSorted((a, b) => compareText(a.name, b.name))
    .map(({ name, type, family, elements, maximumElements, references }) => ({
      ...{ name, type, family: family ?? null, elements: elements ?? null },
      ...{ maximum: maximumElements ?? null, references, purpose: setPurpose(name) ?? null },
    }));
}

/** Which services want each set entry. */
export function elementOwners(knowledge: Knowledge | undefined): ElementOwners {
  if (knowledge === undefined) return undefined;
  const owners = new Map<string, ServiceKey[]>();
  for (const state of knowledge.states) {
    const plan = planService(state, knowledge.node, knowledge.options);
    const entries = [...plan.setEntries, ...plan.virtualServers.flatMap(({ setEntries = [] }) => setEntries)];
    for (const key of new Set(entries.map((entry) => entry.key))) {
      owners.set(key, [...(owners.get(key) ?? []), plan.service]);
    }
  }
  return owners;
}

/** The elements of a set, sorted as text. */
export function elementViews(set: string, elements: readonly string[], owners: ElementOwners): ElementView[] {
  return elements.toSorted(compareText).map((element) => ({
    ...{ set, element },
    services: owners === undefined ? null : (owners.get(setEntry(set, element).key) ?? []),
  }));
}

function compareText(a: string, b: string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}
