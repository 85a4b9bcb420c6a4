import { addressFamilies } from '../../../native-bindings/address.ts';
import { frameOf } from '../../../native-bindings/byte-writer.ts';
import {
  ipsetCommandAttributes,
  ipsetCommands,
  ipsetElementItem,
  type IpsetCommandValues,
  listHeaderFlag,
} from '../../../native-bindings/ipset-attributes.ts';
import { formatElement, parseElement } from '../../../native-bindings/ipset-element.ts';
import { messageFlags } from '../../../native-bindings/message.ts';
import {
  netfilterCommand,
  netfilterHeader,
  writeNetfilterHeader,
} from '../../../native-bindings/nfnetlink.ts';
import { done, message, outcome, type Received, ScriptedKernel, written } from './scripted-kernel.ts';

/** A set of the kernel below. */
export interface HeldSet {
  readonly type: string;
  readonly family: number;
  readonly revision: number;
  readonly maximumElements: number;
  readonly elements: Set<string>;
}

const errno = { ENOENT: 2, EEXIST: 17, PROTOCOL: 4097, FIND_TYPE: 4098, BUSY: 4100, HASH_FULL: 4352 };

/** The ip sets of a kernel in memory, behind a transport: enough of them for tables and their failures. */
export class IpSetKernel {
  readonly sets = new Map<string, HeldSet>();
  /** Types that are there, with their highest revision. */
  readonly types = new Map([
    ['hash:ip', 6],
    ['hash:ip,port', 7],
    ['hash:ip,port,ip', 6],
    ['hash:ip,port,net', 8],
    ['bitmap:port', 3],
  ]);
  /** Sets that a rule refers to. */
  readonly busy = new Set<string>();
  /** Errno that every request gets. */
  refusal = 0;
  readonly transport = new ScriptedKernel((requests) => requests.flatMap((request) => this.#answer(request)));

  /** Commands that came, with how many elements were in them. */
  get commands(): readonly (readonly [command: number, elements: number])[] {
    return this.transport.writes.flat().map((request) => {
      const { elements, single } = decode(request);
      return [netfilterCommand(request.type), elements.length + (single === undefined ? 0 : 1)];
    });
  }

  #answer(request: Received): Buffer[] {
    const values = decode(request);
    const isDump = (request.flags & messageFlags.dump) === messageFlags.dump;
    const command = netfilterCommand(request.type);
    if (command === ipsetCommands.LIST && isDump) return this.#list(request, values);
    const error = this.refusal || this.#do(command, request, values);
    const replies = command === ipsetCommands.TYPE && error === 0 ? [this.#typeReply(request, values)] : [];
    const wanted = error !== 0 || (request.flags & messageFlags.acknowledge) !== 0;
    return [...replies, ...(wanted ? [outcome(request.sequence, error)] : [])];
  }

  #do(command: number, request: Received, values: Decoded): number {
    const { name = '', type = '' } = values;
    switch (command) {
      case ipsetCommands.CREATE:
        return this.#create(name, values, (request.flags & messageFlags.exclusive) !== 0);
      case ipsetCommands.DESTROY:
        if (!this.sets.has(name)) return errno.ENOENT;
        return this.busy.has(name) ? errno.BUSY : Number(!this.sets.delete(name));
      case ipsetCommands.FLUSH:
        this.sets.get(name)?.elements.clear();
        return this.sets.has(name) ? 0 : errno.ENOENT;
      case ipsetCommands.SWAP:
        return this.#swap(name, type);
      case ipsetCommands.ADD:
      case ipsetCommands.DEL:
        return this.#change(command === ipsetCommands.ADD, values);
      case ipsetCommands.TYPE:
        return this.types.has(type) ? 0 : errno.FIND_TYPE;
      default:
        return errno.PROTOCOL;
    }
  }

  #create(
    name: string,
    { type = '', revision = 0, family = 0, header }: Decoded,
    exclusive: boolean,
  ): number {
    if (revision > (this.types.get(type) ?? -1)) return errno.FIND_TYPE;
    if (this.sets.has(name)) return exclusive ? errno.EEXIST : 0;
    const maximumElements = header?.maximumElements ?? 65536;
    this.sets.set(name, { type, revision, family, maximumElements, elements: new Set() });
    return 0;
  }

