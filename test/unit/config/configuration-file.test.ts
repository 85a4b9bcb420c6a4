import { expect } from 'chai';
import fc from 'fast-check';
import type { Configuration } from '../../../lib/config/configuration.ts';
import { ConfigurationError } from '../../../lib/config/configuration-error.ts';
import { readConfigurationFile } from '../../../lib/config/configuration-file.ts';
import { effectiveConfiguration, readConfiguration } from '../../../lib/config/effective-configuration.ts';
import { formatProblem } from '../../../lib/model/problem.ts';
import { eksFile, kindFile, kubeadmFile, kubesprayFile, oldFile } from './configuration-files.ts';

const standard = readConfiguration({}, 'node-a');

/** What is not as it would be without the file. */
function differences(text: string): Partial<Configuration> {
  const file = readConfigurationFile('f.yaml', text);
  const { configuration } = effectiveConfiguration({ flags: {}, file, nodeName: 'node-a' });
  const changed = Object.entries(configuration).filter(
    ([field, value]) => JSON.stringify(value) !== JSON.stringify(standard[field as keyof Configuration]),
  );
  return Object.fromEntries(changed);
}

/** One line for each thing that is wrong, warnings included. */
function problemsOf(text: string): string[] {
  const file = readConfigurationFile('f.yaml', text);
  const warnings = file.problems.filter(({ severity }) => severity === 'warning');
  try {
    effectiveConfiguration({ flags: {}, file, nodeName: 'node-a' });
    return warnings.map(formatProblem);
  } catch (error) {
    if (!(error instanceof ConfigurationError)) throw error;
    return [...warnings, ...error.problems].map(formatProblem);
  }
}

const proxyHead = 'apiVersion: kubeproxy.config.k8s.io/v1alpha1\nkind: KubeProxyConfiguration\n';
const ownHead = 'apiVersion: kube-ipvs.io/v1alpha1\nkind: KubeIpvsConfiguration\n';

