/**
 * The IPVS schedulers of Linux 6.x by the kernel's names (net/netfilter/ipvs/Kconfig), each with what it does. The module
 * of each is `ip_vs_` and the name.
 */
export const schedulers: Readonly<Record<string, string>> = {
  rr: 'round robin',
  wrr: 'weighted round robin',
  lc: 'least connections',
  wlc: 'weighted least connections',
  lblc: 'locality-based least connections',
  lblcr: 'locality-based least connections with replication',
  dh: 'destination hashing',
  sh: 'source hashing',
  sed: 'shortest expected delay',
  nq: 'never queue',
  fo: 'weighted fail-over',
  ovf: 'weighted overflow',
  mh: 'Maglev hashing',
  twos: 'least connections of two picked at random',
};
