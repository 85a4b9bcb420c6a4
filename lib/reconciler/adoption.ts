import type { Keyed } from '../model/keyed.ts';
import type { VirtualServer } from '../model/virtual-server.ts';
import { toError } from './errors.ts';
import { type Discarded, discardOurs, type Reading } from './extras.ts';
import type { TableLedgers } from './ledger.ts';
import type { TableLedger } from './table-ledger.ts';
import { type EntryOf, type TableName, upsertOrder } from './table-name.ts';

type Actual<Name extends TableName> = ReadonlyMap<string, EntryOf<Name>> | undefined;

/**
 * What the kernel held before this process wanted anything. What comes to be wanted is taken out of it; what is left in
 * the end is foreign, or ours from an earlier life.
 */
export class Adoption {
  readonly #tables: TableLedgers;
  #setEntries: Actual<'setEntries'>;
  #addresses: Actual<'addresses'>;
  #virtualServers: Actual<'virtualServers'>;
  #realServers: Actual<'realServers'>;

  constructor(tables: TableLedgers) {
    this.#tables = tables;
  }

  /**
   * Reads every table.
   * @param failed told of each that cannot be read; the others are read all the same
   */
  async read(failed: (table: TableName, error: Error) => void): Promise<void> {
    const read = async <Entry extends Keyed>(
      name: TableName,
      ledger: TableLedger<Entry>,
    ): Promise<ReadonlyMap<string, Entry> | undefined> => {
      try {
        const actual = await ledger.table.read();
        ledger.adopt(actual);
        return actual;
      } catch (error) {
        failed(name, toError(error));
        return undefined;
      }
    };
    await read('sysctls', this.#tables.sysctls);
    await read('sets', this.#tables.sets);
    await read('firewall', this.#tables.firewall);
    this.#setEntries = await read('setEntries', this.#tables.setEntries);
    this.#addresses = await read('addresses', this.#tables.addresses);
    this.#virtualServers = await read('virtualServers', this.#tables.virtualServers);
    this.#realServers = await read('realServers', this.#tables.realServers);
  }

  /** Marks what is left of ours for removal, as `discardOurs` does, once everything that is wanted is known, and forgets the rest. */
  discardRest(keeps: (server: VirtualServer) => boolean, nodeAddresses: readonly string[]): Discarded[] {
    const tables = this.#tables;
    const discarded = discardOurs(
      tables,
      {
        setEntries: readingOf(tables.setEntries, this.#setEntries),
        addresses: readingOf(tables.addresses, this.#addresses),
        virtualServers: this.#virtualServers && {
          actual: this.#virtualServers,
          extra: [...tables.virtualServers.unclaimed()],
        },
        realServers: readingOf(tables.realServers, this.#realServers),
      },
      keeps,
      nodeAddresses,
    );
    this.forget();
    return discarded;
  }

  /** Forgets what was read and leaves all of it alone. Virtual servers of which it is not known whose they are stay unclaimed. */
  forget(): void {
    for (const name of upsertOrder) {
      if (name !== 'virtualServers') this.#tables[name].takeUnclaimed();
    }
    this.#setEntries = undefined;
    this.#addresses = undefined;
    this.#virtualServers = undefined;
    this.#realServers = undefined;
  }
}

function readingOf<Entry extends Keyed>(
  ledger: TableLedger<Entry>,
  actual: ReadonlyMap<string, Entry> | undefined,
): Reading<Entry> | undefined {
  return actual && { actual, extra: ledger.takeUnclaimed() };
}
