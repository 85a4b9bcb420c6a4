import { expect } from 'chai';
import { fakeKernel } from '../../../lib/kernel/fake-kernel.ts';
import { TableError } from '../../../lib/kernel/table.ts';
import type { PlannedVirtualServer } from '../../../lib/model/plan.ts';
import { type RealServer, realServerKey } from '../../../lib/model/real-server.ts';
import { ServerPacker } from '../../../lib/reconciler/packed-server.ts';
import { RealServerLedger } from '../../../lib/reconciler/real-server-ledger.ts';
import { virtualServer } from './world.ts';

function planned(address: string, pods: readonly string[]): PlannedVirtualServer {
  const server = virtualServer(address, 80);
  return { server, realServers: pods.map((pod) => behind(server, pod)) };
}

function behind(server: RealServer['virtualServer'], address: string): RealServer {
  return {
    key: realServerKey(server.key, address, 8080),
    ...{ virtualServer: server, address, port: 8080, weight: 1 },
    ...{ forwarding: 'masquerade', upperThreshold: 0, lowerThreshold: 0 },
  };
}

const web = planned('10.0.0.1', ['10.1.0.1', '10.1.0.2']);
const api = planned('10.0.0.2', ['10.1.0.3']);
const { server: foreign } = planned('10.0.0.9', []);

/** A ledger of `web` and `api`, over a kernel that holds exactly that. */
function settled(): { kernel: ReturnType<typeof fakeKernel>; ledger: RealServerLedger } {
  const kernel = fakeKernel();
  kernel.virtualServers.load([web.server, api.server, foreign]);
  kernel.realServers.load([...web.realServers, ...api.realServers, behind(foreign, '10.1.0.4')]);
  const ledger = new RealServerLedger(kernel.realServers);
  ledger.known = true;
  const packer = new ServerPacker();
  for (const one of [web, api]) ledger.put(packer.pack(one));
  for (const { key, after } of ledger.collect().upserts) ledger.written(key, after);
  return { kernel, ledger };
}

const keysOf = (entries: readonly { readonly key: string }[]): string[] => entries.map(({ key }) => key);

describe('real servers that are read back', () => {
  it('show no drift where all is as it should be, whatever is behind foreign virtual servers', async () => {
    const { ledger } = settled();
    expect(await ledger.readBack()).to.deep.include({ missing: [], different: [], extra: [] });
    expect(ledger.pending).to.equal(0);
  });

  it('are asked for one virtual server at a time, and never all at once', async () => {
    const { kernel, ledger } = settled();
    await ledger.readBack();
    expect(kernel.realServers).to.include({ reads: 0, useReads: 2 });
  });

  it('show what is missing, different and too many, and have the first two written again', async () => {
    const { kernel, ledger } = settled();
    const [first, second] = keysOf(web.realServers);
    kernel.realServers.unload([first ?? '']);
    kernel.realServers.load(web.realServers.slice(1).map((one) => ({ ...one, weight: 7 })));
    const stray = behind(api.server, '10.1.0.9');
    kernel.realServers.load([stray]);
    const { missing, different, extra } = await ledger.readBack();
    expect({ missing, different, extra }).to.deep.equal({
      ...{ missing: [first], different: [second], extra: [stray] },
    });
    expect(keysOf(ledger.collect().upserts)).to.deep.equal([first, second]);
    expect(ledger.collect().removals).to.deep.equal([]);
  });

  it('that wait to be removed behind a virtual server that is wanted no longer go on waiting', async () => {
    const { kernel, ledger } = settled();
    ledger.remove(web.server.key);
    kernel.realServers.unload(keysOf(web.realServers.slice(1)));
    const { missing, different, extra } = await ledger.readBack();
    expect({ missing, different, extra }).to.deep.equal({ missing: [], different: [], extra: [] });
    expect(keysOf(ledger.collect().removals)).to.deep.equal(keysOf(web.realServers.slice(0, 1)));
  });

  it('change no belief where they cannot be read', async () => {
    const { kernel, ledger } = settled();
    kernel.realServers.unload(keysOf(web.realServers));
    ledger.known = false;
    kernel.realServers.failRead(new TableError('real-servers', 'ENOBUFS', 'lost'));
    const failure: unknown = await ledger.readBack().then(
      () => undefined,
      (error: unknown) => error,
    );
    expect(failure).to.be.instanceOf(TableError);
    expect(ledger).to.include({ pending: 0, known: false });
  });
});
