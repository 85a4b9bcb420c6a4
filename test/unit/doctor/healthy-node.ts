import type { ExaminedNode, NodeInterface, SavedRules, Wanted } from '../../../lib/doctor/examined-node.ts';
import { parseSave, type SavedTables } from '../../../lib/kernel/iptables-save.ts';
import type { FirewallProgram } from '../../../lib/model/firewall-program.ts';
import type { NftTable } from '../../../lib/kernel/nft-table.ts';
import { planBase } from '../../../lib/planner/base-plan.ts';
import type { TracedTables } from '../../../lib/trace/traced-tables.ts';
import { endpoint, plannerOptions, service, slice, state } from '../fixtures.ts';
import { tablesOf } from '../trace/support.ts';

const facts = { name: 'this-node', addresses: ['192.168.0.1'], zone: '' };

const options = plannerOptions({
  families: ['IPv4'],
  localTraffic: { by: 'source', cidrs: ['10.1.0.0/16'] },
});

const web = state(
  service({ clusterIPs: ['10.96.0.10'] }),
  slice([endpoint('10.1.5.1', { nodeName: 'this-node' }), endpoint('10.1.6.2', { nodeName: 'node-2' })]),
);

/** What a kernel holds where one service is served: default/web at 10.96.0.10:80, by 10.1.5.1 here and 10.1.6.2. */
export const tables: TracedTables = tablesOf(options, facts, web);

const hooks = ':INPUT ACCEPT [0:0]\n:FORWARD ACCEPT [0:0]\n:OUTPUT ACCEPT [0:0]';

/** Our rules as iptables-save shows them, behind further ones of the filter table. */
export function savedRules(filter = '', flavour: SavedRules['flavour'] = 'legacy'): SavedRules {
  return savedRulesOf(tables.firewall.get('IPv4')!, filter, flavour);
}

/** The same of some program. */
export function savedRulesOf(
  program: FirewallProgram,
  filter = '',
  flavour: SavedRules['flavour'] = 'legacy',
): SavedRules {
  return {
    flavour,
    family: program.family,
    tables: parseSave(`*filter\n${hooks}\n${filter}\n${filterOf(program)}\nCOMMIT\n`),
    policies: policiesIn(filter),
  };
}

/** Saved rules of somebody else alone. */
export function foreignTables(text: string): SavedTables {
  return parseSave(text);
}

function filterOf({ chains, jumps }: FirewallProgram): string {
  return [
    ...jumps.filter(({ table }) => table === 'filter').map(({ hook, rule }) => `-A ${hook} ${rule}`),
    ...chains
      .filter(({ table }) => table === 'filter')
      .flatMap(({ name, rules }) => [`:${name} - [0:0]`, ...rules.map((rule) => `-A ${name} ${rule}`)]),
  ].join('\n');
}

function policiesIn(text: string): SavedRules['policies'] {
  return new Map(
    Array.from(text.matchAll(/^:(\S+) (ACCEPT|DROP)/gm), ([, hook = '', policy = '']) => [hook, policy]),
  );
}

/** A table of nf_tables with one chain that packets come to by themselves. */
export function nftGuard(
  hook: NftTable['bases'][number]['hook'],
  policy: 'accept' | 'drop',
  ...rules: readonly (readonly object[])[]
): NftTable {
  const place = { family: 'inet', table: 'guard' } as const;
  const numbered = rules.map((statements, index) => ({ handle: index + 1, statements }));
  return {
    ...{ ...place, chains: new Map([['guarding', numbered]]) },
    bases: [{ ...place, chain: 'guarding', hook, policy }],
  };
}

/** An interface that is up and has nothing special. */
export function networkInterface(name: string, fields: Partial<NodeInterface> = {}): NodeInterface {
  return {
    ...{ name, kind: undefined, up: true, mtu: 1500, master: undefined },
    ...{ addresses: [], hairpin: undefined, uplink: false, ...fields },
  };
}

/** Interfaces of a node with a bridge of pods. */
export const interfaces: readonly NodeInterface[] = [
  networkInterface('lo', { addresses: [{ address: '127.0.0.1', prefix: 8 }], mtu: 65_536 }),
  networkInterface('eth0', { addresses: [{ address: '192.168.0.1', prefix: 24 }], uplink: true }),
  networkInterface('kube-ipvs0', {
    kind: 'dummy',
    up: false,
    addresses: [{ address: '10.96.0.10', prefix: 32 }],
  }),
  networkInterface('cni0', { kind: 'bridge', addresses: [{ address: '10.1.5.254', prefix: 24 }] }),
  networkInterface('veth1', { kind: 'veth', master: 'cni0', hairpin: true }),
];

/** What Services ask for, which is what the kernel holds. */
export const wanted: Wanted = {
  source: 'the manifests in /manifests',
  differences: [],
  schedulers: [],
  localEndpoints: [{ service: 'default/web', address: '10.1.5.1' }],
  problems: [],
};

const base = planBase(options);

/** Settings of a healthy kernel. */
export const settings: Readonly<Record<string, string>> = {
  ...Object.fromEntries(base.sysctls.map(({ key, value }) => [key, value])),
  'net/ipv4/conf/all/arp_ignore': '0',
  'net/ipv4/conf/all/rp_filter': '0',
  'net/ipv4/conf/all/route_localnet': '0',
  'net/ipv4/tcp_keepalive_time': '600',
  'net/ipv6/conf/all/forwarding': '1',
  'net/bridge/bridge-nf-call-iptables': '1',
  'net/netfilter/nf_conntrack_count': '100',
  'net/netfilter/nf_conntrack_max': '262144',
  'net/netfilter/nf_conntrack_tcp_timeout_established': '86400',
};

const daemonWords = 'kube-ipvs run --manifests /manifests';

/** A node on which nothing is wrong, but for what is told otherwise. */
export function examinedNode(different: Partial<ExaminedNode> = {}): ExaminedNode {
  return {
    ...{ name: 'this-node', kernelRelease: '6.1.0', scheduler: 'rr', runOnce: 'kube-ipvs run --once' },
    sysctl: withSettings({}),
    modules: () =>
      Promise.resolve({
        there: new Set(['ip_vs', 'ip_vs_rr', 'nf_conntrack', 'dummy', 'xt_set']),
        available: new Set(),
      }),
    interfaces: () => Promise.resolve(interfaces),
    tables: () => Promise.resolve(tables),
    ipvs: () => Promise.resolve({ buckets: 4096, connections: 10, tcpTimeout: 900 }),
    rules: () => Promise.resolve([savedRules()]),
    nftTables: () => Promise.resolve([]),
    proxyTables: () => Promise.resolve([]),
    basis: () => Promise.resolve({ plan: base, localTraffic: options.localTraffic, told: true }),
    wanted: () => Promise.resolve(wanted),
    processes: () =>
      Promise.resolve([{ pid: 7, program: 'kube-ipvs', commandLine: daemonWords, here: true }]),
    daemon: () =>
      Promise.resolve({ state: 'answers', asked: 'the socket', watches: [], refusals: [], unhealthy: [] }),
    clock: () => Promise.resolve({ with: 'https://api', ahead: 0.2, within: 0.5 }),
    connect: () => Promise.resolve('connected'),
    ...different,
  };
}

/** The settings of a healthy kernel with some that are different; `undefined` for one that is not there. */
export function withSettings(
  different: Readonly<Record<string, string | undefined>>,
): ExaminedNode['sysctl'] {
  const all: Readonly<Record<string, string | undefined>> = { ...settings, ...different };
  return (key) => Promise.resolve(all[key]);
}
