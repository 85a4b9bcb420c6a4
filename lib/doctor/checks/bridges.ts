import { cidrContains } from '../../model/cidr.ts';
import { familyOf, type IpFamily } from '../../model/family.ts';
import type { ExaminedNode, NodeInterface } from '../examined-node.ts';
import type { Check, Found } from '../finding.ts';
import { counted, setSysctl } from '../mend.ts';

type Name = 'bridge-nf-call-off' | 'hairpin-off';

const settings: Readonly<Record<IpFamily, string>> = {
  IPv4: 'net/bridge/bridge-nf-call-iptables',
  IPv6: 'net/bridge/bridge-nf-call-ip6tables',
};

/** Bridges that pods of this node are on. */
export const bridgesCheck: Check<Name> = {
  name: 'bridges',
  about:
    'Bridges with endpoints behind them: whether packets from port to port pass iptables (br_netfilter, /proc/sys/net/bridge), and whether their ports send back where a packet came from (/sys/class/net).',
  kinds: {
    'bridge-nf-call-off': {
      severity: 'error',
      meaning:
        'A pod that is given another one of this bridge by a service never hears of it, for the answer passes IPVS by.',
    },
    'hairpin-off': {
      severity: 'info',
      meaning:
        'A pod cannot reach itself through its own service where the answer has to leave by the port that it came in by.',
    },
  },
  async judge(node) {
    const [interfaces, { realServers }] = await Promise.all([node.interfaces(), node.tables()]);
    const endpoints = [...new Set([...realServers.values()].map(({ address }) => address))];
    const bridges = interfaces.filter(({ kind }) => kind === 'bridge');
    const found: Found<Name>[] = [];
    for (const bridge of bridges) {
      const behind = endpoints.filter((address) => isBehind(address, bridge));
      if (behind.length === 0) continue;
      found.push(...(await notCalled(node, bridge, behind)), ...noHairpin(bridge, interfaces));
    }
    return { found, seen: counted(bridges.length, 'bridge') };
  },
};

function isBehind(endpoint: string, { addresses }: NodeInterface): boolean {
  return addresses.some(
    ({ address, prefix }) => address !== endpoint && cidrContains(`${address}/${prefix}`, endpoint),
  );
}

async function notCalled(
  node: ExaminedNode,
  { name }: NodeInterface,
  behind: readonly string[],
): Promise<readonly Found<Name>[]> {
  const found: Found<Name>[] = [];
  for (const family of [...new Set(behind.map(familyOf))].sort()) {
    const key = settings[family];
    const value = await node.sysctl(key);
    if (value === '1') continue;
    const endpoint = behind.find((address) => familyOf(address) === family) ?? '';
    const got =
      value === undefined ? `there is no /proc/sys/${key}` : `${key.replaceAll('/', '.')} is ${value}`;
    const evidence = [`${got}, and ${endpoint} is behind the bridge ${name}`];
    const load = value === undefined ? ['modprobe br_netfilter'] : [];
    found.push({ name: 'bridge-nf-call-off', evidence, mend: [...load, setSysctl(key, '1')] });
  }
  return found;
}

function noHairpin(bridge: NodeInterface, interfaces: readonly NodeInterface[]): readonly Found<Name>[] {
  const ports = interfaces.filter(({ master, hairpin }) => master === bridge.name && hairpin === false);
  if (ports.length === 0) return [];
  const evidence = [
    `hairpin is off on ${counted(ports.length, 'port')} of ${bridge.name}: ${ports.map(({ name }) => name).join(', ')}`,
  ];
  const mend = ports.map(({ name }) => `ip link set ${name} type bridge_slave hairpin on`);
  return [
    { name: 'hairpin-off', evidence, mend: [...mend, '# for good: hairpinMode of the network plugin'] },
  ];
}
