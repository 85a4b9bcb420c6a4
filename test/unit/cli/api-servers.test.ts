import { expect } from 'chai';
import { Catalog } from '../../../lib/catalog/catalog.ts';
import { ApiServers } from '../../../lib/cli/api-servers.ts';
import { endpoint, service, slice, slicePort } from '../fixtures.ts';
import { MemoryLog } from '../reconciler/world.ts';

/** A catalog in which some addresses are endpoints of the API server's service. */
function catalogOf(addresses: readonly string[]): Catalog {
  const catalog = new Catalog();
  const names = { namespace: 'default', name: 'kubernetes' };
  catalog.setService(service(names));
  const endpoints = addresses.map((address) => endpoint(address));
  const ports = [slicePort({ name: 'https', port: 6443 })];
  catalog.setSlice(slice(endpoints, { ...names, service: 'kubernetes', ports }));
  return catalog;
}

function apiServers(url: string | undefined, addresses: readonly string[] = [], names?: string[]) {
  const log = new MemoryLog();
  const servers = new ApiServers({
    url: url === undefined ? undefined : new URL(url),
    catalog: catalogOf(addresses),
    log,
    resolve: () => (names === undefined ? Promise.reject(new Error('ENOTFOUND')) : Promise.resolve(names)),
  });
  const told = (): string[] => servers.addresses.map(({ address, port, use }) => `${use} ${address} ${port}`);
  return { servers, told, log };
}

describe('the API servers of a node', () => {
  it('are the endpoints of default/kubernetes, where services come from manifests too', () => {
    const { told } = apiServers(undefined, ['10.0.0.7', '10.0.0.6', '10.0.0.6']);
    expect(told()).to.deep.equal(['API server 10.0.0.6 6443', 'API server 10.0.0.7 6443']);
  });

  it('are where the program finds one: by an address, with the port of its scheme', async () => {
    const plain = apiServers('https://10.96.0.1');
    await plain.servers.resolve();
    expect(plain.told()).to.deep.equal(['API server 10.96.0.1 443']);
    const ipv6 = apiServers('https://[fd00:0::1]:6443', ['10.0.0.6']);
    await ipv6.servers.resolve();
    expect(ipv6.told()).to.deep.equal(['API server 10.0.0.6 6443', 'API server fd00::1 6443']);
  });

  it('are where the program finds one by a name, until that leads elsewhere', async () => {
    const names = ['10.0.0.9', 'fd00::9'];
    const { servers, told } = apiServers('https://api.example:8443', [], names);
    await servers.resolve();
    expect(told()).to.deep.equal(['API server 10.0.0.9 8443', 'API server fd00::9 8443']);
    names.splice(0, 2, '10.0.0.10');
    await servers.resolve();
    expect(told()).to.deep.equal(['API server 10.0.0.10 8443']);
  });

  it('are not those on the loopback interface, which no service can have', async () => {
    const { servers, told } = apiServers('https://127.0.0.1:6443');
    await servers.resolve();
    expect(told()).to.deep.equal([]);
  });

  it('stay as they were where a name is not known', async () => {
    const { servers, told, log } = apiServers('https://api.example');
    await servers.resolve();
    expect([told(), log.at('debug').length]).to.deep.equal([[], 1]);
  });
});
