import { addressFamilies } from './address.ts';
import type { Batch, Outcomes } from './batch.ts';
import { ByteWriter } from './byte-writer.ts';
import type { NetlinkError } from './error.ts';
import {
  ipsetBulkAttributes,
  ipsetCommandAttributes,
  ipsetCommands,
  type IpsetCommandValues,
  ipsetElementItem,
  type IpsetElementValues,
  ipsetProtocol,
} from './ipset-attributes.ts';
import { parseElement } from './ipset-element.ts';
import { explainIpset } from './ipset-error.ts';
import { messageFlags, type Request } from './message.ts';
import { netfilterSubsystems, netfilterType, writeNetfilterHeader } from './nfnetlink.ts';

/** A set to be made. */
export interface IpSetSpec {
  readonly name: string;
  /** `hash:ip,port`, `bitmap:port`, …; a `bitmap:port` set takes every port. */
  readonly type: string;
  /** See `IpSets.typeRevision`. */
  readonly revision: number;
  /** Of the addresses in it; without a meaning for `bitmap:port`. */
  readonly family: 'IPv4' | 'IPv6';
  /** Hash types: buckets to begin with, a power of two; the kernel adds more by itself. 1024 where it is left out. */
  readonly hashSize?: number;
  /** Hash types: most elements that it takes. 65536 where it is left out. */
  readonly maximumElements?: number;
}

/** One element to be added or deleted; the element itself stands in the batch's bytes. */
interface ElementStep {
  readonly command: number;
  readonly set: string;
  readonly bitmap: boolean;
  readonly start: number;
  readonly end: number;
}

type Step = Request | ElementStep;

/** Elements in one message: 256 of the largest are 20 KiB, so that the refusal of a whole message is small as well. */
const elementsPerMessage = 256;

/** Builds a request. */
export function ipsetRequest(
  operation: string,
  command: number,
  values: IpsetCommandValues,
  flags = 0,
): Request {
  return {
    operation,
    type: netfilterType(netfilterSubsystems.ipset, command),
    flags,
    write(writer) {
      writeNetfilterHeader(writer, addressFamilies.IPv4);
      ipsetCommandAttributes.encode(writer, { protocol: ipsetProtocol, ...values });
    },
  };
}

/**
 * Changes of sets, done in the order in which they were added. Elements of one set that follow each other go to the
 * kernel many to a message. It stops such a message at the first element that it refuses, so those of a refused message
 * are sent again one by one: adding what is there and deleting what is gone is a success.
 */
export class IpSetBatch {
  readonly #batch: Batch;
  readonly #steps: Step[] = [];
  /** Every element, encoded, one behind the other. */
  readonly #elements = new ByteWriter();

  constructor(batch: Batch) {
    this.#batch = batch;
  }

  /** Changes in it. */
  get size(): number {
    return this.#steps.length;
  }

  /** Makes a set. `EEXIST` where one of the name exists, whatever it is like. */
  create(spec: IpSetSpec): void {
    const values = {
      name: spec.name,
      type: spec.type,
      revision: spec.revision,
      family: spec.type.startsWith('bitmap:') ? 0 : addressFamilies[spec.family],
      header: headerOf(spec),
    };
    const flags = messageFlags.create | messageFlags.exclusive;
    this.#steps.push(ipsetRequest(`create set ${spec.name}`, ipsetCommands.CREATE, values, flags));
  }

  /** Removes a set. `ENOENT` or nothing (by kernel) where there is none, `IPSET_ERR_BUSY` where a rule refers to it. */
  destroy(name: string): void {
    this.#steps.push(ipsetRequest(`destroy set ${name}`, ipsetCommands.DESTROY, { name }));
  }

  /** Removes every element of a set. */
  flush(name: string): void {
    this.#steps.push(ipsetRequest(`flush set ${name}`, ipsetCommands.FLUSH, { name }));
  }

