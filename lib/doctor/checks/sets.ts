import { ipFamilies } from '../../model/family.ts';
import { type KubeSet, setName } from '../../model/ip-set.ts';
import type { VirtualServer } from '../../model/virtual-server.ts';
import { virtualServerKey } from '../../model/virtual-server.ts';
import type { Protocol } from '../../model/protocol.ts';
import type { TracedTables } from '../../trace/traced-tables.ts';
import type { Check, Found } from '../finding.ts';
import { counted, firstFew } from '../mend.ts';

type Name = 'set-missing' | 'server-without-set-entry' | 'set-entry-without-server';

/** The sets by which the addresses and ports of services are told. */
const serviceSets: readonly KubeSet[] = [
  'KUBE-CLUSTER-IP',
  'KUBE-EXTERNAL-IP',
  'KUBE-EXTERNAL-IP-LOCAL',
  'KUBE-LOAD-BALANCER',
];

/** IP sets beside the virtual servers that they are for. */
export const setsCheck: Check<Name> = {
  name: 'sets',
  about:
    'The KUBE-* IP sets beside the virtual servers whose packets they are to tell: both asked of the kernel.',
  kinds: {
    'set-missing': {
      severity: 'error',
      meaning:
        'Rules that ask for this set cannot be written, and packets of services are not told from others.',
    },
    'server-without-set-entry': {
      severity: 'error',
      meaning:
        'Connections to this address and port are rejected, for no set says that they are for a service.',
    },
    'set-entry-without-server': {
      severity: 'warning',
      meaning: 'A set lets connections in that no virtual server takes.',
    },
  },
  async judge(node) {
    const [{ plan }, tables] = await Promise.all([node.basis(), node.tables()]);
    const missing = plan.sets.filter(({ name }) => !tables.sets.has(name)).map(({ name }) => name);
    const entries = servedBySets(tables);
    const without = [...tables.virtualServers.values()]
      .filter(({ address, key }) => tables.addresses.has(address) && !entries.has(key))
      .map(told);
    const left = [...entries.keys()].filter((key) => !tables.virtualServers.has(key));
    const found: Found<Name>[] = [
      finding('set-missing', missing, 'there is no set', node.runOnce),
      finding('server-without-set-entry', without, 'in no set of services is', node.runOnce),
      finding('set-entry-without-server', left, 'in a set and without a virtual server is', node.runOnce),
    ].flat();
    return {
      found,
      seen: `${counted(tables.sets.size, 'set')}, ${counted(tables.virtualServers.size, 'virtual server')}`,
    };
  },
};

/** The keys of virtual servers that entries of the sets are for. */
function servedBySets({ setEntries }: TracedTables): ReadonlySet<string> {
  const names = new Set(ipFamilies.flatMap((family) => serviceSets.map((set) => setName(set, family))));
  return new Set(
    [...setEntries.values()].filter(({ set }) => names.has(set)).map(({ element }) => serverKey(element)),
  );
}

/** The key of the virtual server of an element: `10.96.0.10,udp:53`. */
function serverKey(element: string): string {
  const [address = '', place = ''] = element.split(',');
  const [protocol = '', port = ''] = place.split(':');
  return virtualServerKey({ protocol: protocol.toUpperCase() as Protocol, address, port: Number(port) });
}

function told({ key }: VirtualServer): string {
  return key;
}

function finding(name: Name, keys: readonly string[], words: string, mend: string): Found<Name>[] {
  if (keys.length === 0) return [];
  return [{ name, evidence: firstFew(keys.map((key) => `${words} ${key}`)), mend: [mend] }];
}
