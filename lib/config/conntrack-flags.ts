import type { Flag } from './flag.ts';

const group = 'Connection tracking:';

/** The flags that say how the kernel tracks connections, by kube-proxy's names. */
export const conntrackFlags: readonly Flag[] = [
  {
    field: 'conntrackMaxPerCore',
    usage: '--conntrack-max-per-core <number>',
    help: 'connections that can be tracked at least for each processor; 0 keeps what the kernel has',
    group,
    standard: '32768',
  },
  {
    field: 'conntrackMin',
    usage: '--conntrack-min <number>',
    help: 'connections that can be tracked at least on a machine with few processors',
    group,
    standard: '131072',
  },
  {
    field: 'conntrackTcpEstablishedTimeout',
    usage: '--conntrack-tcp-timeout-established <duration>',
    help: 'how long an idle TCP connection is tracked; 0 keeps what the kernel has',
    group,
    standard: '24h',
  },
  {
    field: 'conntrackTcpCloseWaitTimeout',
    usage: '--conntrack-tcp-timeout-close-wait <duration>',
    help: 'the same, where one side has closed; 0 keeps what the kernel has',
    group,
    standard: '1h',
  },
  {
    field: 'conntrackTcpBeLiberal',
    usage: '--conntrack-tcp-be-liberal [boolean]',
    help: 'track packets outside of the TCP window as part of their connection',
    group,
    standard: 'false',
  },
  {
    field: 'conntrackUdpTimeout',
    usage: '--conntrack-udp-timeout <duration>',
    help: 'how long UDP without an answer is tracked; 0 keeps what the kernel has',
    group,
    standard: '0s',
  },
  {
    field: 'conntrackUdpStreamTimeout',
    usage: '--conntrack-udp-timeout-stream <duration>',
    help: 'how long UDP with answers is tracked; 0 keeps what the kernel has',
    group,
    standard: '0s',
  },
];
