import type { ExaminedNode } from '../../../lib/doctor/examined-node.ts';
import { setEntry } from '../../../lib/model/ip-set.ts';
import type { TracedTables } from '../../../lib/trace/traced-tables.ts';
import {
  examinedNode,
  foreignTables,
  interfaces,
  networkInterface,
  nftGuard,
  savedRules,
  tables,
  wanted,
  withSettings,
} from './healthy-node.ts';

/** One thing that is wrong with a node, and what is to be said of it. */
export interface BrokenNode {
  readonly finds: string;
  readonly where: string;
  readonly node: Partial<ExaminedNode>;
  readonly evidence: string;
  /** A command that mends it, or the beginning of advice. */
  readonly mend: string;
}

function reading<Value>(value: Value): () => Promise<Value> {
  return () => Promise.resolve(value);
}

function without<Value>(
  table: ReadonlyMap<string, Value>,
  ...keys: readonly string[]
): ReadonlyMap<string, Value> {
  return new Map([...table].filter(([key]) => !keys.includes(key)));
}

function withTables(changes: Partial<TracedTables>): Pick<ExaminedNode, 'tables'> {
  return { tables: reading({ ...tables, ...changes }) };
}

/** The tables with other rules in a chain or hook of the filter table. */
export function withProgram(
  change: (program: NonNullable<ReturnType<TracedTables['firewall']['get']>>) => object,
): Pick<ExaminedNode, 'tables'> {
  const program = tables.firewall.get('IPv4')!;
  return withTables({ firewall: new Map([['IPv4', { ...program, ...change(program) }]]) });
}

const [entry] = [...tables.setEntries.values()].filter(({ set }) => set === 'KUBE-CLUSTER-IP');
const watch = { resource: 'services', synced: true, silentFor: 10, trouble: undefined };
const outer = setEntry('KUBE-LOAD-BALANCER', '192.168.0.50,tcp:80');
const withOuter = {
  setEntries: new Map([...tables.setEntries, [outer.key, outer]]),
  addresses: new Map([
    ...tables.addresses,
    ['192.168.0.50', { key: '192.168.0.50', address: '192.168.0.50' }],
  ]),
};

