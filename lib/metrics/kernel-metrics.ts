import { join } from 'node:path';
import { Counter, Gauge, type Registry } from 'prom-client';
import { conntrackFailureReasons, conntrackFailures } from './conntrack-failures.ts';
import { ipvsTotals, type IpvsTotals } from './ipvs-totals.ts';
import { procNumber, procText } from './proc-file.ts';

/** What the node's kernel is, for telling nodes of a fleet apart. `iptables` is `legacy`, `nft` or `plain`, and empty before it is known. */
export type KernelFacts = Readonly<
  Record<'release' | 'ipvs_version' | 'connection_table_size' | 'iptables', string>
>;

const factNames = ['release', 'ipvs_version', 'connection_table_size', 'iptables'] as const;

/** The settings that balancing depends on, whoever sets them. */
const sysctls = [
  'net/ipv4/ip_forward',
  'net/ipv6/conf/all/forwarding',
  'net/ipv4/conf/all/rp_filter',
  'net/ipv4/conf/all/arp_ignore',
  'net/ipv4/conf/all/arp_announce',
  'net/bridge/bridge-nf-call-iptables',
  'net/ipv4/vs/conntrack',
  'net/ipv4/vs/conn_reuse_mode',
  'net/ipv4/vs/expire_nodest_conn',
  'net/ipv4/vs/expire_quiescent_template',
  'net/ipv4/vs/run_estimation',
  'net/netfilter/nf_conntrack_buckets',
  'net/netfilter/nf_conntrack_tcp_be_liberal',
  'net/netfilter/nf_conntrack_tcp_timeout_established',
  'net/netfilter/nf_conntrack_tcp_timeout_close_wait',
  'net/netfilter/nf_conntrack_udp_timeout',
  'net/netfilter/nf_conntrack_udp_timeout_stream',
] as const;

const conntrackGauges = [
  [
    'conntrack_entries',
    'Connections that the kernel tracks in this network namespace.',
    'net/netfilter/nf_conntrack_count',
  ],
  [
    'conntrack_entries_limit',
    'How many it tracks at most; packets of new ones are dropped beyond.',
    'net/netfilter/nf_conntrack_max',
  ],
] as const;

/**
 * Registers what is true of the node's kernel, whatever becomes of services. What the kernel does not have, or has not yet, is left out.
 * @param proc where the proc file system is mounted
 */
export function registerKernelMetrics(registry: Registry, facts: () => KernelFacts, proc = '/proc'): void {
  registerFacts(registry, facts);
  registerSysctls(registry, join(proc, 'sys'));
  registerTotals(registry, join(proc, 'net/ip_vs_stats'));
  registerConntrack(registry, proc);
}

function registerFacts(registry: Registry, facts: () => KernelFacts): void {
  new Gauge({
    name: 'kube_ipvs_kernel_info',
    help: 'What the node has, in the labels; always 1.',
    ...{ registers: [registry], labelNames: factNames },
    collect() {
      this.reset();
      this.set(facts(), 1);
    },
  });
}

function registerSysctls(registry: Registry, root: string): void {
  new Gauge({
    name: 'kube_ipvs_sysctl',
    help: 'A kernel setting that balancing depends on, whoever set it.',
    ...{ registers: [registry], labelNames: ['name'] as const },
    collect() {
      this.reset();
      for (const key of sysctls) {
        const value = procNumber(join(root, key));
        if (value !== undefined) this.set({ name: key.replaceAll('/', '.') }, value);
      }
    },
  });
}

/** What IPVS counts over all virtual servers: it costs one small file, where each of them costs a request. */
function registerTotals(registry: Registry, file: string): void {
  const registers = [registry];
  const totals = (): IpvsTotals | undefined => {
    const text = procText(file);
    return text === undefined ? undefined : ipvsTotals(text);
  };
  new Counter({
    name: 'kube_ipvs_connections_total',
    help: 'Connections that IPVS has balanced on this node since it was loaded, foreign virtual servers included.',
    registers,
    collect() {
      const now = totals();
      this.reset();
      if (now === undefined) this.remove();
      else this.inc(now.connections);
    },
  });
  const directed = [
    ['packets', 'inPackets', 'outPackets'],
    ['bytes', 'inBytes', 'outBytes'],
  ] as const;
  for (const [what, inward, outward] of directed) {
    new Counter({
      name: `kube_ipvs_${what}_total`,
      help: `The same of ${what}: in, from clients to real servers, and out, back.`,
      ...{ registers, labelNames: ['direction'] as const },
      collect() {
        const now = totals();
        this.reset();
        if (now === undefined) return;
        this.inc({ direction: 'in' }, now[inward]);
        this.inc({ direction: 'out' }, now[outward]);
      },
    });
  }
}

function registerConntrack(registry: Registry, proc: string): void {
  const registers = [registry];
  for (const [name, help, file] of conntrackGauges) {
    new Gauge({
      ...{ name: `kube_ipvs_${name}`, help, registers },
      collect() {
        const value = procNumber(join(proc, 'sys', file));
        if (value === undefined) this.remove();
        else this.set(value);
      },
    });
  }
  new Counter({
    name: 'kube_ipvs_conntrack_failures_total',
    help: 'Connections that the kernel could not track, or forgot before their time to make room, by the reason.',
    ...{ registers, labelNames: ['reason'] as const },
    collect() {
      this.reset();
      const text = procText(join(proc, 'net/stat/nf_conntrack'));
      const failures = text === undefined ? undefined : conntrackFailures(text);
      if (failures === undefined) return;
      for (const reason of conntrackFailureReasons) this.inc({ reason }, failures[reason]);
    },
  });
}