  #swap(name: string, other: string): number {
    const [a, b] = [this.sets.get(name), this.sets.get(other)];
    if (a === undefined || b === undefined) return errno.ENOENT;
    this.sets.set(name, b).set(other, a);
    return 0;
  }

  /** Stops at the first element that is refused, as the kernel does. */
  #change(isAddition: boolean, { name = '', elements, single }: Decoded): number {
    const set = this.sets.get(name);
    if (set === undefined) return errno.ENOENT;
    for (const element of single === undefined ? elements : [single]) {
      const ipv6 = element.split(',')[0]?.includes(':') === true;
      if (set.family !== 0 && ipv6 !== (set.family === addressFamilies.IPv6)) return errno.PROTOCOL;
      if (!isAddition) set.elements.delete(element);
      else if (!set.elements.has(element) && set.elements.size >= set.maximumElements) return errno.HASH_FULL;
      else set.elements.add(element);
    }
    return 0;
  }

  #list(request: Received, { name, flags }: Decoded): Buffer[] {
    if (this.refusal !== 0) return [outcome(request.sequence, this.refusal)];
    if (name !== undefined && !this.sets.has(name)) return [done(request.sequence, errno.ENOENT)];
    const listed = [...this.sets].filter(([held]) => name === undefined || held === name);
    const parts = listed.flatMap(([held, set]) => listParts(held, set, flags === listHeaderFlag));
    return [...parts.map((part) => reply(request, part, messageFlags.multi)), done(request.sequence)];
  }

  #typeReply(request: Received, { type = '' }: Decoded): Buffer {
    return reply(request, { type, revision: this.types.get(type), lowestRevision: 0 }, 0);
  }
}

type Decoded = Omit<IpsetCommandValues, 'elements'> & { elements: string[]; single: string | undefined };

function decode(request: Received): Decoded {
  const frame = frameOf(request.bytes);
  const start = request.payload - request.start + netfilterHeader;
  const values = ipsetCommandAttributes.decode(frame, start, request.bytes.length);
  const isChange = [ipsetCommands.ADD, ipsetCommands.DEL].some(
    (own) => own === netfilterCommand(request.type),
  );
  const { element } = isChange ? ipsetElementItem.decode(frame, start, request.bytes.length) : {};
  return {
    ...values,
    elements: (values.elements ?? []).map(formatElement),
    single: element && formatElement(element),
  };
}

/** The messages that list one set: the first with the header, two elements to a message. */
function listParts(name: string, set: HeldSet, headerOnly: boolean): IpsetCommandValues[] {
  const { type, revision, family, maximumElements } = set;
  const all = [...set.elements].map(parseElement);
  const header = {
    ...(type.startsWith('hash:') ? { hashSize: 1024, maximumElements } : { firstPort: 0, lastPort: 65535 }),
    elements: all.length,
    references: 0,
  };
  const first = { name, type, revision, family, header };
  if (headerOnly || all.length === 0) return [first];
  const parts = Array.from({ length: Math.ceil(all.length / 2) }, (_, index) => ({
    name,
    elements: all.slice(index * 2, index * 2 + 2),
  }));
  return parts.map((part, index) => (index === 0 ? { ...first, ...part } : part));
}

function reply(request: Received, values: IpsetCommandValues, flags: number): Buffer {
  const body = written((writer) => {
    writeNetfilterHeader(writer, addressFamilies.IPv4);
    ipsetCommandAttributes.encode(writer, { protocol: 7, ...values });
  });
  return message(request.type, request.sequence, body, flags);
}
