import { expect } from 'chai';
import { isEligible } from '../../../lib/health/node-eligibility.ts';
import type { HealthState } from '../../../lib/health/proxy-health.ts';
import { proxyHealthRoutes } from '../../../lib/health/proxy-health-routes.ts';
import type { Reply } from '../../../lib/health/reply.ts';

const now = Date.parse('2026-01-02T03:04:05.678Z');
const well: HealthState = { healthy: true, reasons: [], lastPass: now - 5000 };
const ill: HealthState = { healthy: false, reasons: ['firewall: locked'], lastPass: now - 65_000 };

/** What a route replies, with its body read. */
function got(
  path: '/healthz' | '/livez' | '/readyz',
  state: HealthState,
  eligible = true,
  programmed = true,
): [number, unknown] {
  const routes = proxyHealthRoutes({
    health: { state, programmed },
    clock: { now: () => now },
    families: ['IPv4', 'IPv6'],
    nodeEligible: () => eligible,
  });
  const reply: Reply = routes[path]();
  expect(reply.type).to.equal('application/json');
  return [reply.status, JSON.parse(reply.body)];
}

const current = '2026-01-02T03:04:05.678Z';
const status = (lastUpdated: string, healthy: boolean): object => ({
  IPv4: { lastUpdated, healthy },
  IPv6: { lastUpdated, healthy },
});

describe('/healthz and /livez', () => {
  it('give 200 while all is well, with the time of now as that of the last update', () => {
    const common = { lastUpdated: current, currentTime: current, healthy: true };
    const families = status('2026-01-02T03:04:00.678Z', true);
    expect(got('/healthz', well)).to.deep.equal([200, { ...common, nodeEligible: true, status: families }]);
    expect(got('/livez', well)).to.deep.equal([200, { ...common, status: families }]);
  });

  it('give 503 where it is not, with the reasons', () => {
    const last = '2026-01-02T03:03:00.678Z';
    const common = { lastUpdated: last, currentTime: current, healthy: false };
    const rest = { status: status(last, false), reasons: ['firewall: locked'] };
    expect(got('/healthz', ill)).to.deep.equal([503, { ...common, nodeEligible: true, ...rest }]);
    expect(got('/livez', ill)).to.deep.equal([503, { ...common, ...rest }]);
  });

  it('differ where the Node is not to get new connections', () => {
    const [code, body] = got('/healthz', well, false);
    expect(code).to.equal(503);
    expect(body).to.include({
      lastUpdated: '2026-01-02T03:04:00.678Z',
      nodeEligible: false,
      healthy: true,
    });
    expect(got('/livez', well, false)[0]).to.equal(200);
  });

  it('leave out the families before anything was written', () => {
    const [code, body] = got('/healthz', { ...well, lastPass: undefined });
    expect(code).to.equal(200);
    expect(body).to.deep.equal({
      lastUpdated: current,
      currentTime: current,
      nodeEligible: true,
      healthy: true,
    });
  });

  it("tell of what never was with Go's zero time", () => {
    const [, body] = got('/livez', { ...ill, lastPass: undefined });
    expect(body).to.include({ lastUpdated: '0001-01-01T00:00:00Z' });
  });
});

describe('/readyz', () => {
  it('gives 200 where everything has been written once and all is well, whatever becomes of the Node', () => {
    const families = status('2026-01-02T03:04:00.678Z', true);
    const common = { lastUpdated: current, currentTime: current, healthy: true, status: families };
    expect(got('/readyz', well)).to.deep.equal([200, { ...common, programmed: true }]);
    expect(got('/readyz', well, false)[0]).to.equal(200);
  });

  it('gives 503 before, and where the node is not healthy', () => {
    const [code, body] = got('/readyz', { ...well, lastPass: undefined }, true, false);
    expect(code).to.equal(503);
    expect(body).to.include({ healthy: true, programmed: false });
    expect(got('/readyz', ill)[0]).to.equal(503);
    expect(got('/readyz', ill)[1]).to.deep.include({ programmed: true, reasons: ['firewall: locked'] });
  });
});

describe('isEligible', () => {
  const node = { taints: ['node.kubernetes.io/not-ready'], deleting: false };
  const cases = [
    ['a Node that is there', node, true],
    ['none', undefined, false],
    ['one that is being deleted', { ...node, deleting: true }, false],
    [
      'one that cluster autoscaler takes away',
      { ...node, taints: ['a', 'ToBeDeletedByClusterAutoscaler'] },
      false,
    ],
    [
      'one that cluster autoscaler may take away',
      { ...node, taints: ['DeletionCandidateOfClusterAutoscaler'] },
      true,
    ],
  ] as const;
  for (const [what, given, eligible] of cases) {
    it(`is ${eligible} for ${what}`, () => {
      expect(isEligible(given)).to.equal(eligible);
    });
  }
});
