import { setName } from '../../model/ip-set.ts';
import { ipFamilies } from '../../model/family.ts';
import type { TracedTables } from '../../trace/traced-tables.ts';
import type { NodeInterface } from '../examined-node.ts';
import type { Check, Found } from '../finding.ts';
import { optional } from '../optional.ts';

type Name = 'service-address-on-interface' | 'outer-address-on-interface' | 'foreign-address';

/** The interface that addresses of services are bound to. */
const device = 'kube-ipvs0';

/** Where an address stands that is not on kube-ipvs0 alone. */
interface Place {
  readonly address: string;
  readonly prefix: number;
  readonly interface: string;
}

/** Addresses of services that somebody else has as well. */
export const addressesCheck: Check<Name> = {
  name: 'addresses',
  about:
    'Addresses of services, of kube-ipvs0 and of the other interfaces of this node, beside what Services ask for.',
  kinds: {
    'service-address-on-interface': {
      severity: 'error',
      meaning:
        'An address of a service is on an interface to the outside: the node answers for it there, and takes it for its own.',
    },
    'outer-address-on-interface': {
      severity: 'info',
      meaning:
        'An external address of a service is served without being bound, for an interface of this node has it.',
    },
    'foreign-address': {
      severity: 'warning',
      meaning: 'The node takes packets to this address for its own, and no service is there to serve them.',
    },
  },
  async judge(node) {
    const [tables, interfaces, wanted] = await Promise.all([
      node.tables(),
      node.interfaces(),
      optional(node.wanted()),
    ]);
    const cluster = addressesIn(tables, ['KUBE-CLUSTER-IP']);
    const outer = addressesIn(tables, ['KUBE-EXTERNAL-IP', 'KUBE-EXTERNAL-IP-LOCAL', 'KUBE-LOAD-BALANCER']);
    const places = placesOf(interfaces);
    const foreign = (wanted?.differences ?? [])
      .filter(({ table, sign }) => table === 'addresses' && sign === '-')
      .map(({ key }) => key);
    const found = [
      ...places.filter(({ address }) => cluster.has(address)).map(clusterFound),
      ...places.filter(({ address }) => outer.has(address) && !cluster.has(address)).map(outerFound),
      ...(foreign.length === 0 ? [] : [foreignFound(foreign, wanted?.source ?? '')]),
    ];
    const untold = wanted === undefined ? '; foreign ones cannot be told' : '';
    return { found, seen: `${tables.addresses.size} of services${untold}` };
  },
};

function addressesIn(
  { setEntries }: TracedTables,
  sets: readonly Parameters<typeof setName>[0][],
): ReadonlySet<string> {
  const names = new Set(ipFamilies.flatMap((family) => sets.map((set) => setName(set, family))));
  return new Set(
    [...setEntries.values()]
      .filter(({ set }) => names.has(set))
      .map(({ element }) => element.replace(/,.*/, '')),
  );
}

function placesOf(interfaces: readonly NodeInterface[]): readonly Place[] {
  return interfaces
    .filter(({ name }) => name !== device && name !== 'lo')
    .flatMap(({ name, addresses }) => addresses.map((one) => ({ ...one, interface: name })));
}

function clusterFound({ address, prefix, interface: name }: Place): Found<Name> {
  const evidence = [`${address} is the cluster IP of a service, and ${name} has ${address}/${prefix}`];
  return {
    name: 'service-address-on-interface',
    evidence,
    mend: [`ip address del ${address}/${prefix} dev ${name}`],
  };
}

function outerFound({ address, interface: name }: Place): Found<Name> {
  const evidence = [`${address} is an external IP or of a load balancer, and ${name} has it`];
  return {
    name: 'outer-address-on-interface',
    evidence,
    mend: [`# nothing, where ${name} is meant to have it`],
  };
}

function foreignFound(addresses: readonly string[], source: string): Found<Name> {
  const evidence = addresses.map(
    (address) => `${device} has ${address}, which no Service asks for (${source})`,
  );
  return {
    name: 'foreign-address',
    evidence,
    mend: addresses.map((address) => `ip address del ${address} dev ${device}`),
  };
}
