import {
  BytesPerSecondIEC,
  CountsPerSecond,
  PacketsPerSecond,
  Short,
} from '@grafana/grafana-foundation-sdk/units';
import type { Row } from './board.ts';
import { graph, table } from './panels.ts';
import { nodes, rate, series, shown, sumBy } from './queries.ts';

/** What the kernel balances on a node, and what it is. */
export const traffic: Row = {
  title: 'Traffic and kernel',
  panels: [
    graph({
      title: 'New connections',
      description:
        'Connections that IPVS balances on the node, over all virtual servers. The dashboard Services tells them apart.',
      unit: CountsPerSecond,
      width: 6,
      queries: [[rate('kube_ipvs_connections_total', nodes, shown), '{{instance}}']],
    }),
    graph({
      title: 'Packets',
      description: 'Packets of these connections, from clients to real servers and back.',
      unit: PacketsPerSecond,
      width: 6,
      queries: [[sumBy(['direction'], rate('kube_ipvs_packets_total', nodes, shown)), '{{direction}}']],
    }),
    graph({
      title: 'Bytes',
      description: 'Bytes of these connections, from clients to real servers and back.',
      unit: BytesPerSecondIEC,
      width: 6,
      queries: [[sumBy(['direction'], rate('kube_ipvs_bytes_total', nodes, shown)), '{{direction}}']],
    }),
    graph({
      title: 'Virtual servers without endpoints',
      description: 'Virtual servers that refuse connections, because no endpoint may take them.',
      unit: Short,
      width: 6,
      queries: [[series('kube_ipvs_virtual_servers_without_endpoints', nodes), '{{instance}}']],
    }),
    table({
      title: 'Kernel',
      description: 'Release, IPVS and the size of its table of connections, and the iptables that is used.',
      unit: Short,
      width: 12,
      queries: [[series('kube_ipvs_kernel_info', nodes), '']],
      columns: {
        instance: { name: 'Node' },
        release: { name: 'Kernel' },
        ipvs_version: { name: 'IPVS' },
        connection_table_size: { name: 'Connection table' },
        iptables: { name: 'iptables' },
      },
    }),
    table({
      title: 'Settings',
      description: 'Kernel settings that balancing depends on, as they are now. Forwarding has to be 1.',
      unit: Short,
      width: 12,
      queries: [[sumBy(['name', 'instance'], series('kube_ipvs_sysctl', nodes)), '']],
      columns: { instance: { name: 'Node' }, name: { name: 'Setting' }, Value: { name: 'Is' } },
    }),
  ],
};
