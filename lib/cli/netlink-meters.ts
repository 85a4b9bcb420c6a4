import { Meter } from '../../native-bindings/meter.ts';
import type { NetlinkTraffic } from '../metrics/netlink-metrics.ts';

/** Counts what goes to and from the kernel for each table, and for what is no table. */
export class NetlinkMeters {
  readonly #meters = new Map<string, Meter>();

  /** The meter of a table. */
  of(table: string): Meter {
    const known = this.#meters.get(table);
    if (known !== undefined) return known;
    const meter = new Meter();
    this.#meters.set(table, meter);
    return meter;
  }

  /** What has gone to and fro by now, by table. */
  get traffic(): Readonly<Record<string, NetlinkTraffic>> {
    return Object.fromEntries(this.#meters);
  }
}