/** Every kind of thing that can be wrong with a node. */
export const brokenNodes: readonly BrokenNode[] = [
  {
    finds: 'module-missing',
    where: 'a Service names a scheduler that no list has',
    node: { wanted: reading({ ...wanted, schedulers: ['mh'] }) },
    evidence:
      'ip_vs_mh is neither in /proc/modules nor in /sys/module, and not in the lists of /lib/modules/6.1.0',
    mend: 'modprobe ip_vs_mh',
  },
  {
    finds: 'module-missing',
    where: 'kube-ipvs runs and its scheduler is not there',
    node: { scheduler: 'lc', modules: reading({ there: new Set<string>(), available: undefined }) },
    evidence: 'ip_vs_lc is neither in /proc/modules nor in /sys/module',
    mend: 'modprobe ip_vs_lc',
  },
  {
    finds: 'module-not-seen',
    where: 'there are no lists, and kube-ipvs does not run yet',
    node: {
      scheduler: 'lc',
      modules: reading({ there: new Set<string>(), available: undefined }),
      processes: reading([]),
    },
    evidence: '/lib/modules/6.1.0 has no lists that could be read',
    mend: 'modprobe ip_vs_lc',
  },
  ...(
    [
      ['ip-forward-off', 'net/ipv4/ip_forward', '0', '1'],
      ['ipvs-conntrack-off', 'net/ipv4/vs/conntrack', '0', '1'],
      ['expire-nodest-conn-off', 'net/ipv4/vs/expire_nodest_conn', '0', '1'],
      ['expire-quiescent-template-off', 'net/ipv4/vs/expire_quiescent_template', '0', '1'],
      ['route-localnet-on', 'net/ipv4/conf/all/route_localnet', '1', '0'],
    ] as const
  ).map(([finds, key, value, right]): BrokenNode => ({
    finds,
    where: `${key} is ${value}`,
    node: { sysctl: withSettings({ [key]: value }) },
    evidence: `${key.replaceAll('/', '.')} is ${value}, expected ${right} (/proc/sys/${key})`,
    mend: `sysctl -w ${key.replaceAll('/', '.')}=${right}`,
  })),
  {
    finds: 'ipvs-conntrack-off',
    where: 'ip_vs is not loaded',
    node: { sysctl: withSettings({ 'net/ipv4/vs/conntrack': undefined }) },
    evidence: 'there is no /proc/sys/net/ipv4/vs/conntrack',
    mend: 'modprobe ip_vs',
  },
  {
    finds: 'conn-reuse-mode-slow',
    where: 'an old kernel delays reused ports',
    node: {
      basis: async () => {
        const basis = await examinedNode().basis();
        const sysctls = [{ key: 'net/ipv4/vs/conn_reuse_mode', value: '0' }];
        return { ...basis, plan: { ...basis.plan, sysctls } };
      },
      sysctl: withSettings({ 'net/ipv4/vs/conn_reuse_mode': '1' }),
    },
    evidence: 'net.ipv4.vs.conn_reuse_mode is 1, expected 0',
    mend: 'sysctl -w net.ipv4.vs.conn_reuse_mode=0',
  },
  {
    finds: 'conntrack-setting-different',
    where: 'fewer connections can be tracked than asked for',
    node: {
      basis: async () => {
        const basis = await examinedNode().basis();
        const sysctls = [{ key: 'net/netfilter/nf_conntrack_buckets', value: '900', atLeast: true }] as const;
        return { ...basis, plan: { ...basis.plan, sysctls } };
      },
      sysctl: withSettings({ 'net/netfilter/nf_conntrack_buckets': '800' }),
    },
    evidence: 'net.netfilter.nf_conntrack_buckets is 800, expected at least 900',
    mend: 'sysctl -w net.netfilter.nf_conntrack_buckets=900',
  },
  {
    finds: 'ipv6-forwarding-off',
    where: 'a virtual server of IPv6 is there',
    node: {
      sysctl: withSettings({ 'net/ipv6/conf/all/forwarding': '0' }),
      ...withTables({
        virtualServers: new Map([
          ...tables.virtualServers,
          [
            'TCP [fd00::1]:80',
            { ...[...tables.virtualServers.values()][0]!, key: 'TCP [fd00::1]:80', address: 'fd00::1' },
          ],
        ]),
      }),
    },
    evidence: 'net.ipv6.conf.all.forwarding is 0',
    mend: 'sysctl -w net.ipv6.conf.all.forwarding=1',
  },
  {
    finds: 'strict-arp-off',
    where: 'a load balancer address lies in a network of the node',
    node: withTables(withOuter),
    evidence: '192.168.0.50 of services lies in a network of this node',
    mend: 'sysctl -w net.ipv4.conf.all.arp_ignore=1',
  },
  {
    finds: 'rp-filter-strict',
    where: 'one of two ways out checks strictly',
    node: {
      interfaces: reading([
        ...interfaces,
        networkInterface('eth1', { addresses: [{ address: '10.9.0.1', prefix: 24 }] }),
      ]),
      sysctl: withSettings({ 'net/ipv4/conf/eth1/rp_filter': '1' }),
    },
    evidence: 'rp_filter is 1 on eth1, of 2 interfaces to the outside',
    mend: 'sysctl -w net.ipv4.conf.eth1.rp_filter=2',
  },
  {
    finds: 'daemon-not-running',
    where: 'no process is there',
    node: { daemon: reading({ state: 'absent' }) },
    evidence: 'no process in the network of this node is kube-ipvs run',
    mend: 'kubectl -n kube-system get pods -o wide -l app.kubernetes.io/name=kube-ipvs',
  },
  {
    finds: 'daemon-hung',
    where: 'the socket does not answer',
    node: { daemon: reading({ state: 'hung', asked: '/run/kube-ipvs/kube-ipvs.sock' }) },
    evidence: '/run/kube-ipvs/kube-ipvs.sock does not answer',
    mend: '# keep its log',
  },
  ...(
    [
      [
        'has trouble',
        { ...watch, trouble: 'unreachable' },
        'watch of services, which last said something 10 s ago: unreachable',
      ],
      [
        'has been silent',
        { ...watch, silentFor: 4000 },
        'watch of services, which last said something 4000 s ago: silent',
      ],
      [
        'was never read',
        { ...watch, synced: false, silentFor: undefined },
        'watch of services: not read yet',
      ],
    ] as const
  ).map(([what, one, evidence]): BrokenNode => ({
    finds: 'watch-stale',
    where: `a watch ${what}`,
    node: {
      daemon: reading({
        state: 'answers',
        asked: 'x',
        watches: [watch, one],
        refusals: [],
        unhealthy: [],
      } as const),
    },
    evidence,
    mend: '# mend what keeps this node from the API server',
  })),
  {
    finds: 'entries-refused',
    where: 'the kernel refuses a virtual server',
    node: {
      daemon: reading({
        state: 'answers',
        asked: 'x',
        watches: [],
        refusals: ['ENOENT: no scheduler'],
        unhealthy: [],
      }),
    },
    evidence: 'ENOENT: no scheduler',
    mend: '# do what each line says',
  },
  {
    finds: 'daemon-unhealthy',
    where: 'the health check fails',
    node: {
      daemon: reading({
        state: 'answers',
        asked: 'x',
        watches: [],
        refusals: [],
        unhealthy: ['no pass for long'],
      }),
    },
    evidence: 'no pass for long',
    mend: '# mend what else is found here',
  },
  {
    finds: 'another-proxy',
    where: 'kube-proxy runs beside kube-ipvs',
    node: {
      processes: reading([
        { pid: 9, program: 'kube-proxy', commandLine: '/usr/bin/kube-proxy --v=2', here: true },
        { pid: 12, program: 'kube-ipvs', commandLine: 'kube-ipvs run', here: true },
      ]),
    },
    evidence: 'kube-proxy runs as process 9: /usr/bin/kube-proxy --v=2',
    mend: 'kill 9',
  },
  {
    finds: 'another-proxy',
    where: 'a second kube-ipvs runs',
    node: {
      processes: reading([
        { pid: 12, program: 'kube-ipvs', commandLine: 'kube-ipvs run', here: true },
        { pid: 30, program: 'kube-ipvs', commandLine: 'kube-ipvs run -v 4', here: true },
      ]),
    },
    evidence: 'kube-ipvs runs as process 30: kube-ipvs run -v 4',
    mend: 'kill 30',
  },
  {
    finds: 'another-proxy-rules',
    where: 'the mode iptables has left chains',
    node: {
      rules: reading([{ ...savedRules(), tables: foreignTables('*nat\n:KUBE-SVC-ABC - [0:0]\nCOMMIT\n') }]),
    },
    evidence: 'table nat (IPv4, legacy) has 1 chain for single services: KUBE-SVC-ABC',
    mend: "iptables-legacy-save -t nat | grep -Ev 'KUBE-(SVC|SEP|EXT|FW|XLB|SVL)-' | iptables-legacy-restore -T nat",
  },
  {
    finds: 'another-proxy-rules',
    where: 'the mode nftables has left a table',
    node: { proxyTables: reading(['ip kube-proxy']) },
    evidence: 'nf_tables has the table ip kube-proxy',
    mend: 'nft delete table ip kube-proxy',
  },
  {
    finds: 'chain-missing',
    where: 'nothing of ours is in iptables',
    node: withTables({ firewall: new Map() }),
    evidence: 'iptables of IPv4 has no chain of kube-ipvs',
    mend: 'kube-ipvs run --once',
  },
  {
    finds: 'chain-missing',
    where: 'a chain is deleted',
    node: withProgram(({ chains }) => ({ chains: chains.filter(({ name }) => name !== 'KUBE-FORWARD') })),
    evidence: 'there is no chain KUBE-FORWARD of table filter (IPv4)',
    mend: 'kube-ipvs run --once',
  },
  {
    finds: 'chain-missing',
    where: 'a chain is flushed',
    node: withProgram(({ chains }) => ({
      chains: chains.map((chain) => (chain.name === 'KUBE-FORWARD' ? { ...chain, rules: [] } : chain)),
    })),
    evidence: 'chain KUBE-FORWARD of table filter (IPv4) is empty, expected 2 rules',
    mend: 'kube-ipvs run --once',
  },
  {
    finds: 'chain-edited',
    where: 'somebody put a rule into a chain',
    node: withProgram(({ chains }) => ({
      chains: chains.map((chain) =>
        chain.name === 'KUBE-FORWARD' ? { ...chain, rules: ['-j DROP', ...chain.rules] } : chain,
      ),
    })),
    evidence: 'chain KUBE-FORWARD of table filter (IPv4) has: -j DROP',
    mend: 'kube-ipvs run --once',
  },
  {
    finds: 'chain-edited',
    where: 'rules of a chain have changed places',
    node: withProgram(({ chains }) => ({
      chains: chains.map((chain) => ({ ...chain, rules: [...chain.rules].reverse() })),
    })),
    evidence: 'chain KUBE-FORWARD of table filter (IPv4) has its rules in another order',
    mend: 'kube-ipvs run --once',
  },
  {
    finds: 'jump-missing',
    where: 'a hook does not lead to our chain',
    node: withProgram(({ jumps }) => ({ jumps: jumps.filter(({ hook }) => hook !== 'POSTROUTING') })),
    evidence: 'nat POSTROUTING (IPv4) lacks:',
    mend: 'kube-ipvs run --once',
  },
  {
    finds: 'jump-order-wrong',
    where: 'jumps of a hook have changed places',
    node: withProgram(({ jumps }) => ({ jumps: [...jumps].reverse() })),
    evidence: 'filter INPUT (IPv4) has:',
    mend: 'kube-ipvs run --once',
  },
  {
    finds: 'drop-rule',
    where: 'a rule drops everything that is forwarded',
    node: { rules: reading([savedRules('-A FORWARD -j DROP')]) },
    evidence: 'FORWARD of table filter (IPv4, legacy) has: -j DROP; it takes: answers of 10.1.',
    mend: 'iptables-legacy -t filter -D FORWARD -j DROP',
  },
  {
    finds: 'drop-policy',
    where: 'the policy of INPUT is to drop',
    node: { rules: reading([savedRules(':INPUT DROP [0:0]')]) },
    evidence: 'the policy of INPUT of table filter (IPv4, legacy) is DROP',
    mend: 'iptables-legacy -P INPUT ACCEPT',
  },
  {
    finds: 'drop-rule-unjudged',
    where: 'a rule asks for the client',
    node: { rules: reading([savedRules('-A INPUT -s 203.0.113.0/24 -j DROP')]) },
    evidence: 'INPUT of table filter (IPv4, legacy) has: -s 203.0.113.0/24 -j DROP',
    mend: '# see "kube-ipvs trace"',
  },
  {
    finds: 'nft-drop',
    where: 'a chain of nf_tables drops what is forwarded',
    node: { nftTables: reading([nftGuard('FORWARD', 'drop')]) },
    evidence: 'the policy of chain guarding (inet guard, forward) takes: answers of 10.1.',
    mend: "nft chain inet guard guarding '{ policy accept; }'",
  },
  {
    finds: 'nft-drop-unjudged',
    where: 'a rule of nf_tables takes what is too much',
    node: { nftTables: reading([nftGuard('FORWARD', 'accept', [{ limit: { rate: 5 } }, { drop: null }])]) },
    evidence: 'rule 1 of chain guarding (inet guard, forward)',
    mend: '# see: nft -a list ruleset',
  },
  {
    finds: 'two-iptables-flavours',
    where: 'both flavours have rules',
    node: { rules: reading([savedRules(), savedRules('-A FORWARD -j ACCEPT', 'nft')]) },
    evidence: 'nft has',
    mend: '# find out who writes the smaller one',
  },
  {
    finds: 'set-missing',
    where: 'a set is destroyed',
    node: withTables({ sets: without(tables.sets, 'KUBE-CLUSTER-IP') }),
    evidence: 'there is no set KUBE-CLUSTER-IP',
    mend: 'kube-ipvs run --once',
  },
  {
    finds: 'server-without-set-entry',
    where: 'the entry of a cluster IP is gone',
    node: withTables({ setEntries: without(tables.setEntries, entry!.key) }),
    evidence: 'in no set of services is TCP 10.96.0.10:80',
    mend: 'kube-ipvs run --once',
  },
  {
    finds: 'set-entry-without-server',
    where: 'a virtual server is gone',
    node: withTables({ virtualServers: new Map(), realServers: new Map() }),
    evidence: 'in a set and without a virtual server is TCP 10.96.0.10:80',
    mend: 'kube-ipvs run --once',
  },
  {
    finds: 'service-address-on-interface',
    where: 'eth0 has a cluster IP',
    node: {
      interfaces: reading([
        ...interfaces,
        networkInterface('eth1', { addresses: [{ address: '10.96.0.10', prefix: 32 }] }),
      ]),
    },
    evidence: '10.96.0.10 is the cluster IP of a service, and eth1 has 10.96.0.10/32',
    mend: 'ip address del 10.96.0.10/32 dev eth1',
  },
  {
    finds: 'outer-address-on-interface',
    where: 'an interface has the address of a load balancer',
    node: {
      ...withTables(withOuter),
      interfaces: reading([
        ...interfaces,
        networkInterface('eth1', { addresses: [{ address: '192.168.0.50', prefix: 32 }] }),
      ]),
    },
    evidence: '192.168.0.50 is an external IP or of a load balancer, and eth1 has it',
    mend: '# nothing, where eth1 is meant to have it',
  },
  {
    finds: 'foreign-address',
    where: 'kube-ipvs0 has an address that no Service asks for',
    node: {
      wanted: reading({
        ...wanted,
        differences: [
          { table: 'addresses', key: '10.96.9.9', sign: '-', text: 'address 10.96.9.9', draining: false },
        ],
      }),
    },
    evidence: 'kube-ipvs0 has 10.96.9.9, which no Service asks for (the manifests in /manifests)',
    mend: 'ip address del 10.96.9.9 dev kube-ipvs0',
  },
  {
    finds: 'drift',
    where: 'a real server is missing',
    node: {
      wanted: reading({
        ...wanted,
        differences: [
          { table: 'realServers', key: 'a', sign: '+', text: 'real server a', draining: false },
          { table: 'realServers', key: 'b', sign: '-', text: 'real server b', draining: true },
        ],
      }),
    },
    evidence: '+ real server a',
    mend: 'kube-ipvs run --once',
  },
  {
    finds: 'service-not-followed',
    where: 'an annotation cannot be used',
    node: { wanted: reading({ ...wanted, problems: ['default/web: annotation'] }) },
    evidence: 'default/web: annotation',
    mend: '# mend the Service',
  },
  {
    finds: 'pods-not-told',
    where: 'a pod of the node is outside of the range of the cluster',
    node: {
      wanted: reading({ ...wanted, localEndpoints: [{ service: 'default/web', address: '10.2.5.1' }] }),
    },
    evidence: '10.2.5.1, a pod of this node behind default/web, is not in 10.1.0.0/16',
    mend: '# set --cluster-cidr',
  },
  {
    finds: 'pod-interface-missing',
    where: 'no interface has the name of the bridge',
    node: {
      basis: async () => ({
        ...(await examinedNode().basis()),
        localTraffic: { by: 'interface', pattern: 'cali+' },
      }),
    },
    evidence: 'no interface is called cali+; there are lo, eth0, kube-ipvs0, cni0, veth1',
    mend: '# set --pod-bridge-interface',
  },
  {
    finds: 'local-traffic-not-told',
    where: 'no range is configured',
    node: { basis: async () => ({ ...(await examinedNode().basis()), localTraffic: { by: 'nothing' } }) },
    evidence: '--cluster-cidr is not set',
    mend: '# set --cluster-cidr',
  },
  ...(
    [
      ['refused', 'endpoint-refuses'],
      ['unreachable', 'endpoint-unreachable'],
      ['silent', 'endpoint-silent'],
    ] as const
  ).map(([answer, finds]): BrokenNode => ({
    finds,
    where: `an endpoint is ${answer}`,
    node: {
      connect: (address: string) => Promise.resolve(address === '10.1.6.2' ? answer : 'connected'),
    },
    evidence: `10.1.6.2:80 of TCP 10.96.0.10:80: ${answer}`,
    mend: 'kubectl get pods -A -o wide --field-selector status.podIP=10.1.6.2',
  })),
  {
    finds: 'conntrack-full',
    where: 'as many connections are tracked as can be',
    node: { sysctl: withSettings({ 'net/netfilter/nf_conntrack_count': '262144' }) },
    evidence: '262144 connections are tracked, and 262144 can be',
    mend: 'sysctl -w net.netfilter.nf_conntrack_max=524288',
  },
  {
    finds: 'conntrack-nearly-full',
    where: 'nine tenths of the connections are tracked',
    node: { sysctl: withSettings({ 'net/netfilter/nf_conntrack_count': '236000' }) },
    evidence: '236000 connections are tracked, and 262144 can be',
    mend: 'sysctl -w net.netfilter.nf_conntrack_max=472000',
  },
  {
    finds: 'ipvs-table-crowded',
    where: 'a million connections are in 4096 buckets',
    node: { ipvs: reading({ buckets: 4096, connections: 1_000_000, tcpTimeout: 900 }) },
    evidence: '1000000 connections in 4096 buckets',
    mend: 'echo options ip_vs conn_tab_bits=20 > /etc/modprobe.d/ip_vs.conf',
  },
  {
    finds: 'keepalive-after-timeout',
    where: 'keepalives begin later than IPVS forgets',
    node: { sysctl: withSettings({ 'net/ipv4/tcp_keepalive_time': '7200' }) },
    evidence: 'IPVS forgets after 900 s, keepalives begin after 7200 s',
    mend: '# --ipvs-tcp-timeout above 7200s',
  },
  {
    finds: 'conntrack-forgets-first',
    where: 'conntrack forgets sooner than IPVS',
    node: { ipvs: reading({ buckets: 4096, connections: 0, tcpTimeout: 90_000 }) },
    evidence: 'conntrack forgets after 86400 s',
    mend: 'sysctl -w net.netfilter.nf_conntrack_tcp_timeout_established=90000',
  },
  {
    finds: 'bridge-nf-call-off',
    where: 'packets between pods of a bridge pass iptables by',
    node: { sysctl: withSettings({ 'net/bridge/bridge-nf-call-iptables': '0' }) },
    evidence: 'net.bridge.bridge-nf-call-iptables is 0, and 10.1.5.1 is behind the bridge cni0',
    mend: 'sysctl -w net.bridge.bridge-nf-call-iptables=1',
  },
  {
    finds: 'bridge-nf-call-off',
    where: 'br_netfilter is not loaded',
    node: { sysctl: withSettings({ 'net/bridge/bridge-nf-call-iptables': undefined }) },
    evidence: 'there is no /proc/sys/net/bridge/bridge-nf-call-iptables',
    mend: 'modprobe br_netfilter',
  },
  {
    finds: 'hairpin-off',
    where: 'a port of the bridge sends nothing back',
    node: {
      interfaces: reading([
        ...interfaces,
        networkInterface('veth2', { kind: 'veth', master: 'cni0', hairpin: false }),
      ]),
    },
    evidence: 'hairpin is off on 1 port of cni0: veth2',
    mend: 'ip link set veth2 type bridge_slave hairpin on',
  },
  {
    finds: 'mtu-too-big',
    where: 'pods send larger packets than a tunnel carries',
    node: {
      interfaces: reading([...interfaces, networkInterface('flannel.1', { kind: 'vxlan', mtu: 1450 })]),
    },
    evidence: 'flannel.1 carries 1450 bytes; more may come from cni0 (1500), veth1 (1500)',
    mend: 'ip link set cni0 mtu 1450',
  },
  {
    finds: 'clock-skewed',
    where: 'the clock is a minute behind',
    node: { clock: reading({ with: 'https://api', ahead: -60, within: 0.5 }) },
    evidence: 'this node is 60 s behind https://api',
    mend: '# see what keeps the node from setting its clock',
  },
];
