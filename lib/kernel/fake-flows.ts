import { familyOf } from '../model/family.ts';
import type { Flow, FlowFilter, FlowTable } from './flow-table.ts';
import type { TableError } from './table.ts';

/** Flows in memory. */
export class FakeFlows implements FlowTable {
  /** What the kernel keeps track of. */
  flows: readonly Flow[] = [];
  /** The filter of every look that did not fail. */
  readonly looks: FlowFilter[] = [];
  /** What every look is refused with. */
  failure: TableError | undefined;
  /** What a look takes; nothing unless told otherwise. */
  spend: () => void = () => undefined;

  forget(filter: FlowFilter, isStale: (flow: Flow) => boolean): Promise<number> {
    this.spend();
    if (this.failure !== undefined) return Promise.reject(this.failure);
    this.looks.push(filter);
    const before = this.flows.length;
    this.flows = this.flows.filter((flow) => !passes(flow, filter) || !isStale(flow));
    return Promise.resolve(before - this.flows.length);
  }
}

function passes({ protocol, destination }: Flow, filter: FlowFilter): boolean {
  return (
    protocol === filter.protocol &&
    familyOf(destination.address) === filter.family &&
    (filter.address ?? destination.address) === destination.address &&
    (filter.port ?? destination.port) === destination.port
  );
}
