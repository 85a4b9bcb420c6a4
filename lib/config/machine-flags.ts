import type { Flag } from './flag.ts';

const group = 'Process:';

/** The flags of `run` about its process, by kube-proxy's names. */
export const machineFlags: readonly Flag[] = [
  {
    field: 'bindAddress',
    usage: '--bind-address <address>',
    help: 'an IPv6 address, such as ::, has health and metrics served on IPv6 where no address is given',
    group,
    standard: '0.0.0.0',
  },
  {
    field: 'profiling',
    usage: '--profiling [boolean]',
    help: 'kept, and without effect so far: no profiles are served',
    group,
    standard: 'false',
  },
  {
    field: 'oomScoreAdj',
    usage: '--oom-score-adj <number>',
    help: '-1000 to 1000: how readily the kernel ends this process when memory runs out',
    group,
    standard: '-999',
  },
  {
    field: 'featureGates',
    usage: '--feature-gates <gates>',
    help: 'AllowServiceExternalIPs=false serves no external IPs; what is always on or off is told in the log',
    group,
    repeatable: true,
  },
];
