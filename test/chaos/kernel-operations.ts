import { setEntry } from '../../lib/model/ip-set.ts';
import type { KernelTables } from '../../lib/kernel/kernel-tables.ts';
import type { Change, Table } from '../../lib/kernel/table.ts';
import type { Keyed } from '../../lib/model/keyed.ts';
import { realServerKey } from '../../lib/model/real-server.ts';
import { virtualServerKey } from '../../lib/model/virtual-server.ts';
import { type TableName, upsertOrder } from '../../lib/reconciler/table-name.ts';
import type { Dice } from './dice.ts';
import type { KernelTroubles } from './tap.ts';
import { isForeign, type Witness } from './witness.ts';

/** The node's kernel as trouble is made in it. */
export interface TroubledKernel {
  /** What the kernel holds, past any controller. */
  readonly tables: KernelTables;
  readonly troubles: KernelTroubles;
  readonly witness: Witness;
  /** Gives a real server that is there connections, or ends those that it has; not every kernel can. */
  readonly connect?: ((key: string, connections: number) => void) | undefined;
  /**
   * Whether the record of what is ours may have gaps: what tells our virtual servers from foreign ones was meddled with,
   * or could not be written, or not be read before it is written. A controller that dies before it has mended that
   * leaves a riddle.
   */
  gaps: boolean;
  /** Whether the controller that lives knows everything of ours that an earlier one left. */
  readonly adopted: () => boolean;
}

/** Something that happens in the node's kernel. */
export interface KernelOperation {
  readonly kind: string;
  readonly weight: number;
  readonly run: (kernel: TroubledKernel, dice: Dice) => Promise<void> | void;
}

/** A port that no service has. */
const leftOverPort = 9999;

/** Tables that tell ours from foreign. */
const records: readonly TableName[] = ['sets', 'setEntries', 'addresses'];

/** Everything that can be wrong with the kernel. */
export const kernelOperations: readonly KernelOperation[] = [
  { kind: 'refuse-entry', weight: 3, run: refuse },
  { kind: 'fail-read', weight: 1, run: failRead },
  { kind: 'fail-write', weight: 1, run: failWrite },
  {
    kind: 'lose-reply',
    weight: 2,
    run: ({ troubles }, dice) => {
      troubles.lossy.add(dice.pick(upsertOrder));
    },
  },
  {
    kind: 'heal-kernel',
    weight: 4,
    run: ({ troubles }) => {
      troubles.heal();
    },
  },
  { kind: 'remove-entry', weight: 4, run: removeEntry },
  { kind: 'alter-entry', weight: 2, run: alterEntry },
  { kind: 'leave-over', weight: 1, run: leaveOver },
  { kind: 'stray-server', weight: 1, run: addStray },
  { kind: 'connect', weight: 4, run: connect },
];

async function keysOf({ tables }: TroubledKernel, name: TableName): Promise<[string, Keyed][]> {
  const entries: ReadonlyMap<string, Keyed> = await tables[name].read();
  return [...entries].filter(([key]) => !isForeign(key)).sort(([a], [b]) => (a < b ? -1 : 1));
}

async function anEntry(
  kernel: TroubledKernel,
  name: TableName,
  dice: Dice,
): Promise<[string, Keyed] | undefined> {
  const place = dice.next();
  const entries = await keysOf(kernel, name);
  return entries[Math.floor(place * entries.length)];
}

/** Writes as another program on the node does. What the kernel refuses stays as it is. */
async function meddle(kernel: TroubledKernel, name: TableName, change: Change<Keyed>): Promise<void> {
  const table = kernel.tables[name] as Table<Keyed>;
  kernel.witness.meddled(name, change.key);
  kernel.gaps ||= records.includes(name);
  await table.apply([change]);
}

