/** A transport protocol, as Kubernetes writes it in `spec.ports[].protocol`. */
export type Protocol = 'TCP' | 'UDP' | 'SCTP';

/** IP protocol numbers (`IPPROTO_*`, linux/in.h), as IPVS, ipset and conntrack want them. */
export const protocolNumbers: Readonly<Record<Protocol, number>> = { TCP: 6, UDP: 17, SCTP: 132 };
