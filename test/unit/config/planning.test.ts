import { expect } from 'chai';
import type { WrittenConfiguration } from '../../../lib/config/configuration.ts';
import { readConfiguration } from '../../../lib/config/effective-configuration.ts';
import type { HostFacts } from '../../../lib/config/planning.ts';
import { kernelReleaseOf, plannerOptions } from '../../../lib/config/planning.ts';
import type { PlannerOptions } from '../../../lib/model/planner-options.ts';

const host: HostFacts = {
  families: ['IPv4', 'IPv6'],
  kernelRelease: '5.15.0-91-generic',
  randomFully: true,
  podCidrs: ['10.244.7.0/24', 'fd00:244:7::/64'],
  cores: 8,
  conntrackLimits: true,
};

function optionsOf(written: WrittenConfiguration, facts: Partial<HostFacts> = {}): PlannerOptions {
  return plannerOptions(readConfiguration(written, 'node-a'), { ...host, ...facts });
}

describe('the options of the planner', () => {
  it('are the defaults of kube-proxy where nothing is configured', () => {
    expect(optionsOf({})).to.deep.equal({
      families: ['IPv4', 'IPv6'],
      scheduler: 'rr',
      masqueradeAll: false,
      masqueradeBit: 14,
      randomFully: true,
      localTraffic: { by: 'nothing' },
      strictArp: false,
      kernel: { major: 5, minor: 15 },
      conntrack: {
        maxPerCore: 32_768,
        min: 131_072,
        cores: 8,
        tcpEstablishedTimeout: 86_400,
        tcpCloseWaitTimeout: 3600,
        tcpBeLiberal: false,
        udpTimeout: 0,
        udpStreamTimeout: 0,
      },
      ipvsTimeouts: { tcp: 0, udp: 0 },
      serviceRanges: [],
    });
  });

  const cases: Record<string, [written: WrittenConfiguration, planned: Partial<PlannerOptions>]> = {
    'the scheduler': [{ scheduler: 'wlc' }, { scheduler: 'wlc' }],
    'what is masqueraded': [
      { masqueradeAll: true, masqueradeBit: 3 },
      { masqueradeAll: true, masqueradeBit: 3 },
    ],
    'strict ARP': [{ strictArp: true }, { strictArp: true }],
    'the time-outs of IPVS, in whole seconds, for connection tracking too': [
      { tcpTimeout: '20m', udpTimeout: '1500ms' },
      { ipvsTimeouts: { tcp: 1200, udp: 2 } },
    ],
    'how connections are tracked': [
      {
        conntrackMaxPerCore: 1,
        conntrackMin: 2,
        conntrackTcpEstablishedTimeout: '3s',
        conntrackTcpCloseWaitTimeout: '4s',
        conntrackTcpBeLiberal: true,
        conntrackUdpTimeout: '5s',
        conntrackUdpStreamTimeout: '6s',
      },
      {
        conntrack: {
          maxPerCore: 1,
          min: 2,
          cores: 8,
          tcpEstablishedTimeout: 3,
          tcpCloseWaitTimeout: 4,
          tcpBeLiberal: true,
          udpTimeout: 5,
          udpStreamTimeout: 6,
        },
      },
    ],
    'the ranges that outer addresses may be in (CVE-2020-8554)': [
      { externalAddressRanges: ['198.51.100.0/24'], serviceRanges: ['10.96.0.0/12'] },
      { externalAddressRanges: ['198.51.100.0/24'], serviceRanges: ['10.96.0.0/12'] },
    ],
    'external IPs not at all (feature gate AllowServiceExternalIPs)': [
      { featureGates: 'AllowServiceExternalIPs=false' },
      { serviceExternalIPs: false },
    ],
    'external IPs where the feature gate says so': [{ featureGates: 'AllowServiceExternalIPs=true' }, {}],
    'the network of all pods': [
      { clusterCidrs: '10.244.0.0/16' },
      { localTraffic: { by: 'source', cidrs: ['10.244.0.0/16'] } },
    ],
    'the networks of the pods of the node': [
      { detectLocalMode: 'NodeCIDR', clusterCidrs: '10.244.0.0/16' },
      { localTraffic: { by: 'source', cidrs: host.podCidrs } },
    ],
    'the bridge of the pods': [
      { detectLocalMode: 'BridgeInterface', bridgeInterface: 'cbr0' },
      { localTraffic: { by: 'interface', pattern: 'cbr0' } },
    ],
    'the prefix of the interfaces of the pods': [
      { detectLocalMode: 'InterfaceNamePrefix', interfaceNamePrefix: 'cali' },
      { localTraffic: { by: 'interface', pattern: 'cali+' } },
    ],
  };
  for (const [what, [written, planned]] of Object.entries(cases)) {
    it(`take ${what} as configured, and are else the same`, () => {
      expect(optionsOf(written)).to.deep.equal({ ...optionsOf({}), ...planned });
    });
  }

  it('leave the limit of tracked connections alone where it cannot be set', () => {
    expect(optionsOf({}, { conntrackLimits: false }).conntrack).to.include({ maxPerCore: 0, min: 131_072 });
  });

  for (const [release, major, minor] of [
    ['4.19.0-26-amd64', 4, 19],
    ['5.9', 5, 9],
    ['6.10.3+', 6, 10],
    ['unknown', 0, 0],
  ] as const) {
    it(`take ${release} for Linux ${major}.${minor}`, () => {
      expect(kernelReleaseOf(release)).to.deep.equal({ major, minor });
    });
  }
});
