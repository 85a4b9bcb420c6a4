import { expect } from 'chai';
import { Catalog } from '../../../lib/catalog/catalog.ts';
import { ServiceFindings } from '../../../lib/cli/service-findings.ts';
import { serviceProblems } from '../../../lib/planner/service-problems.ts';
import { node, plannerOptions, service } from '../fixtures.ts';
import { MemoryLog } from '../reconciler/world.ts';

const key = 'ns1/svc1';
const wrong = { annotations: { 'kube-ipvs.io/scheduler': 'quickest' } };

describe('ServiceFindings', () => {
  let catalog: Catalog;
  let log: MemoryLog;
  let found: [string, number][];
  let findings: ServiceFindings;

  beforeEach(() => {
    catalog = new Catalog();
    log = new MemoryLog();
    found = [];
    findings = new ServiceFindings({
      planning: {
        problems: (of) => {
          const state = catalog.get(of);
          return state === undefined ? [] : serviceProblems(state.service, node, plannerOptions());
        },
      },
      log,
      found: (of, problems) => found.push([of, problems.length]),
    });
  });

  it('logs once what is not followed, and tells when it is no longer so', () => {
    catalog.setService(service(wrong));
    findings.look(key);
    findings.look(key);
    expect(log.at('warn')).to.have.length(1);
    expect(log.at('warn')[0]).to.match(
      /^Service ns1\/svc1: metadata\.annotations\[kube-ipvs\.io\/scheduler\]/,
    );
    catalog.setService(service());
    findings.look(key);
    expect(found).to.deep.equal([
      [key, 1],
      [key, 1],
      [key, 0],
    ]);
    catalog.setService(service(wrong));
    findings.look(key);
    expect(log.at('warn')).to.have.length(2);
  });

  it('logs of addresses of nodes in load balancers the first alone, and tells of each service', () => {
    const listed = [...node.addresses, '192.0.2.7', '192.0.2.8'].map(
      (address) => ({ address, ipMode: 'VIP' }) as const,
    );
    for (const name of ['one', 'two']) {
      catalog.setService(service({ name, type: 'LoadBalancer', loadBalancerIngress: listed }));
      findings.look(`ns1/${name}`);
    }
    expect(log.at('warn')).to.deep.equal([]);
    expect(log.at('info')).to.deep.equal([
      'Service ns1/one: status.loadBalancer.ingress: expected an address that belongs to no node, got 192.0.2.7; it is left to the node that has it, as all such addresses are',
    ]);
    expect(log.at('debug')).to.have.length(3);
    expect(found).to.deep.equal([
      ['ns1/one', 2],
      ['ns1/two', 2],
    ]);
  });

  it('says nothing of a service that is in order, or is gone', () => {
    catalog.setService(service());
    findings.look(key);
    findings.look('ns1/gone');
    expect([log.lines, found]).to.deep.equal([[], []]);
  });

  it('lets a service be served that it does not understand', () => {
    const broken = { problems: () => expect.fail('broken') };
    new ServiceFindings({ planning: broken, log }).look(key);
    expect(log.at('error')).to.have.length(1);
  });
});
