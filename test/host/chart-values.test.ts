import { expect } from 'chai';
import fc from 'fast-check';
import { parseDuration } from '../../lib/model/duration.ts';
import { durationPattern } from '../../scripts/chart/schema.ts';
import { Helm } from '../kube/helm.ts';
import {
  eksFile,
  kindFile,
  kubeadmFile,
  kubesprayFile,
  oldFile,
} from '../unit/config/configuration-files.ts';
import { kubeProxys, own, server, template } from './chart-template.ts';

describe('the values of the chart, as the real helm takes them', () => {
  let helm: Helm;

  before(async () => {
    helm = await Helm.open();
  });

  after(() => helm.close());

  describe('refuses', () => {
    const reachable = `${own},config.metricsBindAddress=0.0.0.0:10249`;

    const refusals: readonly (readonly [what: string, values: string, message: RegExp])[] = [
      ['a value that there is none of', 'replicas=2', /'': additional properties 'replicas' not allowed/],
      ['one within another', 'image.name=a', /'\/image': additional properties 'name' not allowed/],
      ['a text for a switch', 'init.enabled=sometimes', /'\/init\/enabled': got string, want boolean/],
      ['a port beyond the last', 'k8sServicePort=65536', /'\/k8sServicePort': maximum/],
      ['a URL for a host', 'k8sServiceHost=https://a:6443', /'\/k8sServiceHost': .* does not match/],
      ['a digest that is none', 'image.digest=sha256:12', /'\/image\/digest': .* does not match/],
      [
        'a word for a policy',
        'image.pullPolicy=Sometimes',
        /'\/image\/pullPolicy': value must be one of 'Always'/,
      ],
      [
        'a field that the program does not know',
        `${own},config.ipvs.schedular=rr`,
        /'\/config\/ipvs': .*'schedular'/,
      ],
      [
        'a scheduler that nobody knows',
        `${own},config.ipvs.scheduler=best`,
        /'\/config\/ipvs\/scheduler': value/,
      ],
      ['a duration of an unknown unit', `${own},config.drainTimeout=5x`, /'\/config\/drainTimeout': '5x'/],
      [
        'a number beyond what the program takes',
        `${own},config.oomScoreAdj=1001`,
        /'\/config\/oomScoreAdj': maximum/,
      ],
      [
        'a mode that is not IPVS',
        `${kubeProxys},config.mode=iptables`,
        /'\/config\/mode': value must be one of 'ipvs'/,
      ],
      [
        'a configuration of no kind',
        'config.mode=ipvs',
        /'\/config': missing properties 'apiVersion', 'kind'/,
      ],
      ['no way to the API server', '', /k8sServiceHost: expected the address of an API server/],
      [
        'a file that is not mounted',
        `${kubeProxys},config.clientConnection.kubeconfig=/a/b`,
        /config\.clientConnection\.kubeconfig: expected a file that is mounted, got \/a\/b/,
      ],
      ['a text that is no configuration', 'k8sServiceHost=a,config=[', /config: expected YAML of one map/],
      [
        'a flag that it has to know of',
        'k8sServiceHost=a,extraArgs={--metrics-bind-address=0.0.0.0:1}',
        /extraArgs: .* got --metrics-bind-address/,
      ],
      [
        'a flag that moves what is mounted',
        'k8sServiceHost=a,extraArgs={--socket=/run/a/b}',
        /extraArgs: .* got --socket; give it in config/,
      ],
      [
        'a flag with which every pod would end',
        'k8sServiceHost=a,extraArgs={--cleanup}',
        /extraArgs: expected flags with which the program stays, got --cleanup, with which it ends/,
      ],
      [
        'manifests that are not mounted',
        `${own},config.manifests=/services`,
        /config\.manifests: expected a directory that is mounted, got \/services; mount it by extraVolumes/,
      ],
      [
        'a tag in the name of the image',
        'k8sServiceHost=a,image.repository=mirror:5000/kube-ipvs:1',
        /'\/image\/repository': .* does not match/,
      ],
      [
        'two pods on a node',
        'k8sServiceHost=a,updateStrategy.rollingUpdate.maxSurge=1',
        /'\/updateStrategy\/rollingUpdate': additional properties 'maxSurge' not allowed/,
      ],
      [
        'an update of no node',
        'k8sServiceHost=a,updateStrategy.rollingUpdate.maxUnavailable=0',
        /'\/updateStrategy\/rollingUpdate\/maxUnavailable': minimum/,
      ],
      [
        'a port for monitors that nothing listens at',
        'k8sServiceHost=a,monitoring.port=https,monitoring.podMonitor.enabled=true',
        /monitoring\.port: expected the name of a port of extraContainers, got https; there are none/,
      ],
      [
        'a socket among files of others',
        `k8sServiceHost=a,${own},config.socket=/run/kube-ipvs.sock`,
        /config\.socket: expected a path in a folder that is the socket's alone, .* got one in \/run;/,
      ],
      [
        'two addresses of the API server',
        `k8sServiceHost=a,${own},config.clientConnection.master=https://b:6443`,
        /k8sServiceHost: expected one address .* got config\.clientConnection\.master too, https:\/\/b:6443/,
      ],
      [
        'a monitor of a loopback address',
        'k8sServiceHost=a,monitoring.podMonitor.enabled=true',
        /config\.metricsBindAddress: expected an address that Prometheus reaches, got 127\.0\.0\.1:10249/,
      ],
      [
        'annotations for it',
        'k8sServiceHost=a,monitoring.scrapeAnnotations=true',
        /config\.metricsBindAddress: expected an address/,
      ],
      [
        'two monitors',
        `k8sServiceHost=a,${reachable},monitoring.podMonitor.enabled=true,monitoring.serviceMonitor.enabled=true`,
        /monitoring\.serviceMonitor\.enabled: expected one monitor/,
      ],
    ];
    for (const [what, values, message] of refusals) {
      it(`${what}, and names the value`, async () => {
        const { code, stderr } = await template(helm, ['--set', values]);
        expect(stderr).to.match(message);
        expect(code).to.equal(1);
      });
    }

    it('probes of what is not listened at', async () => {
      const { code, stderr } = await template(helm, [
        ...server,
        '--set-string',
        `${own},config.healthzBindAddress=0`,
      ]);
      expect(stderr).to.contain(
        'config.healthzBindAddress: expected an address that probes can ask, got 0; ',
      );
      expect(code).to.equal(1);
    });

    it('exactly the durations that the program refuses', () => {
      const pattern = new RegExp(durationPattern, 'u');
      const unit = fc.constantFrom('ns', 'us', 'µs', 'ms', 's', 'm', 'h', 'd', '', '.', '-', ' ');
      const text = fc.array(fc.tuple(fc.constantFrom('', '0', '1', '15', '.5', '1.'), unit), {
        maxLength: 4,
      });
      fc.assert(
        fc.property(text, (parts) => {
          const duration = parts.flat().join('');
          const accepted = parseDuration(duration) !== undefined || duration.trim() === '';
          expect(pattern.test(duration), duration).to.equal(accepted);
        }),
        { numRuns: 2000 },
      );
    });
  });

  it('takes what kube-proxy takes: files of installers, unknown fields, and those of other modes', async () => {
    for (const text of [kubeadmFile, kubesprayFile, eksFile, kindFile, oldFile]) {
      const nested = text.replace(/^---$/gm, '').replace(/^/gm, '  ');
      const { code, stderr } = await template(
        helm,
        ['--values', '-'],
        `k8sServiceHost: a\nconfig:\n${nested}`,
      );
      expect(code, stderr).to.equal(0);
    }
    const others = 'config.fieldOfTomorrow=1,config.ipvs.another=a,config.nftables.syncPeriod=1s';
    const { code, stderr } = await template(helm, [...server, '--set', `${kubeProxys},${others}`]);
    expect(code, stderr).to.equal(0);
  });
});
