import { cidrContains } from '../../model/cidr.ts';
import { familyOf } from '../../model/family.ts';
import type { LocalTraffic } from '../../model/planner-options.ts';
import type { LocalEndpoint, NodeInterface } from '../examined-node.ts';
import { type Check, type Found, NotExamined } from '../finding.ts';
import { counted, firstFew } from '../mend.ts';

type Name = 'pods-not-told' | 'pod-interface-missing' | 'local-traffic-not-told';

/** How traffic of this node's pods is told from other traffic. */
export const localTrafficCheck: Check<Name> = {
  name: 'local-traffic',
  about:
    'Whether the way of telling the traffic of pods (--detect-local-mode, --cluster-cidr) fits the pods of this node: the configuration beside the endpoints and interfaces of this node.',
  kinds: {
    'pods-not-told': {
      severity: 'error',
      meaning:
        'Traffic of these pods counts as coming from outside: it is masqueraded, and kept from what is for the cluster alone.',
    },
    'pod-interface-missing': {
      severity: 'error',
      meaning:
        'Traffic of every pod counts as coming from outside: it is masqueraded, and kept from what is for the cluster alone.',
    },
    'local-traffic-not-told': {
      severity: 'info',
      meaning:
        'Traffic from outside the cluster to cluster IPs is not masqueraded, so its answers may miss this node.',
    },
  },
  async judge(node) {
    const { localTraffic, told } = await node.basis();
    if (!told)
      throw new NotExamined('the configuration is not known: give the flags of kube-ipvs run, or --config');
    switch (localTraffic.by) {
      case 'nothing':
        return { found: [nothingTold()], seen: 'no way is configured' };
      case 'interface': {
        const found = interfaceFound(localTraffic.pattern, await node.interfaces());
        return { found, seen: `pods are told by the interface ${localTraffic.pattern}` };
      }
      case 'source': {
        const { localEndpoints: pods } = await node.wanted();
        const found = sourceFound(localTraffic, pods);
        return {
          found,
          seen: `${counted(new Set(pods.map(({ address }) => address)).size, 'endpoint')} of this node beside ${localTraffic.cidrs.join(', ')}`,
        };
      }
    }
  },
};

function nothingTold(): Found<Name> {
  return {
    name: 'local-traffic-not-told',
    evidence: ['--cluster-cidr is not set'],
    mend: ['# set --cluster-cidr (clusterCIDR) to where the pods of the cluster are'],
  };
}

function interfaceFound(pattern: string, interfaces: readonly NodeInterface[]): readonly Found<Name>[] {
  const fits = pattern.endsWith('+')
    ? ({ name }: NodeInterface) => name.startsWith(pattern.slice(0, -1))
    : ({ name }: NodeInterface) => name === pattern;
  if (interfaces.some(fits)) return [];
  const names = interfaces.map(({ name }) => name);
  return [
    {
      name: 'pod-interface-missing',
      evidence: [`no interface is called ${pattern}; there are ${firstFew(names, 8).join(', ')}`],
      mend: [
        '# set --pod-bridge-interface or --pod-interface-name-prefix to what the network plugin names them',
      ],
    },
  ];
}

function sourceFound(
  { cidrs }: Extract<LocalTraffic, { by: 'source' }>,
  pods: readonly LocalEndpoint[],
): readonly Found<Name>[] {
  const families = new Set(cidrs.map(familyOf));
  const outside = pods.filter(
    ({ address }) => families.has(familyOf(address)) && !cidrs.some((cidr) => cidrContains(cidr, address)),
  );
  if (outside.length === 0) return [];
  const evidence = outside.map(
    ({ address, service }) =>
      `${address}, a pod of this node behind ${service}, is not in ${cidrs.join(' or ')}`,
  );
  const mend = [
    '# set --cluster-cidr (clusterCIDR) to where the pods of the cluster are, or choose another --detect-local-mode',
  ];
  return [{ name: 'pods-not-told', evidence: firstFew(evidence), mend }];
}
