import { expect } from 'chai';
import { Catalog } from '../../../lib/catalog/catalog.ts';
import { KernelSchedulers } from '../../../lib/cli/kernel-schedulers.ts';
import { hasScheduler } from '../../../lib/cli/scheduler-check.ts';
import { createPlanning, type Planning } from '../../../lib/cli/planning.ts';
import { unknownNode } from '../../../lib/cli/service-source.ts';
import { readConfiguration } from '../../../lib/config/effective-configuration.ts';
import { systemError } from '../../../native-bindings/error.ts';
import { service } from '../fixtures.ts';

const asking = 'ns1/asking';
const other = 'ns1/other';

/** A kernel with some schedulers, which keeps what was asked of it. */
function kernel(...schedulers: string[]) {
  const known = new Set(schedulers);
  const asked: string[] = [];
  const prober = {
    batch: () => {
      let last = '';
      return {
        newService: ({ scheduler }: { scheduler: string }) => {
          asked.push((last = scheduler));
        },
        deleteService: () => undefined,
        run: () => {
          const missing = last !== '' && !known.has(last);
          last = '';
          return [missing ? systemError('add virtual server', 2) : undefined];
        },
      };
    },
  };
  return { known, asked, schedulers: new KernelSchedulers((name) => hasScheduler(prober, name)) };
}

async function planningOf(schedulers?: KernelSchedulers): Promise<Planning> {
  const catalog = new Catalog();
  catalog.setService(service({ name: 'asking', annotations: { 'kube-ipvs.io/scheduler': 'mh' } }));
  catalog.setService(service({ name: 'other' }));
  const configuration = readConfiguration({ manifests: '/services' }, 'node1');
  return createPlanning({ configuration, catalog, node: unknownNode, randomFully: true, schedulers });
}

function scheduler(planning: Planning, key: string): string | undefined {
  return planning.plan(key)?.virtualServers[0]?.server.scheduler;
}

describe('planning for a machine', () => {
  it('follows an annotation for a scheduler that the kernel has, which it is asked once', async () => {
    const { schedulers, asked } = kernel('rr', 'mh');
    const planning = await planningOf(schedulers);
    expect(scheduler(planning, other)).to.equal('rr');
    expect(asked, 'nobody asks for a scheduler').to.deep.equal([]);
    expect([scheduler(planning, asking), scheduler(planning, asking)]).to.deep.equal(['mh', 'mh']);
    expect(planning.problems(asking)).to.deep.equal([]);
    expect(asked).to.deep.equal(['mh']);
  });

  it('plans the configured scheduler where the kernel does not have the one asked for, and says so', async () => {
    const planning = await planningOf(kernel('rr').schedulers);
    expect(planning.problems(asking).map(({ hint }) => hint)).to.deep.equal([
      'load the kernel module ip_vs_mh on this node; the configured scheduler is used',
    ]);
    expect(scheduler(planning, asking)).to.equal('rr');
    expect([planning.problems(other), planning.problems('ns1/gone')]).to.deep.equal([[], []]);
  });

  it('finds a scheduler that came later, and who asked for it', async () => {
    const { known, schedulers } = kernel('rr');
    const planning = await planningOf(schedulers);
    scheduler(planning, asking);
    expect(planning.schedulersCome([asking, other])).to.deep.equal([]);
    known.add('mh');
    expect(planning.schedulersCome([asking, other])).to.deep.equal([asking]);
    expect(scheduler(planning, asking)).to.equal('mh');
    expect(planning.schedulersCome([asking, other])).to.deep.equal([]);
  });

  it('follows every annotation where the schedulers of the kernel are not known', async () => {
    expect(scheduler(await planningOf(), asking)).to.equal('mh');
  });
});
