import type { Catalog } from '../catalog/catalog.ts';
import type { Service, ServiceKey } from '../model/service.ts';
import { virtualServerKey } from '../model/virtual-server.ts';

/**
 * Finds the services that entries of the kernel are wanted for: virtual servers, real servers and addresses, by their
 * keys. Services are looked through once for the keys that are new, all of them, but only for what is rare: an entry that
 * the kernel refuses.
 */
export class EntryOwners {
  readonly #catalog: Pick<Catalog, 'keys' | 'get'>;
  #known = new Map<string, readonly ServiceKey[]>();

  constructor(catalog: Pick<Catalog, 'keys' | 'get'>) {
    this.#catalog = catalog;
  }

  /** The services of each key, in no order; none where none is found. What is not asked for is forgotten. */
  of(keys: readonly string[]): ReadonlyMap<string, readonly ServiceKey[]> {
    const found = this.#find(keys.filter((key) => !this.#known.has(key)));
    this.#known = new Map(keys.map((key) => [key, this.#known.get(key) ?? found.get(key) ?? []]));
    return this.#known;
  }

  #find(keys: readonly string[]): Map<string, ServiceKey[]> {
    const owners = new Map<string, ServiceKey[]>();
    if (keys.length === 0) return owners;
    const wanted = new WantedEntries(keys);
    for (const key of this.#catalog.keys()) {
      const service = this.#catalog.get(key)?.service;
      if (service === undefined) continue;
      for (const entry of wanted.of(service)) owners.set(entry, [...(owners.get(entry) ?? []), key]);
    }
    return owners;
  }
}

/** Keys in the forms in which services can be compared with them. */
class WantedEntries {
  readonly #keys = new Map<string, string[]>();
  readonly #addresses = new Set<string>();
  readonly #ports = new Set<number>();

  constructor(keys: readonly string[]) {
    for (const key of keys) {
      const [server = ''] = key.split(' -> ');
      const { address, port } = endpointOf(server);
      this.#keys.set(server, [...(this.#keys.get(server) ?? []), key]);
      this.#addresses.add(address);
      if (port === undefined) continue;
      this.#ports.add(port);
      const nodePort = nodePortKey(server.split(' ')[0] ?? '', port);
      this.#keys.set(nodePort, [...(this.#keys.get(nodePort) ?? []), key]);
    }
  }

  /** Those that a service wants. Nothing is put together for the many services that have nothing to do with them. */
  *of(service: Service): Generator<string> {
    for (const address of addressesOf(service)) {
      if (this.#addresses.has(address)) yield* this.#at(address, service);
    }
    for (const { protocol, nodePort } of service.ports) {
      if (this.#ports.has(nodePort)) yield* this.#keys.get(nodePortKey(protocol, nodePort)) ?? [];
    }
  }

  *#at(address: string, { ports }: Service): Generator<string> {
    yield* this.#keys.get(address) ?? [];
    for (const { protocol, port } of ports) {
      yield* this.#keys.get(virtualServerKey({ protocol, address, port })) ?? [];
    }
  }
}

function addressesOf({ clusterIPs, externalIPs, loadBalancerIngress }: Service): readonly string[] {
  return [...clusterIPs, ...externalIPs, ...loadBalancerIngress.map(({ address }) => address)];
}

/** Of `TCP 10.0.0.1:80` and `TCP [fd00::1]:80`, or of an address alone. */
function endpointOf(server: string): { readonly address: string; readonly port: number | undefined } {
  const parts = /^\w+ \[?(?<address>[^\]]*?)\]?:(?<port>\d+)$/.exec(server)?.groups;
  return parts === undefined
    ? { address: server, port: undefined }
    : { address: parts['address'] ?? '', port: Number(parts['port']) };
}

function nodePortKey(protocol: string, port: number): string {
  return `${protocol} node port ${port}`;
}
