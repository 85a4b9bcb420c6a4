import { cidrContains } from '../../model/cidr.ts';
import { familyOf } from '../../model/family.ts';
import { setName } from '../../model/ip-set.ts';
import type { Sysctl } from '../../model/sysctl.ts';
import type { TracedTables } from '../../trace/traced-tables.ts';
import type { ExaminedNode, NodeInterface } from '../examined-node.ts';
import type { Check, Found } from '../finding.ts';
import { counted, setSysctl } from '../mend.ts';
import { optional } from '../optional.ts';

type Name = keyof typeof kinds;

const kinds = {
  'ip-forward-off': {
    severity: 'error',
    meaning:
      'Packets of pods and of clients are not forwarded: no connection through this node gets an answer.',
  },
  'ipv6-forwarding-off': {
    severity: 'error',
    meaning: 'Packets of IPv6 are not forwarded: services of IPv6 get no answer from pods.',
  },
  'ipvs-conntrack-off': {
    severity: 'error',
    meaning: 'What IPVS sends on is not tracked, so nothing of it is masqueraded and answers miss this node.',
  },
  'expire-nodest-conn-off': {
    severity: 'warning',
    meaning: 'A client whose endpoint has gone sends into the void until its connection times out.',
  },
  'expire-quiescent-template-off': {
    severity: 'warning',
    meaning: 'Session affinity keeps sending clients to an endpoint that is going.',
  },
  'conn-reuse-mode-slow': {
    severity: 'warning',
    meaning: 'On this kernel a new connection from a port that was used before waits for a second.',
  },
  'conntrack-setting-different': {
    severity: 'warning',
    meaning: 'Connections are remembered otherwise than the configuration asks for.',
  },
  'strict-arp-off': {
    severity: 'warning',
    meaning: 'Every node answers ARP for this address, so clients on the same network reach any one of them.',
  },
  'rp-filter-strict': {
    severity: 'warning',
    meaning:
      'Packets that come in by another interface than the way back leads to are dropped without a word.',
  },
  'route-localnet-on': {
    severity: 'warning',
    meaning: 'Neighbours on the network can reach what listens on 127.0.0.1 of this node (CVE-2020-8558).',
  },
} as const;

/** The kernel settings that forwarding depends on. */
export const sysctlsCheck: Check<Name> = {
  name: 'sysctls',
  about:
    'Settings of the kernel: those that kube-ipvs sets itself, and those that it leaves to the node. /proc/sys.',
  kinds,
  async judge(node) {
    const { plan, told } = await node.basis();
    const [planned, others] = await Promise.all([
      Promise.all(plan.sysctls.map((wanted) => plannedSetting(node, wanted, told))),
      Promise.all([ipv6Forwarding(node), strictArp(node), reversePath(node), routeLocalnet(node)]),
    ]);
    const found = [...planned, ...others].filter((one) => one !== undefined);
    return { found, seen: counted(plan.sysctls.length + others.length, 'setting') };
  },
};

const plannedNames = new Map<string, Name>([
  ['net/ipv4/ip_forward', 'ip-forward-off'],
  ['net/ipv4/vs/conntrack', 'ipvs-conntrack-off'],
  ['net/ipv4/vs/expire_nodest_conn', 'expire-nodest-conn-off'],
  ['net/ipv4/vs/expire_quiescent_template', 'expire-quiescent-template-off'],
  ['net/ipv4/vs/conn_reuse_mode', 'conn-reuse-mode-slow'],
  ['net/ipv4/conf/all/arp_ignore', 'strict-arp-off'],
  ['net/ipv4/conf/all/arp_announce', 'strict-arp-off'],
]);

async function plannedSetting(
  node: ExaminedNode,
  wanted: Sysctl,
  told: boolean,
): Promise<Found<Name> | undefined> {
  const name = plannedNames.get(wanted.key);
  // How connections are to be remembered is known only where the configuration is.
  if (name === undefined && !told) return undefined;
  const value = await node.sysctl(wanted.key);
  if (value === undefined) return absent(name, wanted.key);
  const enough = wanted.atLeast === true && Number(value) >= Number(wanted.value);
  if (enough || value === wanted.value) return undefined;
  return different(name ?? 'conntrack-setting-different', wanted, value);
}

function different(name: Name, { key, value, atLeast }: Sysctl, got: string): Found<Name> {
  const expected = atLeast === true ? `at least ${value}` : value;
  return { name, evidence: [evidenceOf(key, got, expected)], mend: [setSysctl(key, value)] };
}

