import { expect } from 'chai';
import { ConfigurationError } from '../../../lib/config/configuration-error.ts';
import { migrateConfiguration } from '../../../lib/config/migration.ts';
import { eksFile, kindFile, kubeadmFile, kubesprayFile } from './configuration-files.ts';

const head = 'apiVersion: kubeproxy.config.k8s.io/v1alpha1\nkind: KubeProxyConfiguration\n';

/** The fields that a migrated file has besides its kind. */
function fieldsOf(text: string): object {
  const { apiVersion, kind, ...fields } = migrateConfiguration('f', text).content;
  expect({ apiVersion, kind }).to.deep.equal({
    apiVersion: 'kube-ipvs.io/v1alpha1',
    kind: 'KubeIpvsConfiguration',
  });
  return fields;
}

function sentencesOf(text: string): string {
  return migrateConfiguration('f', text).differences.join('\n');
}

describe('a configuration moved over from kube-proxy', () => {
  it('has what is different from the defaults, and nothing else', () => {
    expect(fieldsOf(kubeadmFile)).to.deep.equal({
      clientConnection: { kubeconfig: '/var/lib/kube-proxy/kubeconfig.conf' },
      clusterCIDR: '10.244.0.0/16',
    });
    expect(fieldsOf(kubesprayFile)).to.deep.equal({
      hostnameOverride: 'node1',
      ipvs: { strictARP: true },
      clusterCIDR: '10.233.64.0/18,fd85:ee78:d8a6:8607::1:0/112',
    });
    expect(fieldsOf(kindFile)).to.deep.equal({
      conntrack: { maxPerCore: 0, tcpEstablishedTimeout: '0s', tcpCloseWaitTimeout: '0s' },
      metricsBindAddress: '0.0.0.0:10249',
      featureGates: { NFTablesProxyMode: true, TopologyAwareHints: true },
    });
  });

  it('of another mode is one of mode ipvs, and the sentences say so', () => {
    const text = eksFile.replace('mode: "ipvs"', 'mode: "iptables"');
    expect(fieldsOf(text)).to.have.nested.property('ipvs.scheduler', 'lc');
    expect(sentencesOf(text)).to.match(/^mode is iptables: .*kube-proxy --cleanup/);
    expect(sentencesOf(eksFile)).not.to.contain('mode is');
  });

  const told: readonly (readonly [string, string, string])[] = [
    ['nodePortAddresses that are not narrowed', '', 'nodePortAddresses is not narrowed'],
    ['loopback addresses', 'nodePortAddresses: [localhost]\n', 'nodePortAddresses has loopback addresses'],
    ['excludeCIDRs', 'ipvs: {excludeCIDRs: [10.0.0.0/8]}\n', 'they are hardly needed'],
    ['no excludeCIDRs', '', 'excludeCIDRs is empty'],
    ['strictARP that is off', '', 'strictARP is off'],
    ['no clusterCIDR', '', 'clusterCIDR is empty'],
    ['how long connections drain', '', 'drainTimeout is 15m'],
    ['a field without effect', 'portRange: 1-2\n', 'portRange (no mode uses it any more): it is left out.'],
    [
      'a field that nobody knows',
      'portrange: 1-2\n',
      'portrange (f:3:1): it is not used; did you mean portRange?',
    ],
    ['a gate', 'featureGates: {WinDSR: true}\n', 'feature gate WinDSR=true: it has no effect'],
    ['a gate nobody knows', 'featureGates: {WinDRS: true}\n', 'did you mean WinDSR?'],
  ];
  for (const [what, fields, sentence] of told) {
    it(`tells of ${what}`, () => {
      expect(sentencesOf(head + fields)).to.contain(sentence);
    });
  }

  it('does not tell what that file does not have', () => {
    const sentences = sentencesOf(
      `${head}ipvs: {strictARP: true}\nclusterCIDR: 10.0.0.0/8\nnodePortAddresses: [10.0.0.0/8]\n`,
    );
    for (const word of ['strictARP', 'clusterCIDR', 'nodePortAddresses', 'gate', 'left out']) {
      expect(sentences).not.to.contain(word);
    }
  });

  it('is refused where the file cannot be used', () => {
    expect(() => migrateConfiguration('f', `${head}oomScoreAdj: x\n`)).to.throw(ConfigurationError);
    expect(() => migrateConfiguration('f', `${head}mode: userspace\n`)).to.throw(ConfigurationError);
  });
});
