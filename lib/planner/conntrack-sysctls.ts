import type { ConntrackOptions, IpvsTimeouts, PlannerOptions } from '../model/planner-options.ts';
import type { Sysctl } from '../model/sysctl.ts';

const netfilter = 'net/netfilter/nf_conntrack_';

/** Connections for each bucket of the kernel's hash table, as its own defaults have it on large machines. */
const connectionsPerBucket = 4;

const untouched: ConntrackOptions = {
  maxPerCore: 0,
  min: 0,
  cores: 0,
  tcpEstablishedTimeout: 0,
  tcpCloseWaitTimeout: 0,
  tcpBeLiberal: false,
  udpTimeout: 0,
  udpStreamTimeout: 0,
};

/** The settings of connection tracking that are asked for (Documentation/networking/nf_conntrack-sysctl.rst). */
export function conntrackSysctls({ conntrack = untouched, ipvsTimeouts }: PlannerOptions): Sysctl[] {
  const { tcp, udp }: IpvsTimeouts = ipvsTimeouts ?? { tcp: 0, udp: 0 };
  return [
    ...limits(conntrack),
    ...timeout('tcp_timeout_established', conntrack.tcpEstablishedTimeout, tcp),
    ...timeout('tcp_timeout_close_wait', conntrack.tcpCloseWaitTimeout),
    ...(conntrack.tcpBeLiberal ? [{ key: `${netfilter}tcp_be_liberal`, value: '1' }] : []),
    ...timeout('udp_timeout', conntrack.udpTimeout, udp),
    ...timeout('udp_timeout_stream', conntrack.udpStreamTimeout, udp),
  ];
}

/** The number of connections and of buckets for them. Both are only ever raised. */
function limits({ maxPerCore, min, cores }: ConntrackOptions): Sysctl[] {
  if (maxPerCore === 0) return [];
  const connections = Math.max(maxPerCore * cores, min);
  return [least('max', connections), least('buckets', Math.floor(connections / connectionsPerBucket))];
}

/**
 * A time-out that is asked for. One that is not must not be shorter than that of IPVS: a connection that is forgotten
 * here and remembered there is masqueraded anew, as another one, and its server does not know it.
 */
function timeout(name: string, seconds: number, ofIpvs = 0): Sysctl[] {
  if (seconds > 0) return [{ key: netfilter + name, value: String(seconds) }];
  return ofIpvs > 0 ? [least(name, ofIpvs)] : [];
}

function least(name: string, value: number): Sysctl {
  return { key: netfilter + name, value: String(value), atLeast: true };
}