function evidenceOf(key: string, got: string, expected: string): string {
  return `${key.replaceAll('/', '.')} is ${got}, expected ${expected} (/proc/sys/${key})`;
}

/** One setting of IPVS tells of all; of the others, nothing else tells that they are missing. */
function absent(name: Name | undefined, key: string): Found<Name> | undefined {
  const ofIpvs = key.startsWith('net/ipv4/vs/');
  if (ofIpvs && name !== 'ipvs-conntrack-off') return undefined;
  return {
    name: name ?? 'conntrack-setting-different',
    evidence: [`there is no /proc/sys/${key}: its module is not loaded`],
    mend: [`modprobe ${ofIpvs ? 'ip_vs' : 'nf_conntrack'}`],
  };
}

async function ipv6Forwarding(node: ExaminedNode): Promise<Found<Name> | undefined> {
  const tables = await optional(node.tables());
  const serves = [...(tables?.virtualServers.values() ?? [])].some(
    ({ address }) => familyOf(address) === 'IPv6',
  );
  const key = 'net/ipv6/conf/all/forwarding';
  const value = serves ? await node.sysctl(key) : undefined;
  return value === '0' ? different('ipv6-forwarding-off', { key, value: '1' }, value) : undefined;
}

async function strictArp(node: ExaminedNode): Promise<Found<Name> | undefined> {
  const key = 'net/ipv4/conf/all/arp_ignore';
  const [tables, interfaces, ignore] = await Promise.all([
    optional(node.tables()),
    node.interfaces(),
    node.sysctl(key),
  ]);
  const asked = tables === undefined ? [] : outerAddresses(tables).filter((one) => onLink(one, interfaces));
  if (asked.length === 0 || ignore !== '0') return undefined;
  return {
    name: 'strict-arp-off',
    evidence: [
      `${asked.join(', ')} of services lies in a network of this node`,
      evidenceOf(key, ignore, '1, with arp_announce 2'),
    ],
    mend: [
      setSysctl(key, '1'),
      setSysctl('net/ipv4/conf/all/arp_announce', '2'),
      '# to keep it: --ipvs-strict-arp',
    ],
  };
}

/** External IPs and load balancer addresses of IPv4 that are bound to kube-ipvs0. */
function outerAddresses({ setEntries, addresses }: TracedTables): readonly string[] {
  const sets = new Set(
    (['KUBE-EXTERNAL-IP', 'KUBE-EXTERNAL-IP-LOCAL', 'KUBE-LOAD-BALANCER'] as const).map((set) =>
      setName(set, 'IPv4'),
    ),
  );
  const found = [...setEntries.values()]
    .filter(({ set }) => sets.has(set))
    .map(({ element }) => element.replace(/,.*/, ''));
  return [...new Set(found)].filter((address) => addresses.has(address)).sort();
}

function onLink(address: string, interfaces: readonly NodeInterface[]): boolean {
  return interfaces
    .flatMap(({ addresses }) => addresses)
    .some((one) => one.prefix < 32 && cidrContains(`${one.address}/${one.prefix}`, address));
}

/** Only a node with several ways out can be asked by one and answer by another. */
async function reversePath(node: ExaminedNode): Promise<Found<Name> | undefined> {
  const interfaces = await node.interfaces();
  const ways = interfaces.filter(({ kind, up, addresses, name }) => {
    return up && name !== 'lo' && (kind === undefined || kind === 'bond') && addresses.length > 0;
  });
  if (ways.length < 2) return undefined;
  const all = await node.sysctl('net/ipv4/conf/all/rp_filter');
  const strict: string[] = [];
  for (const { name } of ways) {
    const own = await node.sysctl(`net/ipv4/conf/${name}/rp_filter`);
    if (Math.max(Number(all ?? 0), Number(own ?? 0)) === 1) strict.push(name);
  }
  if (strict.length === 0) return undefined;
  return {
    name: 'rp-filter-strict',
    evidence: [
      `rp_filter is 1 on ${strict.join(', ')}, of ${ways.length} interfaces to the outside (/proc/sys/net/ipv4/conf)`,
    ],
    mend: strict.map((name) => setSysctl(`net/ipv4/conf/${name}/rp_filter`, '2')),
  };
}

async function routeLocalnet(node: ExaminedNode): Promise<Found<Name> | undefined> {
  const key = 'net/ipv4/conf/all/route_localnet';
  const value = await node.sysctl(key);
  return value === '1' ? different('route-localnet-on', { key, value: '0' }, value) : undefined;
}
