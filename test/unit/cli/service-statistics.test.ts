import { expect } from 'chai';
import { type Ownership, ServiceStatistics } from '../../../lib/cli/service-statistics.ts';
import type { VirtualServerTraffic } from '../../../lib/kernel/server-statistics.ts';
import type { ServiceReading } from '../../../lib/metrics/service-reading.ts';
import type { VirtualServer, VirtualServerId } from '../../../lib/model/virtual-server.ts';
import { MemoryLog, virtualServer } from '../reconciler/world.ts';

const traffic: VirtualServerTraffic = {
  ...{ connections: 7, inPackets: 1, outPackets: 2, inBytes: 3, outBytes: 4 },
  endpoints: [
    {
      ...{ address: '10.244.0.1', port: 8080, weight: 1, active: 0, inactive: 0 },
      ...{ connections: 7, inPackets: 1, outPackets: 2, inBytes: 3, outBytes: 4 },
    },
  ],
};

/** Services `a/s0`, `a/s1`, … with a virtual server each, of which the kernel holds traffic. */
class Surroundings {
  readonly servers = new Map<string, { readonly server: VirtualServer; owner: Ownership | undefined }>();
  readonly log = new MemoryLog();
  /** Addresses in the order in which the kernel was asked for them. */
  readonly asked: string[] = [];
  /** Milliseconds that one question takes. */
  pace = 0;
  failure: Error | undefined;
  /** Called at every question. */
  meanwhile: (address: string) => void = () => undefined;
  worked = 0;
  #now = 0;

  constructor(count: number) {
    for (let index = 0; index < count; index += 1) this.add(`10.96.0.${index}`, `a/s${index}`);
  }

  add(address: string, service: string): void {
    const server = virtualServer(address, 80);
    this.servers.set(server.key, { server, owner: { service, endpoints: 1 } });
  }

  readonly read = ({ address }: VirtualServerId): VirtualServerTraffic | undefined => {
    this.asked.push(address);
    this.#now += this.pace;
    this.meanwhile(address);
    if (this.failure !== undefined) throw this.failure;
    return traffic;
  };

  statistics(limit = 1e6): ServiceStatistics {
    return new ServiceStatistics({
      ...{ level: 'service', limit, log: this.log, kernel: this },
      served: {
        virtualServers: () => [...this.servers.values()].map(({ server }) => server),
        ownerOf: (key) => this.servers.get(key)?.owner,
      },
      clock: { now: () => this.#now },
      worked: (milliseconds) => {
        this.worked += milliseconds;
      },
    });
  }
}

/** The names of the services that are told of, and how many series are not. */
function told(reading: ServiceReading | undefined): {
  readonly services: string[];
  readonly dropped: number;
} {
  const text = reading === undefined ? '' : [...reading.text()].join('');
  return {
    services: [...text.matchAll(/^kube_ipvs_service_connections_total\{.*service="(\w+)"/gm)].map(
      ([, name = '']) => name,
    ),
    dropped: Number(/metrics_dropped (\d+)/.exec(text)?.[1]),
  };
}

describe('ServiceStatistics', () => {
  it('tell of every virtual server by the names of its service', async () => {
    const surroundings = new Surroundings(3);
    const { services } = told(await surroundings.statistics().read());
    expect(services).to.deep.equal(['s0', 's1', 's2']);
  });

  it('let everything else go on while they read', async () => {
    const surroundings = new Surroundings(10);
    surroundings.pace = 0.5;
    let turns = 0;
    let over = false;
    const count = (): void => {
      turns += 1;
      if (!over) setImmediate(count);
    };
    setImmediate(count);
    await surroundings.statistics().read();
    over = true;
    // Two of half a millisecond are a slice.
    expect(turns).to.be.at.least(4);
    expect(surroundings.worked).to.equal(5);
  });

  it('give all who ask at a time one reading, and those who ask later another', async () => {
    const surroundings = new Surroundings(4);
    surroundings.pace = 1;
    const statistics = surroundings.statistics();
    const [one, other] = await Promise.all([statistics.read(), statistics.read()]);
    expect(one).to.equal(other);
    expect(surroundings.asked).to.have.length(4);
    expect(await statistics.read()).not.to.equal(one);
    expect(surroundings.asked).to.have.length(8);
  });

  it('do not ask for what there is no room for', async () => {
    const surroundings = new Surroundings(5);
    const reading = await surroundings.statistics(2 * 9).read();
    expect(told(reading)).to.deep.equal({ services: ['s0', 's1'], dropped: 3 * 9 });
    expect(surroundings.asked).to.deep.equal(['10.96.0.0', '10.96.0.1']);
  });

  it('leave out what goes meanwhile, and tell once of what goes and comes back', async () => {
    const surroundings = new Surroundings(4);
    surroundings.pace = 1;
    surroundings.meanwhile = (address) => {
      if (address !== '10.96.0.1') return;
      const [first] = surroundings.servers.keys();
      surroundings.servers.delete(first!);
      surroundings.add('10.96.0.0', 'a/s0');
      surroundings.servers.delete(virtualServer('10.96.0.2', 80).key);
    };
    const { services } = told(await surroundings.statistics().read());
    expect(services).to.deep.equal(['s0', 's1', 's3']);
  });

  it('ask nothing more of a kernel when they are stopped', async () => {
    const surroundings = new Surroundings(3);
    surroundings.pace = 1;
    const statistics = surroundings.statistics();
    surroundings.meanwhile = () => {
      statistics.stop();
    };
    expect(await statistics.read()).to.equal(undefined);
    expect(surroundings.asked).to.have.length(1);
    expect(surroundings.log.lines).to.deep.equal([]);
  });

  it('tell once of a kernel that cannot be read, and go on when it can', async () => {
    const surroundings = new Surroundings(2);
    const statistics = surroundings.statistics();
    surroundings.failure = new Error('expected a reply, got none');
    expect(await statistics.read()).to.equal(undefined);
    expect(await statistics.read()).to.equal(undefined);
    expect(surroundings.log.at('warn')).to.have.length(1);
    surroundings.failure = undefined;
    expect(told(await statistics.read()).services).to.deep.equal(['s0', 's1']);
  });
});
