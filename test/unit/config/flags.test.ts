import { hostname } from 'node:os';
import { expect } from 'chai';
import type { WrittenConfiguration } from '../../../lib/config/configuration.ts';
import { ConfigurationError } from '../../../lib/config/configuration-error.ts';
import { readConfiguration } from '../../../lib/config/effective-configuration.ts';
import { flagOf } from '../../../lib/config/flags.ts';

/** One line for each thing that is wrong with what was written. */
function refusalsOf(written: WrittenConfiguration): string[] {
  try {
    readConfiguration(written, 'node-a');
    return [];
  } catch (error) {
    if (!(error instanceof ConfigurationError)) throw error;
    return error.problems.map(
      ({ where, expected, got, hint }) => `${where} | ${expected} | ${got} | ${hint}`,
    );
  }
}

describe('the configuration', () => {
  it('has the defaults of kube-proxy', () => {
    expect(readConfiguration({}, 'node-a')).to.deep.equal({
      proxyMode: 'ipvs',
      scheduler: 'rr',
      syncPeriod: 30_000,
      minSyncPeriod: 0,
      excludeCidrs: [],
      strictArp: false,
      tcpTimeout: 0,
      tcpFinTimeout: 0,
      udpTimeout: 0,
      masqueradeAll: false,
      masqueradeBit: 14,
      clusterCidrs: [],
      detectLocalMode: 'ClusterCIDR',
      nodePortAddresses: ['0.0.0.0/0', '::/0'],
      nodeName: 'node-a',
      nodeTimeout: 300_000,
      drainTimeout: 900_000,
      externalAddressRanges: [],
      serviceRanges: [],
      conntrackMaxPerCore: 32_768,
      conntrackMin: 131_072,
      conntrackTcpEstablishedTimeout: 86_400_000,
      conntrackTcpCloseWaitTimeout: 3_600_000,
      conntrackTcpBeLiberal: false,
      conntrackUdpTimeout: 0,
      conntrackUdpStreamTimeout: 0,
      bindAddress: '0.0.0.0',
      profiling: false,
      oomScoreAdj: -999,
      featureGates: {},
      healthzBindAddress: { address: '0.0.0.0', port: 10256 },
      metricsBindAddress: { address: '127.0.0.1', port: 10249 },
      bindAddressHardFail: false,
      serviceMetrics: 'off',
      serviceMetricsLimit: 20_000,
      socket: '/run/kube-ipvs/kube-ipvs.sock',
      once: false,
      traceNetlink: false,
      loggingFormat: 'text',
      verbosity: 0,
    });
  });

  it('takes the node name from the flag, else from the environment, else from the host', () => {
    expect(readConfiguration({ nodeName: 'Node-B' }, 'node-a').nodeName).to.equal('node-b');
    expect(readConfiguration({}, 'node-a').nodeName).to.equal('node-a');
    expect(readConfiguration({}, undefined).nodeName).to.equal(hostname().toLowerCase());
  });

  it('takes lists with commas, as several flags, or both', () => {
    const written = { nodePortAddresses: ['10.0.0.0/8, 192.168.0.0/16', 'fd00::/8', '10.1.1.1/8'] };
    expect(readConfiguration(written, 'a').nodePortAddresses).to.deep.equal([
      '10.0.0.0/8',
      '192.168.0.0/16',
      'fd00::/8',
    ]);
  });

  it('takes "all" for every node port address', () => {
    expect(readConfiguration({ nodePortAddresses: 'all' }, 'a').nodePortAddresses).to.deep.equal([
      '0.0.0.0/0',
      '::/0',
    ]);
  });

  it('takes a flag without a value, and with =true or =false', () => {
    const read = (strictArp: unknown): boolean => readConfiguration({ strictArp }, 'a').strictArp;
    expect([true, 'true', 'false'].map(read)).to.deep.equal([true, true, false]);
  });

  const bound: readonly (readonly [string, unknown])[] = [
    ['192.0.2.1:8080', { address: '192.0.2.1', port: 8080 }],
    ['192.0.2.1', { address: '192.0.2.1', port: 10256 }],
    ['[::]:8080', { address: '::', port: 8080 }],
    ['[fd00:0::1]', { address: 'fd00::1', port: 10256 }],
    ['fd00::1', { address: 'fd00::1', port: 10256 }],
    ['0', 'off'],
    ['', 'off'],
  ];
  for (const [healthzBindAddress, meaning] of bound) {
    it(`takes "${healthzBindAddress}" as a place to listen`, () => {
      const configuration = readConfiguration({ healthzBindAddress }, 'a');
      expect(configuration.healthzBindAddress).to.deep.equal(meaning);
    });
  }

  it('tells everything that is wrong at once', () => {
    expect(refusalsOf({ scheduler: 'none', syncPeriod: 'soon', masqueradeBit: '32' })).to.have.length(3);
  });

  const refused: readonly (readonly [WrittenConfiguration, string, string])[] = [
    [{ scheduler: 'wlcc' }, '--ipvs-scheduler', 'did you mean wlc?'],
    [{ scheduler: 'RR' }, '--ipvs-scheduler', 'did you mean rr?'],
    [{ serviceMetrics: 'endpoints' }, '--service-metrics', 'did you mean endpoint?'],
    [{ serviceMetricsLimit: '0' }, '--service-metrics-limit', 'choose a number from 1 to 10000000'],
    [{ scheduler: 'fastest' }, '--ipvs-scheduler', 'choose one of them'],
    [{ proxyMode: 'iptables' }, '--proxy-mode', 'run kube-proxy for iptables'],
    [{ proxyMode: 'nftables' }, '--proxy-mode', 'run kube-proxy for nftables'],
    [{ syncPeriod: '30' }, '--ipvs-sync-period', 'give it a unit: 30s'],
    [{ syncPeriod: '0' }, '--ipvs-sync-period', 'a duration above 0'],
    [{ syncPeriod: '10s', minSyncPeriod: '20s' }, '--ipvs-min-sync-period', 'at most the sync period'],
    [{ udpTimeout: '-1s' }, '--ipvs-udp-timeout', 'write a duration of 0 or more'],
    [{ masqueradeBit: '32' }, '--iptables-masquerade-bit', 'a whole number from 0 to 31'],
    [{ masqueradeBit: '1.5' }, '--iptables-masquerade-bit', 'a whole number from 0 to 31'],
    [{ strictArp: 'yes' }, '--ipvs-strict-arp', 'true or false'],
    [{ clusterCidrs: '10.0.0.0' }, '--cluster-cidr', 'add the prefix length'],
    [{ clusterCidrs: ['10.0.0.0/8', '11.0.0.0/8'] }, '--cluster-cidr', 'at most one CIDR for each IP family'],
    [{ excludeCidrs: '10.0.0.0/8,ten' }, '--ipvs-exclude-cidrs', '"ten"'],
    [{ manifests: 'm', nodePortAddresses: 'primary' }, '--nodeport-addresses', 'needs the Node object'],
    [{ manifests: 'm', kubeconfig: 'k' }, '--kubeconfig', 'leave one of them out'],
    [{ manifests: 'm', master: 'https://[::1]:6443' }, '--master', 'leave one of them out'],
    [{ master: 'http://127.0.0.1:8080' }, '--master', 'without TLS'],
    [{ master: 'https://' }, '--master', 'https://host:port'],
    [{ kubeconfig: ' ' }, '--kubeconfig', 'a file'],
    [{ manifests: '' }, '--manifests', 'a directory'],
    [{ manifests: 'm', detectLocalMode: 'NodeCIDR' }, '--detect-local-mode', 'needs the Node object'],
    [
      { detectLocalMode: 'BridgeInterface' },
      '--pod-bridge-interface',
      'for local traffic told by BridgeInterface',
    ],
    [{ bridgeInterface: 'a-name-far-too-long' }, '--pod-bridge-interface', '1 to 15 characters'],
    [{ interfaceNamePrefix: 'a b' }, '--pod-interface-name-prefix', '1 to 15 characters'],
    [{ manifests: ' ' }, '--manifests', 'a directory'],
    ...[':10256', 'localhost:10256', '10.0.0.1:0', '10.0.0.1:65536', '[::1', '::1:port', '[10.0.0.1]x'].map(
      (healthzBindAddress) =>
        [{ healthzBindAddress }, '--healthz-bind-address', 'write it as 0.0.0.0:10256'] as const,
    ),
    [{ metricsBindAddress: '10249' }, '--metrics-bind-address', 'write it as 0.0.0.0:10249'],
    [{ loggingFormat: 'xml' }, '--logging-format', 'one of text, json'],
    [{ verbosity: '11' }, '--v', 'from 0 to 10'],
  ];
  for (const [written, flag, words] of refused) {
    it(`refuses ${JSON.stringify(written)} by the name of ${flag}`, () => {
      const [refusal, ...others] = refusalsOf(written);
      expect(others).to.deep.equal([]);
      expect(refusal?.split(' | ')[0]).to.equal(flag);
      expect(refusal).to.contain(words);
    });
  }

  it('knows the flag of every field', () => {
    for (const field of Object.keys(readConfiguration({}, 'a'))) {
      expect(flagOf(field as keyof WrittenConfiguration)).to.match(/^--[a-z-]+$/);
    }
  });
});
