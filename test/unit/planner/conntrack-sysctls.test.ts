import { expect } from 'chai';
import type { ConntrackOptions, PlannerOptions } from '../../../lib/model/planner-options.ts';
import { planBase } from '../../../lib/planner/base-plan.ts';
import { plannerOptions } from '../fixtures.ts';

/** What kube-proxy sets where nobody says otherwise, on a machine of eight processors. */
const usual: ConntrackOptions = {
  maxPerCore: 32_768,
  min: 131_072,
  cores: 8,
  tcpEstablishedTimeout: 86_400,
  tcpCloseWaitTimeout: 3600,
  tcpBeLiberal: false,
  udpTimeout: 0,
  udpStreamTimeout: 0,
};

/** The settings of connection tracking, by what follows `net/netfilter/nf_conntrack_`, with `>=` for the least that will do. */
function settings(options: Partial<PlannerOptions>): Record<string, string> {
  const prefix = 'net/netfilter/nf_conntrack_';
  return Object.fromEntries(
    planBase(plannerOptions(options))
      .sysctls.filter(({ key }) => key.startsWith(prefix))
      .map(({ key, value, atLeast }) => [key.slice(prefix.length), atLeast === true ? `>=${value}` : value]),
  );
}

describe('the settings of connection tracking', () => {
  it('are left alone where nothing is asked for', () => {
    expect(settings({})).to.deep.equal({});
    expect(settings({ ipvsTimeouts: { tcp: 0, udp: 0 } })).to.deep.equal({});
  });

  it('are as kube-proxy has them', () => {
    expect(settings({ conntrack: usual })).to.deep.equal({
      max: '>=262144',
      buckets: '>=65536',
      tcp_timeout_established: '86400',
      tcp_timeout_close_wait: '3600',
    });
  });

  it('track no fewer connections than the minimum, and as many as the kernel likes where there is none for a core', () => {
    expect(settings({ conntrack: { ...usual, cores: 2 } })).to.include({
      max: '>=131072',
      buckets: '>=32768',
    });
    expect(settings({ conntrack: { ...usual, min: 0, cores: 1 } })).to.include({ max: '>=32768' });
    expect(settings({ conntrack: { ...usual, maxPerCore: 0 } })).not.to.include.keys('max', 'buckets');
  });

  it('are those that are asked for', () => {
    const asked = { tcpBeLiberal: true, udpTimeout: 10, udpStreamTimeout: 60, tcpCloseWaitTimeout: 0 };
    expect(settings({ conntrack: { ...usual, ...asked, maxPerCore: 0 } })).to.deep.equal({
      tcp_timeout_established: '86400',
      tcp_be_liberal: '1',
      udp_timeout: '10',
      udp_timeout_stream: '60',
    });
  });

  it('remember a connection at least as long as IPVS is told to, but for what is asked for', () => {
    const ipvsTimeouts = { tcp: 7200, udp: 600 };
    expect(settings({ ipvsTimeouts })).to.deep.equal({
      tcp_timeout_established: '>=7200',
      udp_timeout: '>=600',
      udp_timeout_stream: '>=600',
    });
    expect(settings({ ipvsTimeouts, conntrack: { ...usual, maxPerCore: 0, udpTimeout: 30 } })).to.deep.equal({
      tcp_timeout_established: '86400',
      tcp_timeout_close_wait: '3600',
      udp_timeout: '30',
      udp_timeout_stream: '>=600',
    });
  });
});
