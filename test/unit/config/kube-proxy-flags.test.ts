import { expect } from 'chai';
import { allFlags, longName } from '../../../lib/config/flags.ts';
import { unusedFlags } from '../../../lib/config/unused-flags.ts';

/** What `kube-proxy --help` lists on Linux, as of 1.28 and later, with what becomes of each here. */
const flagsOfKubeProxy: readonly (readonly [string, 'works' | 'no effect' | 'of its own'])[] = [
  ['add-dir-header', 'no effect'],
  ['alsologtostderr', 'no effect'],
  ['bind-address', 'works'],
  ['bind-address-hard-fail', 'works'],
  ['boot-id-file', 'no effect'],
  ['cleanup', 'of its own'],
  ['cluster-cidr', 'works'],
  ['config', 'of its own'],
  ['config-sync-period', 'no effect'],
  ['conntrack-max-per-core', 'works'],
  ['conntrack-min', 'works'],
  ['conntrack-tcp-be-liberal', 'works'],
  ['conntrack-tcp-timeout-close-wait', 'works'],
  ['conntrack-tcp-timeout-established', 'works'],
  ['conntrack-udp-timeout', 'works'],
  ['conntrack-udp-timeout-stream', 'works'],
  ['detect-local-mode', 'works'],
  ['feature-gates', 'works'],
  ['healthz-bind-address', 'works'],
  ['healthz-port', 'no effect'],
  ['help', 'of its own'],
  ['hostname-override', 'works'],
  ['init-only', 'of its own'],
  ['iptables-localhost-nodeports', 'no effect'],
  ['iptables-masquerade-bit', 'works'],
  ['iptables-min-sync-period', 'no effect'],
  ['iptables-sync-period', 'no effect'],
  ['ipvs-exclude-cidrs', 'works'],
  ['ipvs-min-sync-period', 'works'],
  ['ipvs-scheduler', 'works'],
  ['ipvs-strict-arp', 'works'],
  ['ipvs-sync-period', 'works'],
  ['ipvs-tcp-timeout', 'works'],
  ['ipvs-tcpfin-timeout', 'works'],
  ['ipvs-udp-timeout', 'works'],
  ['kube-api-burst', 'no effect'],
  ['kube-api-content-type', 'no effect'],
  ['kube-api-qps', 'no effect'],
  ['kubeconfig', 'works'],
  ['log-backtrace-at', 'no effect'],
  ['log-dir', 'no effect'],
  ['log-file', 'no effect'],
  ['log-file-max-size', 'no effect'],
  ['log-flush-frequency', 'no effect'],
  ['log-json-info-buffer-size', 'no effect'],
  ['log-json-split-stream', 'no effect'],
  ['log-text-info-buffer-size', 'no effect'],
  ['log-text-split-stream', 'no effect'],
  ['logging-format', 'works'],
  ['logtostderr', 'no effect'],
  ['machine-id-file', 'no effect'],
  ['masquerade-all', 'works'],
  ['master', 'works'],
  ['metrics-bind-address', 'works'],
  ['metrics-port', 'no effect'],
  ['nodeport-addresses', 'works'],
  ['one-output', 'no effect'],
  ['oom-score-adj', 'works'],
  ['pod-bridge-interface', 'works'],
  ['pod-interface-name-prefix', 'works'],
  ['profiling', 'works'],
  ['proxy-mode', 'works'],
  ['proxy-port-range', 'no effect'],
  ['show-hidden-metrics-for-version', 'no effect'],
  ['skip-headers', 'no effect'],
  ['skip-log-headers', 'no effect'],
  ['stderrthreshold', 'no effect'],
  ['v', 'works'],
  ['version', 'of its own'],
  ['vmodule', 'no effect'],
  ['write-config-to', 'of its own'],
];

describe("kube-proxy's flags", () => {
  const settings = allFlags.map(longName);
  for (const [name, expected] of flagsOfKubeProxy) {
    it(`--${name} is taken: ${expected}`, () => {
      const flag = `--${name}`;
      const found = settings.includes(flag) ? 'works' : unusedFlags.has(flag) ? 'no effect' : 'of its own';
      expect(found).to.equal(expected);
    });
  }

  it('have a reason each where they have no effect', () => {
    for (const [name, reason] of unusedFlags) {
      expect(settings).not.to.include(name);
      expect(reason).to.match(/^\S.*[^.]$/);
    }
  });
});
