/**
 * P4: parsed API objects → decoded → catalog → planned → ledger → encoded → applied to the fake kernel, on one core,
 * without a kernel. Prints one JSON object.
 *
 *   node --expose-gc test/bench/in-memory.ts [SERVICES [ROUNDS]]
 */
import { IpSets } from '../../native-bindings/ipset.ts';
import { Ipvs } from '../../native-bindings/ipvs.ts';
import { Route } from '../../native-bindings/route.ts';
import { Catalog } from '../../lib/catalog/catalog.ts';
import { fakeKernel } from '../../lib/kernel/fake-kernel.ts';
import type { KernelTables } from '../../lib/kernel/kernel-tables.ts';
import { RealServers } from '../../lib/kernel/real-servers.ts';
import type { Change, Refusals, Table } from '../../lib/kernel/table.ts';
import { VirtualServers } from '../../lib/kernel/virtual-servers.ts';
import type { Keyed } from '../../lib/model/keyed.ts';
import { runOnce } from '../../lib/reconciler/once.ts';
import { systemClock } from '../../lib/reconciler/clock.ts';
import { decodeEndpointSlice } from '../../lib/sources/objects/endpoint-slice-decoder.ts';
import { decodeService } from '../../lib/sources/objects/service-decoder.ts';
import { AcknowledgingTransport } from './acknowledging-transport.ts';
import { basePlan, planFrom, silent } from './measured-node.ts';
import { type Sample, sampleOf } from './sample.ts';
import { workload, type WorkloadObjects } from './workload.ts';

/** What was measured: services a second, and the time of a whole pass. */
export interface InMemoryResult {
  readonly services: number;
  readonly rate: Sample;
  readonly milliseconds: Sample;
  /** Bytes of netlink messages of one pass. */
  readonly bytes: number;
}

/** A fake table before which every change is encoded as the real table encodes it. */
class EncodedTable<Entry extends Keyed> implements Table<Entry> {
  readonly name: string;
  readonly #fake: Table<Entry>;
  readonly #encode: (changes: readonly Change<Entry>[]) => Promise<Refusals> | undefined;

  constructor(
    fake: Table<Entry>,
    encode: (changes: readonly Change<Entry>[]) => Promise<Refusals> | undefined,
  ) {
    this.name = fake.name;
    this.#fake = fake;
    this.#encode = encode;
  }

  read(): Promise<ReadonlyMap<string, Entry>> {
    return this.#fake.read();
  }

  async apply(changes: readonly Change<Entry>[]): Promise<Refusals> {
    await this.#encode(changes);
    return this.#fake.apply(changes);
  }

  equals(a: Entry, b: Entry): boolean {
    return this.#fake.equals(a, b);
  }
}

/** The fake kernel behind encoders, and what they sent. */
function encodedKernel(): { tables: KernelTables; transport: AcknowledgingTransport } {
  const transport = new AcknowledgingTransport();
  const fake = fakeKernel();
  const ipvs = Ipvs.open({ transport });
  const virtualServers = new VirtualServers(ipvs);
  const realServers = new RealServers(ipvs);
  const route = Route.open({ transport });
  const ipSets = IpSets.open({ transport });
  const tables: KernelTables = {
    ...fake,
    virtualServers: new EncodedTable(fake.virtualServers, (changes) => virtualServers.apply(changes)),
    realServers: Object.assign(new EncodedTable(fake.realServers, (changes) => realServers.apply(changes)), {
      readUse: fake.realServers.readUse.bind(fake.realServers),
    }),
    addresses: new EncodedTable(fake.addresses, (changes) => {
      const batch = route.batch();
      for (const { key } of changes) batch.addAddress({ index: 1, address: key, prefix: 32 });
      batch.run();
      return undefined;
    }),
    setEntries: new EncodedTable(fake.setEntries, (changes) => {
      const batch = ipSets.batch();
      for (const { after } of changes) if (after !== undefined) batch.add(after.set, after.element);
      batch.run();
      return undefined;
    }),
  };
  return { tables, transport };
}

async function round(objects: readonly WorkloadObjects[]): Promise<{ milliseconds: number; bytes: number }> {
  const { tables, transport } = encodedKernel();
  globalThis.gc?.();
  const began = performance.now();
  const catalog = new Catalog();
  for (const { service, slice } of objects) {
    const decoded = decodeService(service, { unknownFields: 'accept' }).value;
    const decodedSlice = decodeEndpointSlice(slice, { unknownFields: 'accept' }).value;
    if (decoded === undefined || decodedSlice === undefined) throw new Error('the workload does not decode');
    catalog.setService(decoded);
    catalog.setSlice(decodedSlice);
  }
  const report = await runOnce(
    {
      tables,
      base: basePlan,
      plan: planFrom(catalog),
      log: silent,
      clock: systemClock,
      random: Math.random,
    },
    catalog.takeChanged(),
  );
  const milliseconds = performance.now() - began;
  const held = (await tables.realServers.read()).size;
  if (!report.complete || held !== objects.length) {
    throw new Error(`expected ${objects.length} real servers in the fake kernel, got ${held}`);
  }
  return { milliseconds, bytes: transport.bytes };
}

const services = Number(process.argv[2] ?? 50_000);
const rounds = Number(process.argv[3] ?? 5);
const objects = workload({ services, endpoints: 1 });
await round(objects);
const milliseconds: number[] = [];
let bytes = 0;
for (let count = 0; count < rounds; count += 1) {
  const result = await round(objects);
  milliseconds.push(result.milliseconds);
  bytes = result.bytes;
}
const rates = milliseconds.map((time) => (services / time) * 1000);
const result: InMemoryResult = {
  services,
  rate: sampleOf(rates),
  milliseconds: sampleOf(milliseconds),
  bytes,
};
process.stdout.write(`${JSON.stringify(result)}\n`);