describe('a configuration file', () => {
  const real: readonly (readonly [string, string, Partial<Configuration>, readonly string[]])[] = [
    [
      'kubeadm',
      kubeadmFile,
      { kubeconfig: '/var/lib/kube-proxy/kubeconfig.conf', clusterCidrs: ['10.244.0.0/16'] },
      [],
    ],
    [
      'kubespray',
      kubesprayFile,
      {
        strictArp: true,
        nodeName: 'node1',
        clusterCidrs: ['10.233.64.0/18', 'fd85:ee78:d8a6:8607::1:0/112'],
      },
      [
        'clientConnection.burst',
        'clientConnection.contentType',
        'clientConnection.qps',
        'configSyncPeriod',
        'iptables.syncPeriod',
      ],
    ],
    [
      'EKS',
      eksFile,
      { scheduler: 'lc', oomScoreAdj: -998, kubeconfig: '/var/lib/kube-proxy/kubeconfig' },
      [
        'clientConnection.burst',
        'clientConnection.contentType',
        'clientConnection.qps',
        'configSyncPeriod',
        'iptables.syncPeriod',
      ],
    ],
    [
      'kind',
      kindFile,
      {
        conntrackMaxPerCore: 0,
        conntrackTcpEstablishedTimeout: 0,
        conntrackTcpCloseWaitTimeout: 0,
        metricsBindAddress: { address: '0.0.0.0', port: 10249 },
        featureGates: { NFTablesProxyMode: true, TopologyAwareHints: true },
      },
      ['iptables.minSyncPeriod'],
    ],
    [
      'an old release',
      oldFile,
      {
        bindAddress: '::',
        healthzBindAddress: { address: '::', port: 10256 },
        metricsBindAddress: { address: '::1', port: 10249 },
        featureGates: { SupportIPVSProxyMode: true },
        nodePortAddresses: ['127.0.0.0/8', '192.168.0.0/16'],
      },
      ['udpIdleTimeout', 'resourceContainer'],
    ],
  ];
  for (const [whose, text, changed, unused] of real) {
    it(`of ${whose} is taken unchanged, and what it has that is not used is named`, () => {
      expect(problemsOf(text)).to.deep.equal([]);
      expect(differences(text)).to.deep.equal(changed);
      const { unused: named } = readConfigurationFile('f', text);
      expect(named.map(({ path }) => path)).to.deep.equal(unused);
    });
  }

  it('of our kind takes every field of kube-proxy, and more', () => {
    const own = kubeadmFile.replace(/apiVersion.*\n/, '').replace(/kind.*\n/, '');
    expect(differences(`${ownHead}${own}drainTimeout: 1m\nnodeTimeout: 1s\n`)).to.include({
      drainTimeout: 60_000,
      nodeTimeout: 1000,
    });
  });

  it('takes aliases, and refuses one that stands for itself', () => {
    expect(differences(`${ownHead}ipvs: {tcpTimeout: &t 1m, udpTimeout: *t}\n`)).to.deep.equal({
      tcpTimeout: 60_000,
      udpTimeout: 60_000,
    });
    expect(problemsOf(`${ownHead}ipvs: &a\n  scheduler: rr\n  x: *a\n`)).to.have.length(1);
  });

  it('lets flags win, and tells where each value is from', () => {
    const file = readConfigurationFile('f', `${proxyHead}ipvs: {scheduler: lc, strictARP: true}\n`);
    const flags = { scheduler: 'sh', nodeName: '', kubeconfig: '' };
    const { configuration, origins } = effectiveConfiguration({ flags, file, nodeName: 'node-a' });
    expect(configuration).to.include({ scheduler: 'sh', strictArp: true, nodeName: 'node-a' });
    expect(origins).to.include({
      scheduler: 'flag',
      strictArp: 'file',
      nodeName: 'environment',
      kubeconfig: 'default',
    });
  });

  const wrong: readonly (readonly [string, string, readonly string[]])[] = [
    ['nothing', '', ['f.yaml:1:1: expected a configuration, got an empty file; begin with']],
    ['blank lines', '\n---\n# nothing\n', ['f.yaml:1:1: expected a configuration, got an empty file']],
    ['a text', 'hello', ['f.yaml:1:1: expected fields as name: value, got something else']],
    ['a list', '- a', ['f.yaml:1:1: expected fields as name: value, got something else']],
    ['an open bracket', `${ownHead}ipvs: {\n`, ['f.yaml:4:1: expected YAML or JSON, got ']],
    ['two documents', `${ownHead}---\n${ownHead}`, ['f.yaml:3:1: expected one document, got a second one']],
    ['no kind', 'mode: ipvs', ['f.yaml:1:1: kind: expected KubeProxyConfiguration or KubeIpvsConfiguration']],
    [
      'a kind written wrong',
      'apiVersion: a\nkind: KubeProxyConfig',
      [
        'f.yaml:2:1: kind: expected KubeProxyConfiguration or KubeIpvsConfiguration, got "KubeProxyConfig"; did',
      ],
    ],
    [
      'another kind',
      'apiVersion: kubelet.config.k8s.io/v1beta1\nkind: KubeletConfiguration',
      ['f.yaml:2:1: kind: expected'],
    ],
    [
      'a version that nobody knows',
      'apiVersion: kubeproxy.config.k8s.io/v1\nkind: KubeProxyConfiguration',
      [
        'f.yaml:1:1: apiVersion: expected kubeproxy.config.k8s.io/v1alpha1, got "kubeproxy.config.k8s.io/v1"; write',
      ],
    ],
    [
      'a field written wrong',
      `${ownHead}ipvs:\n  schedular: rr\n`,
      [
        'f.yaml:4:3: ipvs.schedular: expected a field of KubeIpvsConfiguration, got an unknown one; did you mean ipvs.scheduler?',
      ],
    ],
    [
      'a field in the wrong place',
      `${ownHead}masqueradeAll: true\n`,
      [
        'f.yaml:3:1: masqueradeAll: expected a field of KubeIpvsConfiguration, got an unknown one; did you mean iptables.masqueradeAll?',
      ],
    ],
    [
      'a field that is nowhere',
      `${ownHead}x: 1\n`,
      ['f.yaml:3:1: x: expected a field of KubeIpvsConfiguration, got an unknown one; remove it'],
    ],
    [
      'a field twice',
      `${ownHead}mode: ipvs\nmode: ipvs\n`,
      ['f.yaml:4:1: mode: expected each field once, got it again, after line 3; remove one of them'],
    ],
    [
      'a text for a boolean',
      `${ownHead}ipvs:\n  strictARP: "true"\n`,
      ['f.yaml:4:3: ipvs.strictARP: expected true or false, got "true"; write it without quotes'],
    ],
    [
      'a text for a number',
      `${ownHead}oomScoreAdj: "5"\n`,
      ['f.yaml:3:1: oomScoreAdj: expected a whole number, got "5"; write it in digits, without quotes'],
    ],
    [
      'a number without unit',
      `${ownHead}ipvs: {syncPeriod: 30}\n`,
      [
        'f.yaml:3:8: ipvs.syncPeriod: expected a duration such as 30s, 1m30s, 500ms or 0, got 30; give it a unit: 30s',
      ],
    ],
    [
      'a number too great',
      `${ownHead}iptables: {masqueradeBit: 32}\n`,
      ['f.yaml:3:12: iptables.masqueradeBit: expected a whole number from 0 to 31, got 32'],
    ],
    [
      'a text for a list',
      `${ownHead}nodePortAddresses: 10.0.0.0/8\n`,
      ['f.yaml:3:1: nodePortAddresses: expected a list of texts, got "10.0.0.0/8"; write each on a line'],
    ],
    [
      'a list for a text',
      `${ownHead}clusterCIDR: [10.0.0.0/8, "fd00::/64"]\n`,
      [
        'f.yaml:3:1: clusterCIDR: expected a text, got ["10.0.0.0/8","fd00::/64"]; write one text: "10.0.0.0/8,fd00::/64"',
      ],
    ],
    ['a text for a group', `${ownHead}ipvs: rr\n`, ['f.yaml:3:1: ipvs: expected fields within it, got "rr"']],
    [
      'a wrong part of a list',
      `${ownHead}nodePortAddresses: [10.0.0.0/8, 10.1.2.3]\n`,
      ['f.yaml:3:1: nodePortAddresses: expected a CIDR such as', 'got "10.1.2.3"; add the prefix length'],
    ],
    [
      'another mode',
      `${proxyHead}mode: iptables\n`,
      [
        'f.yaml:3:1: mode: expected one of ipvs, got "iptables"; kube-ipvs serves through IPVS alone: write ipvs, or',
      ],
    ],
    [
      'a mode without what it needs',
      `${proxyHead}detectLocalMode: BridgeInterface\n`,
      ['--pod-bridge-interface: expected a name, for local traffic told by BridgeInterface, got nothing'],
    ],
    [
      'periods that do not go together',
      `${proxyHead}ipvs:\n  minSyncPeriod: 1m\n`,
      ['f.yaml:4:3: ipvs.minSyncPeriod: expected at most the sync period'],
    ],
    [
      'a gate that is no boolean',
      `${proxyHead}featureGates: {A: on, B: 2}\n`,
      ['f.yaml:3:1: featureGates: expected feature gates, each true or false, got "B: 2"'],
    ],
    [
      'a port that is none',
      `${proxyHead}metricsBindAddress: 127.0.0.1:99999\n`,
      ['f.yaml:3:1: metricsBindAddress: expected an address with a port to listen at'],
    ],
  ];
  for (const [what, text, [message = '', ...more]] of wrong) {
    it(`with ${what} is refused by file, line and field`, () => {
      const [problem = '', ...others] = problemsOf(text);
      expect(others).to.deep.equal([]);
      expect(problem.slice(0, message.length)).to.equal(message);
      for (const words of more) expect(problem).to.contain(words);
    });
  }

  it('is read or refused, however it is spoilt', function () {
    const spoilt = fc
      .tuple(
        fc.constantFrom(
          kubeadmFile,
          kubesprayFile,
          oldFile,
          kubeadmFile.replace(/^(api|kind).*/gm, '') + ownHead,
        ),
        fc.array(
          fc.tuple(
            fc.nat(2000),
            fc.nat(20),
            fc.oneof(fc.constantFrom('{', '[', '*a', '&a ', '<<: ', '\t', '- ', ': ', '"', '~'), fc.string()),
          ),
          { maxLength: 4 },
        ),
      )
      .map(([text, changes]) =>
        changes.reduce((now, [at, length, put]) => now.slice(0, at) + put + now.slice(at + length), text),
      );
    fc.assert(
      fc.property(fc.oneof(spoilt, fc.string()), (text) => {
        for (const line of problemsOf(text)) expect(line).to.match(/^(?:f\.yaml:\d+:\d+|--[a-z-]+): /);
      }),
      { numRuns: 100 },
    );
    expect(problemsOf('['.repeat(10_000))).to.have.length(1);
  });

  it('tells everything that is wrong at once', () => {
    const text = `${ownHead}x: 1\noomScoreAdj: many\nipvs: {scheduler: none, scheduler: never}\n`;
    expect(problemsOf(text).map((line) => line.split(': ').slice(0, 2))).to.deep.equal([
      ['f.yaml:3:1', 'x'],
      ['f.yaml:4:1', 'oomScoreAdj'],
      ['f.yaml:5:25', 'ipvs.scheduler'],
      ['f.yaml:5:25', 'ipvs.scheduler'],
    ]);
  });

  it("of kube-proxy's kind is used without what it does not know, and the last of two counts, as in kube-proxy", () => {
    const text = `${proxyHead}ipvs: {schedular: lc, scheduler: sh}\ndrainTimeout: 1s\nmode: ""\nmode: ipvs\n`;
    expect(differences(text)).to.deep.equal({ scheduler: 'sh' });
    expect(problemsOf(text)).to.deep.equal([
      'f.yaml:6:1: mode: expected each field once, got it again, after line 5; the last one counts; remove the others',
      'f.yaml:3:8: ipvs.schedular: expected a field of KubeProxyConfiguration, got an unknown one; it is not used; did you mean ipvs.scheduler?',
      'f.yaml:4:1: drainTimeout: expected a field of KubeProxyConfiguration, got one of KubeIpvsConfiguration; it is not used here: "kube-ipvs migrate" makes a KubeIpvsConfiguration of the file',
    ]);
  });
});