  /** Gives two sets of one type each other's content in one step; rules go on referring to the name. */
  swap(name: string, other: string): void {
    this.#steps.push(
      ipsetRequest(`swap sets ${name} and ${other}`, ipsetCommands.SWAP, { name, type: other }),
    );
  }

  /** Renames a set that no rule refers to. */
  rename(name: string, other: string): void {
    this.#steps.push(
      ipsetRequest(`rename set ${name} to ${other}`, ipsetCommands.RENAME, { name, type: other }),
    );
  }

  /** Adds an element, see `parseElement`. Throws `invalid-argument` where it is none. */
  add(set: string, element: string): void {
    this.#addElement(ipsetCommands.ADD, set, parseElement(element));
  }

  /** Deletes an element, see `parseElement`. Throws `invalid-argument` where it is none. */
  delete(set: string, element: string): void {
    this.#addElement(ipsetCommands.DEL, set, parseElement(element));
  }

  /**
   * Does everything and gives the result of each change. The batch is empty afterwards and may be used again. Throws
   * where the results cannot be known.
   */
  run(): Outcomes {
    const outcomes: (NetlinkError | undefined)[] = [];
    try {
      while (outcomes.length < this.#steps.length) {
        for (const outcome of this.#runAlike(outcomes.length)) outcomes.push(outcome);
      }
    } finally {
      this.#steps.length = 0;
      this.#elements.clear();
    }
    return outcomes;
  }

  #addElement(command: number, set: string, element: IpsetElementValues): void {
    const start = this.#elements.length;
    try {
      ipsetElementItem.encode(this.#elements, { element });
    } catch (error) {
      this.#elements.length = start;
      throw error;
    }
    const bitmap = element.address === undefined;
    this.#steps.push({ command, set, bitmap, start, end: this.#elements.length });
  }

  /** Runs the changes from `start` on that are all of elements or none. */
  #runAlike(start: number): Outcomes {
    const ofElements = isElement(this.#steps[start]);
    const end = this.#steps.findIndex((step, index) => index > start && isElement(step) !== ofElements);
    const steps = this.#steps.slice(start, end === -1 ? undefined : end);
    return ofElements
      ? this.#runElements(steps.filter(isElement))
      : this.#runRequests(steps.filter(isRequest));
  }

  #runRequests(requests: readonly Request[]): Outcomes {
    for (const request of requests) this.#batch.add(request);
    return this.#batch.run().map((error) => error && explainIpset(error, false));
  }

  #runElements(steps: readonly ElementStep[]): Outcomes {
    const groups = groupsOf(steps);
    for (const group of groups) this.#batch.add(this.#elementsRequest(group));
    const refused = this.#batch.run();
    return groups.flatMap((group, index) => {
      const error = refused[index];
      if (error === undefined) return group.map(() => undefined);
      return group.length === 1 ? [explainElement(error, group[0])] : this.#runSingly(group);
    });
  }

  #runSingly(group: readonly ElementStep[]): Outcomes {
    for (const step of group) this.#batch.add(this.#elementsRequest([step]));
    return this.#batch.run().map((error, index) => error && explainElement(error, group[index]));
  }

  /** The request of one element, or of many that stand behind each other. */
  #elementsRequest(group: readonly ElementStep[]): Request {
    const [first] = group;
    const { command, set: name } = first ?? { command: 0, set: '' };
    const items = this.#elements.bytes.subarray(first?.start, group.at(-1)?.end);
    return {
      operation: `${command === ipsetCommands.ADD ? 'add element to' : 'delete element from'} set ${name}`,
      type: netfilterType(netfilterSubsystems.ipset, command),
      write(writer) {
        writeNetfilterHeader(writer, addressFamilies.IPv4);
        const many = group.length > 1 ? { line: 0, items } : {};
        ipsetBulkAttributes.encode(writer, { protocol: ipsetProtocol, name, ...many });
        if (group.length > 1) return;
        const at = writer.reserve(items.length);
        items.copy(writer.bytes, at);
      },
    };
  }
}

function isElement(step: Step | undefined): step is ElementStep {
  return step !== undefined && 'bitmap' in step;
}

function isRequest(step: Step): step is Request {
  return !isElement(step);
}

function headerOf(spec: IpSetSpec): IpsetCommandValues['header'] {
  if (spec.type.startsWith('bitmap:')) return { firstPort: 0, lastPort: 0xffff };
  return { hashSize: spec.hashSize, maximumElements: spec.maximumElements };
}

/** Cuts the steps where the set or the command changes, and where a message is full. */
function groupsOf(steps: readonly ElementStep[]): ElementStep[][] {
  const groups: ElementStep[][] = [];
  let group: ElementStep[] = [];
  for (const step of steps) {
    const [first] = group;
    const fits = first?.set === step.set && first.command === step.command;
    if (!fits || group.length === elementsPerMessage) groups.push((group = []));
    group.push(step);
  }
  return groups;
}

function explainElement(error: NetlinkError, step: ElementStep | undefined): NetlinkError {
  return explainIpset(error, step?.bitmap === true);
}
