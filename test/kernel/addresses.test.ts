import { expect } from 'chai';
import { Addresses } from '../../lib/kernel/addresses.ts';
import { type Change, TableError } from '../../lib/kernel/table.ts';
import type { BoundAddress } from '../../lib/model/bound-address.ts';
import { Route } from '../../native-bindings/route.ts';
import { enterOwnNamespace, output } from './own-namespace.ts';

const device = 'kube-ipvs0';

function bind(address: string): Change<BoundAddress> {
  return { key: address, before: undefined, after: { key: address, address } };
}

function release(address: string): Change<BoundAddress> {
  return { key: address, before: { key: address, address }, after: undefined };
}

/** The addresses of the device in the words of ip(8): `10.96.0.1/32`. */
function shown(): string[] {
  return [...output(`ip -o addr show dev ${device}`).matchAll(/inet6? (\S+)/g)].map(([, text = '']) => text);
}

describe('addresses on a real kernel', () => {
  let route: Route;
  let table: Addresses;

  beforeEach(() => {
    enterOwnNamespace();
    route = Route.open();
    table = new Addresses(route, device);
  });

  afterEach(() => {
    route.close();
  });

  async function written(...changes: Change<BoundAddress>[]): Promise<string[]> {
    expect([...(await table.apply(changes))]).to.deep.equal([]);
    return [...(await table.read()).keys()];
  }

  it('are none where there is no device, and reading makes none', async () => {
    expect((await table.read()).size).to.equal(0);
    expect(route.link(device)).to.equal(undefined);
  });

  it('are bound to a dummy interface without ARP that stays down', async () => {
    expect(await written(bind('10.96.0.1'), bind('fd00:10:96::1'))).to.deep.equal([
      '10.96.0.1',
      'fd00:10:96::1',
    ]);
    expect(shown()).to.have.members(['10.96.0.1/32', 'fd00:10:96::1/128']);
    const link = output(`ip -d link show dev ${device}`);
    expect(link).to.include('NOARP').and.include('state DOWN').and.include('dummy').and.not.include(',UP');
  });

  it('are ready at once: no duplicate detection holds an IPv6 address back', async () => {
    await written(bind('fd00:10:96::1'));
    expect(output(`ip addr show dev ${device}`))
      .to.include('nodad')
      .and.not.include('tentative');
  });

  it('are local to the node although the interface is down', async () => {
    await written(bind('10.96.0.1'));
    expect(output('ip route get 10.96.0.1')).to.include('local 10.96.0.1');
  });

  it('that are bound already are a success, as are those gone already', async () => {
    await written(bind('10.96.0.1'));
    expect(
      await written(bind('10.96.0.1'), release('10.96.0.2'), bind('fd00::1'), bind('fd00::1')),
    ).to.deep.equal(['10.96.0.1', 'fd00::1']);
  });

  it('are released, those left staying', async () => {
    await written(bind('10.96.0.1'), bind('10.96.0.2'), bind('fd00::1'));
    expect(await written(release('10.96.0.1'), release('fd00::1'))).to.deep.equal(['10.96.0.2']);
  });

  it('are released without a device being made', async () => {
    expect(await written(release('10.96.0.1'))).to.deep.equal([]);
    expect(route.link(device)).to.equal(undefined);
  });

  it('of other prefixes and link-local ones are not read', async () => {
    output(`ip link add ${device} type dummy`);
    output(`ip link set ${device} up`);
    output(`ip addr add 192.0.2.1/24 dev ${device}`);
    expect(shown().some((text) => text.startsWith('fe80'))).to.equal(true);
    expect(await written(bind('10.96.0.1'))).to.deep.equal(['10.96.0.1']);
    expect(output(`ip link show dev ${device}`)).to.include('NOARP');
  });

  it('of other interfaces are not read', async () => {
    output('ip link add other type dummy');
    output('ip addr add 192.0.2.1/32 dev other');
    expect(await written(bind('10.96.0.1'))).to.deep.equal(['10.96.0.1']);
  });

  it('are not written to an interface of that name which is no dummy', async () => {
    output(`ip link add ${device} type bridge`);
    const error: unknown = await table.apply([bind('10.96.0.1')]).catch((reason: unknown) => reason);
    expect(error).to.be.instanceOf(TableError).and.to.include({ code: 'not-a-dummy', table: 'addresses' });
    expect((error as TableError).message).to.include('expected a dummy interface, got bridge');
    expect(await table.removeDevice().catch((reason: unknown) => reason)).to.include({ code: 'not-a-dummy' });
  });

  it('that the kernel refuses hold up nothing else', async () => {
    await written(bind('10.96.0.1'));
    // The main thread is in the namespace and a file under /proc/sys/net belongs to the thread that opens it.
    output(`sysctl -qw net.ipv6.conf.${device}.disable_ipv6=1`);
    const refusals = await table.apply([bind('fd00::1'), bind('10.96.0.2')]);
    expect([...refusals].map(([key, { code, operation }]) => [key, code, operation])).to.deep.equal([
      ['fd00::1', 'EACCES', 'add address'],
    ]);
    expect(refusals.get('fd00::1')?.message).to.include('switch IPv6 on');
    expect([...(await table.read()).keys()]).to.deep.equal(['10.96.0.1', '10.96.0.2']);
  });

  it('go with their device, which may be gone already', async () => {
    await written(bind('10.96.0.1'));
    await table.removeDevice();
    expect(route.link(device)).to.equal(undefined);
    await table.removeDevice();
    expect(await written(bind('10.96.0.2'))).to.deep.equal(['10.96.0.2']);
  });

  it('are written a thousand at a time', async () => {
    const wanted = Array.from({ length: 1000 }, (_, index) => `10.96.${index >> 8}.${index & 255}`);
    expect(await written(...wanted.map(bind))).to.have.members(wanted);
    expect(shown()).to.have.members(wanted.map((address) => `${address}/32`));
    expect(await written(...wanted.map(release))).to.deep.equal([]);
  });
});
