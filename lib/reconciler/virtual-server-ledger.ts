import type { VirtualServer } from '../model/virtual-server.ts';
import { EntryLedger } from './entry-ledger.ts';
import type { ReadBack } from './table-ledger.ts';

/**
 * The ledger of the virtual servers. Those that the kernel was read to hold and that no service wants stay unclaimed
 * until it has been decided whose they are, for what tells ours from foreign ones must not go before.
 */
export class VirtualServerLedger extends EntryLedger<VirtualServer> {
  override async readBack(): Promise<ReadBack<VirtualServer>> {
    const read = await super.readBack();
    this.leaveUnclaimed(read.extra);
    return read;
  }
}