async function refuse(kernel: TroubledKernel, dice: Dice): Promise<void> {
  const name = dice.pick(upsertOrder);
  const found = await anEntry(kernel, name, dice);
  if (found === undefined) return;
  kernel.gaps ||= records.includes(name);
  kernel.troubles.refuse(name, found[0]);
}

function failRead(kernel: TroubledKernel, dice: Dice): void {
  const name = dice.pick(upsertOrder);
  kernel.gaps ||= records.includes(name);
  kernel.troubles.unreadable.add(name);
}

function failWrite(kernel: TroubledKernel, dice: Dice): void {
  const name = dice.pick(upsertOrder);
  kernel.gaps ||= records.includes(name);
  kernel.troubles.unwritable.add(name);
}

async function removeEntry(kernel: TroubledKernel, dice: Dice): Promise<void> {
  const name = dice.pick([
    'setEntries',
    'virtualServers',
    'realServers',
    'addresses',
    'realServers',
    'sets',
    'firewall',
  ] as const);
  const found = await anEntry(kernel, name, dice);
  if (found === undefined || (await isRiddle(kernel, name, found[0]))) return;
  const [key, before] = found;
  await meddle(kernel, name, { key, before, after: undefined });
}

/** Whether nobody could tell whose a virtual server is that was left over, if this were gone. */
async function isRiddle({ tables, adopted }: TroubledKernel, name: TableName, key: string): Promise<boolean> {
  if (records.includes(name) && !adopted()) return true;
  if (name === 'setEntries') return key.endsWith(`:${leftOverPort}`);
  if (name !== 'sets') return false;
  return [...(await tables.virtualServers.read()).values()].some(({ port }) => port === leftOverPort);
}

async function alterEntry(kernel: TroubledKernel, dice: Dice): Promise<void> {
  const name = dice.pick(['virtualServers', 'realServers', 'sysctls'] as const);
  const found = await anEntry(kernel, name, dice);
  if (found === undefined) return;
  const [key, before] = found;
  const other = { virtualServers: { scheduler: 'lc' }, realServers: { weight: 7 }, sysctls: { value: '0' } }[
    name
  ];
  await meddle(kernel, name, { key, before, after: { ...before, ...other } });
}

/** A virtual server that an earlier process has made, with its record, and that no service wants. */
async function leaveOver(kernel: TroubledKernel, dice: Dice): Promise<void> {
  const id = { protocol: 'TCP', address: `10.96.77.${dice.between(1, 9)}`, port: leftOverPort } as const;
  const record = setEntry('KUBE-CLUSTER-IP', `${id.address},tcp:${id.port}`);
  const server = {
    ...id,
    key: virtualServerKey(id),
    scheduler: 'rr',
    flags: 0,
    timeout: 0,
    persistencePrefix: 32,
  };
  await meddle(kernel, 'setEntries', { key: record.key, before: undefined, after: record });
  if ((await kernel.tables.setEntries.read()).has(record.key)) {
    await meddle(kernel, 'virtualServers', { key: server.key, before: undefined, after: server });
  }
}

/** A real server that nobody wants behind a virtual server of ours. */
async function addStray(kernel: TroubledKernel, dice: Dice): Promise<void> {
  const found = await anEntry(kernel, 'virtualServers', dice);
  if (found === undefined) return;
  const [key, virtualServer] = found;
  const address = key.includes('[') ? 'fd00:244::99' : '10.244.9.99';
  const stray = {
    key: realServerKey(key, address, 8080),
    virtualServer,
    address,
    port: 8080,
    weight: 1,
    forwarding: 'masquerade',
    upperThreshold: 0,
    lowerThreshold: 0,
  };
  await meddle(kernel, 'realServers', { key: stray.key, before: undefined, after: stray });
}

async function connect(kernel: TroubledKernel, dice: Dice): Promise<void> {
  const found = await anEntry(kernel, 'realServers', dice);
  const connections = dice.below(3);
  if (found !== undefined) kernel.connect?.(found[0], connections);
}
