import { readFile } from 'node:fs/promises';
import type { Guest } from '../lab/guest.ts';
import type { Node } from '../lab/node.ts';
import type { Place } from '../lab/place.ts';
import type { Site } from './support.ts';
import { held, until } from './support.ts';

/** A scenario as it is written. */
export function scenario(file: string): Promise<string> {
  return readFile(`test/fixtures/scenarios/${file}`, 'utf8');
}

/** The lines of `ipvsadm -Sn` by which each of these virtual servers sends new connections to each of these endpoints. */
export function balancing(servers: readonly string[], ...endpoints: readonly string[]): readonly string[] {
  return servers.flatMap((server) => endpoints.map((endpoint) => `-a ${server} -r ${endpoint} -m -w 1`));
}

/** A machine outside for each node, whose way to everything is over that node. */
export type Outside = ReadonlyMap<Node, Guest>;

/** A site on which the scenarios are played, with everyone in it that they speak of. */
export class Stage {
  readonly site: Site;
  /** Nodes and pods. */
  readonly inside: readonly Place[];
  /** A pod that is up and not ready. */
  readonly notReady: Guest;
  /** Clients outside whom load balancers admit, by source range, and others whom they do not. */
  readonly admitted: Outside;
  readonly strangers: Outside;
  readonly #publish: (manifest: string) => Promise<void>;

  private constructor(
    site: Site,
    people: Pick<Stage, 'notReady' | 'admitted' | 'strangers'>,
    publish: (manifest: string) => Promise<void>,
  ) {
    this.site = site;
    this.inside = [...site.nodes, ...site.pods];
    this.notReady = people.notReady;
    this.admitted = people.admitted;
    this.strangers = people.strangers;
    this.#publish = publish;
  }

  /**
   * Adds to a site who is missing.
   * @param publish makes the objects of a manifest, which may be empty, the only ones that are in force
   */
  static async furnish(site: Site, publish: (manifest: string) => Promise<void>): Promise<Stage> {
    const notReady = await site.second.addPod({
      name: 'web-9',
      addresses: ['10.244.1.9'],
      serve: { http: [80] },
    });
    for (const name of ['web-2', 'web-4'] as const) await site.pod(name).serve({ udp: [5353] });
    for (const [name, address, port] of [
      ['mysql', '192.168.1.25', 3306],
      ['mongodb', '192.168.1.26', 30017],
    ] as const)
      await site.cluster.addHost({ name, addresses: [address], serve: { tcp: [port] } });
    const admitted = await addOutside(site, 'admitted', 11);
    const strangers = await addOutside(site, 'stranger', 31);
    return new Stage(site, { notReady, admitted, strangers }, publish);
  }

  /**
   * Makes this the only scenario that is in force and waits until every kernel sends new connections to these endpoints
   * through these of its virtual servers, and to no others. Those of weight 0 only wait for old connections to end.
   */
  async play(manifest: string, expected: (node: Node) => readonly string[]): Promise<void> {
    await this.#publish(manifest);
    for (const node of this.site.nodes) {
      const lines = [...expected(node)].sort().join();
      await until(
        () => held(node),
        ({ servers }) => {
          const own = servers.filter((line) => line.startsWith('-a ') && !line.endsWith(' -w 0'));
          return [...own].sort().join() === lines;
        },
      );
    }
  }
}

/** Adds a machine for each node, the first of them with this number at the end of its addresses. */
async function addOutside(site: Site, name: string, number: number): Promise<Outside> {
  const machines = await Promise.all(
    site.nodes.map(async (node, index) => {
      const last = number + index;
      const addresses = [`192.168.111.${last}`, `fd00:192::1${last}`];
      const guest = await site.cluster.addHost({ name: `${name}-${index + 1}`, addresses, via: node.name });
      return [node, guest] as const;
    }),
  );
  return new Map(machines);
}
