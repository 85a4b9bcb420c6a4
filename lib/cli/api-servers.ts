import { lookup } from 'node:dns/promises';
import type { Catalog } from '../catalog/catalog.ts';
import { addressKind, parseAddress } from '../model/address.ts';
import type { ReservedAddress } from '../model/node-facts.ts';
import { serviceKey, type ServiceKey } from '../model/service.ts';
import type { Log } from '../reconciler/log.ts';

/** The service whose endpoints are the API servers. */
export const apiServerService: ServiceKey = serviceKey('default', 'kubernetes');

/** What ApiServers need. */
export interface ApiServersOptions {
  /** What the program connects to for its API server; undefined where it has none. */
  readonly url: URL | undefined;
  readonly catalog: Pick<Catalog, 'get'>;
  readonly log: Log;
  /** Gives the addresses of a name; those that the machine's resolver knows unless told otherwise. */
  readonly resolve?: (name: string) => Promise<readonly string[]>;
}

/**
 * Where the API servers of this node are: where this program reaches one, and the endpoints of `default/kubernetes`. No
 * service may take those addresses.
 */
export class ApiServers {
  readonly #options: ApiServersOptions;
  #reached: readonly string[] = [];

  constructor(options: ApiServersOptions) {
    this.#options = options;
  }

  /** Sorted, without duplicates, by the catalog as it is now and the names as they were last resolved. */
  get addresses(): readonly ReservedAddress[] {
    const { url } = this.#options;
    const all = [
      ...(url === undefined ? [] : this.#reached.map((address) => reserved(address, portOf(url)))),
      ...this.#endpoints(),
    ];
    const unicast = all.filter(({ address }) => addressKind(address) === 'unicast');
    const unique = new Map(unicast.map((one) => [`${one.address} ${one.port}`, one]));
    return [...unique].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, one]) => one);
  }

  /** Resolves the name that an API server is reached by, again. Never rejects: the last addresses count then. */
  async resolve(): Promise<void> {
    const { url, log, resolve = resolved } = this.#options;
    if (url === undefined) return;
    const host = url.hostname.replace(/^\[(.*)\]$/, '$1');
    try {
      const addresses = 'address' in parseAddress(host) ? [host] : await resolve(host);
      this.#reached = addresses.map(canonical).filter((address) => address !== undefined);
    } catch (error) {
      log.debug({ host, err: error }, 'the address of the API server is not known: the last one counts');
    }
  }

  #endpoints(): ReservedAddress[] {
    const { slices = [] } = this.#options.catalog.get(apiServerService) ?? {};
    return slices.flatMap(({ ports, endpoints }) =>
      ports
        .filter(({ protocol }) => protocol === 'TCP')
        .flatMap(({ port }) => endpoints.map(({ address }) => reserved(address, port))),
    );
  }
}

function reserved(address: string, port: number): ReservedAddress {
  return { address, port, use: 'API server' };
}

function portOf({ port, protocol }: URL): number {
  return port === '' ? (protocol === 'http:' ? 80 : 443) : Number(port);
}

function canonical(text: string): string | undefined {
  const parsed = parseAddress(text);
  return 'address' in parsed ? parsed.address : undefined;
}

async function resolved(name: string): Promise<readonly string[]> {
  return (await lookup(name, { all: true })).map(({ address }) => address);
}
