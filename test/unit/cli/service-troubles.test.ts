import { expect } from 'chai';
import { Catalog } from '../../../lib/catalog/catalog.ts';
import { ServiceTroubles } from '../../../lib/cli/service-troubles.ts';
import type { KernelTroubles } from '../../../lib/cli/service-facts.ts';
import type { Problem } from '../../../lib/model/problem.ts';
import type { RefusedEntry } from '../../../lib/reconciler/retry.ts';
import type { ServiceEvents } from '../../../lib/sources/kubernetes/event-recorder.ts';
import { service, servicePort } from '../fixtures.ts';
import { ManualClock } from '../reconciler/world.ts';

const problem: Problem = {
  where: 'API server',
  object: 'Service ns1/svc1',
  field: 'spec.externalIPs[0]',
  expected: 'an IP address',
  got: '"x"',
  hint: 'write an address',
  severity: 'error',
};

function refused(table: RefusedEntry['table'], key: string, code = 'EPERM'): RefusedEntry {
  return { table, key, refusal: { code, operation: 'add', message: `${key}: no` }, attempts: 1, due: 0 };
}

describe('ServiceTroubles', () => {
  let told: string[];
  let catalog: Catalog;
  let clock: ManualClock;
  let kernel: KernelTroubles;
  let troubles: ServiceTroubles;

  const nothing: KernelTroubles = { refused: [], conflicts: [], planFailures: [] };
  const take = (): string[] => told.splice(0);

  /** What the kernel is found to be like after a change of it. */
  function looked(found: Partial<KernelTroubles>): string[] {
    kernel = { ...nothing, ...found };
    troubles.listener.refused({} as RefusedEntry);
    clock.advance(1000);
    return take();
  }

  beforeEach(() => {
    told = [];
    catalog = new Catalog();
    catalog.setService(service());
    catalog.setService(service({ name: 'svc2', clusterIPs: ['172.16.55.5', 'fd00::5'] }));
    clock = new ManualClock();
    kernel = nothing;
    const events: ServiceEvents = {
      tell: (of, { type, reason, note }) => told.push(`${of} ${type} ${reason}: ${note}`),
      over: (of, { reason }) => told.push(`${of} over: ${reason}`),
    };
    troubles = new ServiceTroubles({ events, catalog, clock, kernel: () => kernel });
  });

  it("tells of a health check port that is not served by kube-proxy's name, once, and that it is over", () => {
    troubles.healthCheck('ns1/svc1', 'expected port 30000 to be free');
    troubles.healthCheck('ns1/svc1', 'expected port 30000 to be free');
    expect(take()).to.deep.equal([
      'ns1/svc1 Warning FailedToStartServiceHealthcheck: expected port 30000 to be free',
    ]);
    troubles.planned('ns1/svc1', []);
    expect(take()).to.deep.equal([]);
    troubles.healthCheck('ns1/svc1', undefined);
    expect(take()).to.deep.equal(['ns1/svc1 over: FailedToStartServiceHealthcheck']);
  });

  describe('of what objects say', () => {
    it('tells errors once, and that they are over', () => {
      const found = { object: 'Service ns1/svc1', service: 'ns1/svc1', problems: [problem] };
      troubles.decoded(found);
      troubles.decoded(found);
      expect(take()).to.deep.equal([
        'ns1/svc1 Warning InvalidField: spec.externalIPs[0]: expected an IP address, got "x"; write an address',
      ]);
      troubles.decoded({ ...found, problems: [] });
      expect(take()).to.deep.equal(['ns1/svc1 over: InvalidField']);
    });

    it('leaves kind readings to the log', () => {
      const kind = { ...problem, severity: 'warning' as const };
      troubles.decoded({ object: 'Service ns1/svc1', service: 'ns1/svc1', problems: [kind] });
      expect(take()).to.deep.equal([]);
    });

    it("names a wrong family as kube-proxy does, and the slice that it is in, on the slice's service", () => {
      const wrong: Problem = { ...problem, field: 'endpoints[0].addresses[0]', code: 'wrong-family' };
      troubles.decoded({ object: 'EndpointSlice ns1/a', service: 'ns1/svc1', problems: [wrong] });
      const [line] = take();
      expect(line).to.match(
        /^ns1\/svc1 Warning KubeProxyIncorrectIPVersion: EndpointSlice ns1\/a: endpoints\[0\]/,
      );
      troubles.decoded({ object: 'EndpointSlice ns1/a', service: 'ns1/svc2', problems: [wrong] });
      expect(take().map((text) => text.split(':')[0])).to.deep.equal([
        'ns1/svc1 over',
        'ns1/svc2 Warning KubeProxyIncorrectIPVersion',
      ]);
    });

    it('tells of annotations that are not followed, and which scheduler is not there', () => {
      const annotation = (name: string): Problem => ({
        ...problem,
        field: `metadata.annotations[${name}]`,
        severity: 'warning',
      });
      troubles.planned('ns1/svc1', [
        annotation('kube-ipvs.io/scheduler'),
        annotation('kube-ipvs.io/drain-timeout'),
      ]);
      expect(take().map((text) => text.split(':')[0])).to.deep.equal([
        'ns1/svc1 Warning SchedulerUnavailable',
        'ns1/svc1 Warning InvalidAnnotation',
      ]);
      troubles.planned('ns1/svc1', []);
      expect(take()).to.deep.equal([
        'ns1/svc1 over: SchedulerUnavailable',
        'ns1/svc1 over: InvalidAnnotation',
      ]);
    });
  });

  describe('of what the kernel does not take', () => {
    const cases: readonly [title: string, entry: RefusedEntry, expected: string[]][] = [
      [
        'an address',
        refused('addresses', '172.16.55.4'),
        ['ns1/svc1 Warning RefusedByKernel: add: 172.16.55.4: no'],
      ],
      [
        'a virtual server',
        refused('virtualServers', 'TCP [fd00::5]:80'),
        ['ns1/svc2 Warning RefusedByKernel: add: TCP [fd00::5]:80: no'],
      ],
      [
        'a virtual server with a scheduler that is not there',
        refused('virtualServers', 'TCP 172.16.55.5:80', 'ENOENT'),
        ['ns1/svc2 Warning SchedulerUnavailable: add: TCP 172.16.55.5:80: no'],
      ],
      [
        'a real server',
        refused('realServers', 'TCP 172.16.55.4:80 -> 10.1.0.1:8080'),
        ['ns1/svc1 Warning RefusedByKernel: add: TCP 172.16.55.4:80 -> 10.1.0.1:8080: no'],
      ],
      ['a set entry, which is the matter of the node', refused('setEntries', 'KUBE-CLUSTER-IP x'), []],
      ['a virtual server that no service wants', refused('virtualServers', 'TCP 9.9.9.9:80'), []],
      ['a port that the service does not have', refused('virtualServers', 'UDP 172.16.55.4:80'), []],
    ];
    for (const [title, entry, expected] of cases) {
      it(`tells ${expected.length === 0 ? 'nobody' : 'the owner'} of ${title}`, () => {
        expect(looked({ refused: [entry] })).to.deep.equal(expected);
      });
    }

    it('tells the owner of a node port', () => {
      catalog.setService(service({ name: 'np', ports: [servicePort({ nodePort: 30_000 })] }));
      const key = 'TCP 192.0.2.1:30000';
      expect(looked({ refused: [refused('virtualServers', key)] })).to.deep.equal([
        `ns1/np Warning RefusedByKernel: add: ${key}: no`,
      ]);
    });

    it('tells several entries that are refused for one reason as one, whatever their order', () => {
      const entries = ['10.1.0.2', '10.1.0.1'].map((address) =>
        refused('realServers', `TCP 172.16.55.4:80 -> ${address}:8080`),
      );
      const [line] = looked({ refused: entries });
      expect(line).to.contain('10.1.0.1');
      expect(looked({ refused: entries.toReversed() })).to.deep.equal([]);
    });

    it('tells that it is over when something was written and it is refused no longer', () => {
      looked({ refused: [refused('addresses', '172.16.55.4')] });
      kernel = nothing;
      troubles.listener.synced({} as never);
      clock.advance(1000);
      expect(take()).to.deep.equal(['ns1/svc1 over: RefusedByKernel']);
      troubles.listener.synced({} as never);
      expect(clock.next).to.equal(undefined);
    });

    it('tells the one that waits for a virtual server that another has', () => {
      const conflict = { key: 'TCP 10.0.0.1:80', winner: 'ns1/svc1', losers: ['ns1/svc2'] };
      expect(looked({ conflicts: [conflict] })).to.deep.equal([
        'ns1/svc2 Warning VirtualServerConflict: expected TCP 10.0.0.1:80 to be free, but Service ns1/svc1 has it, ' +
          'which is older; give one of the two another address or port',
      ]);
    });

    it('tells of a service that cannot be planned', () => {
      const failure = { service: 'ns1/svc1', error: new Error('no way') };
      expect(looked({ planFailures: [failure] })).to.deep.equal([
        'ns1/svc1 Warning PlanFailed: no way; what was served before stays in force',
      ]);
    });

    it('looks once for all that happens within a second, and no more after the end', () => {
      let looks = 0;
      const counting = new ServiceTroubles({
        events: { tell: () => undefined, over: () => undefined },
        catalog,
        clock,
        kernel: () => {
          looks += 1;
          return nothing;
        },
      });
      for (let count = 0; count < 5; count += 1) counting.listener.contended({} as never);
      clock.advance(10_000);
      expect(looks).to.equal(1);
      counting.listener.planFailed({} as never);
      counting.stop();
      clock.advance(10_000);
      expect(looks).to.equal(1);
    });
  });
});
