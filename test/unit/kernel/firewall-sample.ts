import type { IpFamily } from '../../../lib/model/family.ts';
import type { FirewallProgram } from '../../../lib/model/firewall-program.ts';
import { setName } from '../../../lib/model/ip-set.ts';
import type { KubeSet } from '../../../lib/model/ip-set.ts';

/** A program with every kind of rule and every jump that kube-proxy's IPVS mode writes. */
export function sampleProgram(family: IpFamily): FirewallProgram {
  const v4 = family === 'IPv4';
  const set = (name: KubeSet, flags: string): string =>
    `-m set --match-set ${setName(name, family)} ${flags}`;
  const comment = (text: string): string => `-m comment --comment "${text}"`;
  const unmarked = '-m mark ! --mark 0x4000/0x4000';
  return {
    key: family,
    family,
    chains: [
      {
        table: 'nat',
        name: 'KUBE-SERVICES',
        rules: [
          `-s ${v4 ? '127.0.0.0/8' : '::1/128'} -j RETURN`,
          `${comment('Kubernetes service lb portal')} ${set('KUBE-LOAD-BALANCER', 'dst,dst')} -j KUBE-LOAD-BALANCER`,
          `! -s ${v4 ? '10.244.0.0/16' : 'fd00:10:244::/56'} ${comment('cluster ip')} ${set('KUBE-CLUSTER-IP', 'dst,dst')} -j KUBE-MARK-MASQ`,
          `${comment('external')} ${set('KUBE-EXTERNAL-IP', 'dst,dst')} -m physdev ! --physdev-is-in -m addrtype ! --src-type LOCAL -j ACCEPT`,
          '-m addrtype --dst-type LOCAL -j KUBE-NODE-PORT',
          `${set('KUBE-CLUSTER-IP', 'dst,dst')} -j ACCEPT`,
        ],
      },
      {
        table: 'nat',
        name: 'KUBE-LOAD-BALANCER',
        rules: [`${set('KUBE-LOAD-BALANCER-LOCAL', 'dst,dst')} -j RETURN`, '-j KUBE-MARK-MASQ'],
      },
      {
        table: 'nat',
        name: 'KUBE-NODE-PORT',
        rules: [
          `-p tcp ${comment('node port')} ${set('KUBE-NODE-PORT-TCP', 'dst')} -j KUBE-MARK-MASQ`,
          `-p sctp ${set('KUBE-NODE-PORT-SCTP-HASH', 'dst,dst')} -j KUBE-MARK-MASQ`,
        ],
      },
      {
        table: 'nat',
        name: 'KUBE-POSTROUTING',
        rules: [
          `${comment('hairpin: "to itself"'.replaceAll('"', '\\"'))} ${set('KUBE-LOOP-BACK', 'dst,dst,src')} -j MASQUERADE`,
          `${unmarked} -j RETURN`,
          '-j MARK --xor-mark 0x4000',
          `${comment('kubernetes service traffic requiring SNAT')} -j MASQUERADE --random-fully`,
        ],
      },
      { table: 'nat', name: 'KUBE-MARK-MASQ', rules: ['-j MARK --or-mark 0x4000'] },
      {
        table: 'filter',
        name: 'KUBE-FORWARD',
        rules: [
          `${comment('kubernetes forwarding rules')} -m mark --mark 0x4000/0x4000 -j ACCEPT`,
          `${comment('conntrack')} -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT`,
        ],
      },
      {
        table: 'filter',
        name: 'KUBE-NODE-PORT',
        rules: [`${comment('health')} ${set('KUBE-HEALTH-CHECK-NODE-PORT', 'dst')} -j ACCEPT`],
      },
      {
        table: 'filter',
        name: 'KUBE-PROXY-FIREWALL',
        rules: [`${set('KUBE-LOAD-BALANCER-FW', 'dst,dst')} -j KUBE-SOURCE-RANGES-FIREWALL`],
      },
      {
        table: 'filter',
        name: 'KUBE-SOURCE-RANGES-FIREWALL',
        rules: [`${set('KUBE-LOAD-BALANCER-SOURCE-CIDR', 'dst,dst,src')} -j RETURN`, '-j DROP'],
      },
      {
        table: 'filter',
        name: 'KUBE-IPVS-FILTER',
        rules: [
          `${set('KUBE-CLUSTER-IP', 'dst,dst')} -j RETURN`,
          `-m conntrack --ctstate NEW ${set('KUBE-IPVS-IPS', 'dst')} -j REJECT`,
        ],
      },
      { table: 'filter', name: 'KUBE-IPVS-OUT-FILTER', rules: [] },
    ],
    jumps: [
      { table: 'nat', hook: 'PREROUTING', rule: `${comment('kubernetes service portals')} -j KUBE-SERVICES` },
      { table: 'nat', hook: 'OUTPUT', rule: `${comment('kubernetes service portals')} -j KUBE-SERVICES` },
      { table: 'nat', hook: 'POSTROUTING', rule: `${comment('postrouting')} -j KUBE-POSTROUTING` },
      { table: 'filter', hook: 'INPUT', rule: `${comment('access filter')} -j KUBE-IPVS-FILTER` },
      { table: 'filter', hook: 'INPUT', rule: `${comment('firewall')} -j KUBE-PROXY-FIREWALL` },
      { table: 'filter', hook: 'INPUT', rule: `${comment('health check')} -j KUBE-NODE-PORT` },
      { table: 'filter', hook: 'FORWARD', rule: `${comment('firewall')} -j KUBE-PROXY-FIREWALL` },
      { table: 'filter', hook: 'FORWARD', rule: `${comment('forwarding')} -j KUBE-FORWARD` },
      { table: 'filter', hook: 'OUTPUT', rule: `${comment('access filter')} -j KUBE-IPVS-OUT-FILTER` },
    ],
  };
}
