import {
  BytesIEC,
  CountsPerSecond,
  PercentUnit,
  Seconds,
  Short,
} from '@grafana/grafana-foundation-sdk/units';
import type { Row } from './board.ts';
import { graph } from './panels.ts';
import { loopDelay, nodes, quantile, rate, series, shown, sumBy } from './queries.ts';

/** What the program takes of a node. */
export const nodeProcess: Row = {
  title: 'Process and node',
  panels: [
    graph({
      title: 'Memory',
      description: 'Memory of the process that is resident, and what lives in the heap of JavaScript.',
      unit: BytesIEC,
      width: 8,
      queries: [
        [series('process_resident_memory_bytes', nodes), 'resident {{instance}}'],
        [series('nodejs_heap_size_used_bytes', nodes), 'heap {{instance}}'],
      ],
    }),
    graph({
      title: 'Processor',
      description: 'Share of one processor that the program takes.',
      unit: PercentUnit,
      width: 8,
      queries: [[rate('process_cpu_seconds_total', nodes, shown), '{{instance}}']],
    }),
    graph({
      title: 'Event loop',
      description:
        'How late the event loop is: half of the time, and all but a hundredth of it. Late by seconds, nothing is programmed and health checks time out.',
      unit: Seconds,
      width: 8,
      wrong: 1,
      queries: [
        [
          quantile(0.5, 'kube_ipvs_event_loop_delay_seconds', nodes, shown, ['instance']),
          '50 % {{instance}}',
        ],
        [loopDelay(nodes, shown, ['instance']), '99 % {{instance}}'],
      ],
    }),
    graph({
      title: 'Connection tracking',
      description:
        'Connections that the kernel tracks, and how many it tracks at most; packets of new ones are dropped beyond.',
      unit: Short,
      width: 8,
      queries: [
        [series('kube_ipvs_conntrack_entries', nodes), 'tracked {{instance}}'],
        [series('kube_ipvs_conntrack_entries_limit', nodes), 'at most {{instance}}'],
      ],
    }),
    graph({
      title: 'Connections that could not be tracked',
      description:
        'Connections that the kernel could not track (drop: the table was full), or forgot to make room (early_drop), by reason.',
      unit: CountsPerSecond,
      width: 8,
      queries: [[sumBy(['reason'], rate('kube_ipvs_conntrack_failures_total', nodes, shown)), '{{reason}}']],
    }),
    graph({
      title: 'Open files, and what keeps the loop going',
      description:
        'Open file descriptors of the process, and its timers, sockets and requests. A curve that only rises is a leak.',
      unit: Short,
      width: 8,
      queries: [
        [series('process_open_fds', nodes), 'files {{instance}}'],
        [series('nodejs_active_resources', nodes), 'loop {{instance}}'],
      ],
    }),
  ],
};
