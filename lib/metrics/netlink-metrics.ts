import { Counter, type Registry } from 'prom-client';

/** What has gone to the kernel, or come from it, since the start. */
export interface NetlinkFigures {
  readonly messages: number;
  readonly bytes: number;
}

/** What has gone to and fro for one table. */
export interface NetlinkTraffic {
  readonly sent: NetlinkFigures;
  readonly received: NetlinkFigures;
}

/** The traffic of each table, by its name. */
export type NetlinkByTable = () => Readonly<Record<string, NetlinkTraffic>>;

const amounts = [
  [
    'messages',
    'Netlink messages that were sent to the kernel or came from it, by the table that they are about.',
  ],
  ['bytes', 'The same in bytes.'],
] as const satisfies readonly (readonly [keyof NetlinkFigures, string])[];

/** Registers `kube_ipvs_netlink_*`, which are read when they are asked for. */
export function registerNetlinkMetrics(registry: Registry, traffic: NetlinkByTable): void {
  for (const [amount, help] of amounts) {
    new Counter({
      name: `kube_ipvs_netlink_${amount}_total`,
      help,
      ...{ registers: [registry], labelNames: ['table', 'direction'] as const },
      collect() {
        this.reset();
        for (const [table, { sent, received }] of Object.entries(traffic())) {
          this.inc({ table, direction: 'sent' }, sent[amount]);
          this.inc({ table, direction: 'received' }, received[amount]);
        }
      },
    });
  }
}
