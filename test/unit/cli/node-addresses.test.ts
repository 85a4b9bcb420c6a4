import { expect } from 'chai';
import { NodeAddressWatch } from '../../../lib/cli/node-address-watch.ts';
import type { RouteEvents } from '../../../lib/cli/node-address-watch.ts';
import { nodeAddresses } from '../../../lib/cli/node-addresses.ts';
import type { AddressReader } from '../../../lib/cli/node-addresses.ts';
import type { InterfaceAddress } from '../../../native-bindings/route-values.ts';

/** Addresses with the index of their interface; that of kube-ipvs0 is 9. */
function reader(
  list: readonly (readonly [number, string])[],
  { flags = 0, gateways = [] }: { flags?: number; gateways?: readonly (readonly string[])[] } = {},
): AddressReader {
  const addresses = list.map(([index, address]): InterfaceAddress => {
    const family = address.includes(':') ? 'IPv6' : 'IPv4';
    return { index, address, family, prefix: 24, scope: 0, flags };
  });
  return {
    link: (name) => ({ index: 9, name, kind: 'dummy', flags: 0, mtu: 1500, master: 0 }),
    addresses: () => addresses,
    defaultRoutes: () => gateways.map((hops) => ({ family: 'IPv4', gateways: hops })),
  };
}

const all = [
  [1, '127.0.0.1'],
  [1, '::1'],
  [2, '192.168.1.10'],
  [2, 'fe80::1'],
  [2, 'fd00::10'],
  [3, '10.0.0.5'],
  [3, '169.254.1.1'],
  [4, '192.168.1.10'],
  [9, '10.96.0.1'],
] as const;

describe('the addresses of a node', () => {
  it('are those of every interface but kube-ipvs0, without loopback and link-local ones, each once', () => {
    const every = ['10.0.0.5', '192.168.1.10', 'fd00::10'];

    expect(nodeAddresses(reader(all), ['0.0.0.0/0', '::/0'])).to.deep.equal({
      addresses: every,
      localAddresses: every,
      reservedAddresses: [],
    });
  });

  it('come with those that it needs: its gateways, each once, and its API servers', () => {
    const gateways = [['192.168.1.2', '192.168.1.1'], [], ['fe80::1', 'fd00::1'], ['192.168.1.1']];
    const apiServer = { address: '192.168.1.3', port: 6443, use: 'API server' } as const;
    const { reservedAddresses } = nodeAddresses(reader(all, { gateways }), [], [apiServer]);
    expect(reservedAddresses.map(({ address, port, use }) => `${use} ${address} ${port}`)).to.deep.equal([
      'default gateway 192.168.1.1 0',
      'default gateway 192.168.1.2 0',
      'default gateway fd00::1 0',
      'API server 192.168.1.3 6443',
    ]);
  });

  it('are, for node ports, those within the CIDRs', () => {
    expect(nodeAddresses(reader(all), ['192.168.0.0/16', '::/0']).addresses).to.deep.equal([
      '192.168.1.10',
      'fd00::10',
    ]);
    expect(nodeAddresses(reader(all), ['172.16.0.0/12'])).to.deep.equal({
      addresses: [],
      localAddresses: ['10.0.0.5', '192.168.1.10', 'fd00::10'],
      reservedAddresses: [],
    });
  });

  it('are not those that another host has too', () => {
    expect(nodeAddresses(reader([[2, 'fd00::10']], { flags: 0x08 }), ['::/0']).localAddresses).to.deep.equal(
      [],
    );
  });
});

describe('a watch of the addresses of a node', () => {
  /** A watch over a list that can be replaced, with a clock that runs when it is told to. */
  function watched() {
    const seen: string[][] = [];
    const told: string[] = [];
    const say = (_fields: object, message: string): void => {
      told.push(message);
    };
    let list: readonly (readonly [number, string])[] = all;
    let timers: (() => void)[] = [];
    let events: RouteEvents | undefined;
    let broken = false;
    let gateway = '192.168.1.1';
    const watch = new NodeAddressWatch({
      reader: {
        link: (name) => reader(list).link(name),
        addresses: () => {
          if (broken) throw new Error('no reply');
          return reader(list).addresses();
        },
        defaultRoutes: () => [{ family: 'IPv4', gateways: [gateway] }],
      },
      cidrs: () => ['192.168.0.0/16'],
      apiServers: () => [],
      clock: {
        now: () => 0,
        after: (_milliseconds, action) => {
          timers.push(action);
          return () => undefined;
        },
      },
      log: { debug: say, info: say, warn: say, error: say },
      changed: ({ addresses }) => seen.push([...addresses]),
      open: (listener) => {
        events = listener;
        return { close: () => Promise.resolve() };
      },
    });
    watch.start();
    return {
      watch,
      seen,
      told,
      become: (next: typeof list) => {
        list = next;
      },
      breakDown: () => {
        broken = true;
      },
      tell: (index: number) =>
        events?.onEvent({
          kind: 'address-changed',
          address: reader([[index, '192.168.1.1']]).addresses()[0]!,
        }),
      reroute: (next: string) => {
        gateway = next;
        events?.onEvent({ kind: 'default-route-changed', family: 'IPv4' });
      },
      lose: () => events?.onEvent({ kind: 'overrun' }),
      runTimers: () => {
        const due = timers;
        timers = [];
        for (const run of due) run();
        return due.length;
      },
    };
  }

  it('tells of an address that the kernel tells of', () => {
    const { become, tell, runTimers, seen } = watched();
    become([...all, [2, '192.168.1.11']]);
    tell(2);
    tell(2);
    expect(runTimers()).to.equal(1);
    expect(seen).to.deep.equal([['192.168.1.10', '192.168.1.11']]);
  });

  it('tells of an address that node ports are not served on', () => {
    const { become, tell, runTimers, seen, watch } = watched();
    become([...all, [2, '172.16.0.1']]);
    tell(2);
    runTimers();
    expect(seen).to.deep.equal([['192.168.1.10']]);
    expect(watch.current.localAddresses).to.include('172.16.0.1');
  });

  it('tells of another default gateway', () => {
    const { reroute, runTimers, seen, watch } = watched();
    reroute('192.168.1.2');
    runTimers();
    expect(seen).to.have.length(1);
    expect(watch.current.reservedAddresses.map(({ address }) => address)).to.deep.equal(['192.168.1.2']);
  });

  it('passes over what happens on kube-ipvs0', () => {
    const { tell, runTimers } = watched();
    tell(9);
    expect(runTimers()).to.equal(0);
  });

  it('reads again where the kernel had more to tell than fitted', () => {
    const { become, lose, runTimers, seen } = watched();
    become([]);
    lose();
    runTimers();
    expect(seen).to.deep.equal([[]]);
  });

  it('tells nothing where the addresses are the same', () => {
    const { watch, seen } = watched();
    watch.refresh();
    expect(seen).to.deep.equal([]);
  });

  it('keeps the last addresses where they cannot be read', () => {
    const { watch, breakDown, seen, told } = watched();
    breakDown();
    watch.refresh();
    expect(seen).to.deep.equal([]);
    expect(watch.current.addresses).to.deep.equal(['192.168.1.10']);
    expect(told).to.deep.equal(['the addresses of this node could not be read: the last ones count']);
  });
});
