import type { Guest } from '../lab/guest.ts';
import type { Node } from '../lab/node.ts';
import type { ControlPlane } from './support-control-plane.ts';
import type { EndpointSpec, ServiceSpec } from './support-objects.ts';
import { objectsOf } from './support-objects.ts';
import { answeredBy, clusterIPs, endpoint, everyProtocol, inEveryWay, podsOn } from './support-questions.ts';
import type { Site } from './support.ts';

const label = 'topology.kubernetes.io/zone';
const nodePort = 30095;
const vips = clusterIPs(95);

/** For which zones and which nodes an endpoint is hinted. */
interface Hints {
  readonly zones?: readonly string[];
  readonly nodes?: readonly string[];
}

/** Where traffic goes by the hints of endpoints, in a cluster whose Nodes are labelled with kubectl. */
export function followHints(now: () => { readonly site: Site; readonly plane: ControlPlane }): void {
  describe('whose endpoints have hints', () => {
    let site: Site;
    let plane: ControlPlane;
    let web1: Guest;
    let web2: Guest;
    let web3: Guest;

    /** Labels a node with a zone; `undefined` takes the label away. */
    async function inZone(node: Node, zone: string | undefined): Promise<void> {
      const change = zone === undefined ? `${label}-` : `${label}=${zone}`;
      await plane.kubectl(['label', 'node', node.name, '--overwrite', change]);
    }

    function near(trafficDistribution: string, endpoints: readonly EndpointSpec[]): ServiceSpec {
      return {
        name: 'near',
        clusterIPs: Object.values(vips),
        ports: everyProtocol(80, nodePort),
        endpoints,
        spec: { trafficDistribution },
      };
    }

    function hinted(pod: Guest, { zones = [], nodes = [] }: Hints): EndpointSpec {
      const namesOf = (names: readonly string[]) => names.map((name) => ({ name }));
      const hints = {
        ...(zones.length === 0 ? {} : { forZones: namesOf(zones) }),
        ...(nodes.length === 0 ? {} : { forNodes: namesOf(nodes) }),
      };
      return { ...endpoint(site, pod), hints };
    }

    async function put(trafficDistribution: string, ...endpoints: readonly EndpointSpec[]): Promise<void> {
      await plane.apply(objectsOf(near(trafficDistribution, endpoints)));
    }

    /** Waits until these endpoints, and no others, answer whoever comes over a node: itself, a pod of it, the client outside. */
    async function leads(node: Node, ...pods: readonly Guest[]): Promise<void> {
      for (const from of [node, podsOn(site, node).at(-1)!])
        await inEveryWay((family, protocol) =>
          answeredBy({ from, to: vips[family], port: 80, protocol }, ...pods),
        );
      await inEveryWay((family, protocol) =>
        answeredBy({ from: site.client, to: node[family], port: nodePort, protocol }, ...pods),
      );
    }

    /** Two endpoints in the zone of the first node and one in that of the second, as the control plane hints them. */
    function ofTwoZones(): readonly EndpointSpec[] {
      return [
        hinted(web1, { zones: ['zone-a'] }),
        hinted(web2, { zones: ['zone-a'] }),
        hinted(web3, { zones: ['zone-b'] }),
      ];
    }

    before(async () => {
      ({ site, plane } = now());
      [web1, web2, web3] = site.pods as [Guest, Guest, Guest, Guest];
      await inZone(site.first, 'zone-a');
      await inZone(site.second, 'zone-b');
    });

    after(async () => {
      const objects = objectsOf(near('PreferClose', [])).map((object) => JSON.stringify(object));
      await plane.kubectl(['delete', '--wait=false', '-f', '-'], objects.join('\n'));
      await site.untilWithdrawn(...Object.values(vips));
      for (const node of site.nodes) await inZone(node, undefined);
    });

    it('each node keeps to the endpoints that are hinted for its zone (PreferClose)', async () => {
      await put('PreferClose', ...ofTwoZones());
      await leads(site.first, web1, web2);
      await leads(site.second, web3);
    });

    it('a node for whose zone none is hinted goes to all of them', async () => {
      await put('PreferSameZone', hinted(web1, { zones: ['zone-a'] }), hinted(web3, { zones: ['zone-c'] }));
      await leads(site.first, web1);
      await leads(site.second, web1, web3);
    });

    it('every node goes to all of them where one has no hint', async () => {
      const unhinted = endpoint(site, web3);
      await put('PreferSameZone', hinted(web1, { zones: ['zone-a'] }), unhinted);
      for (const node of site.nodes) await leads(node, web1, web3);
    });

    it('traffic moves with the label of a Node, and without one goes to all of them (PreferSameZone)', async () => {
      await put('PreferSameZone', ...ofTwoZones());
      await leads(site.first, web1, web2);
      await leads(site.second, web3);
      await inZone(site.second, 'zone-a');
      for (const node of site.nodes) await leads(node, web1, web2);
      await inZone(site.second, undefined);
      await leads(site.second, web1, web2, web3);
      await leads(site.first, web1, web2);
    });

    it('each node keeps to its own endpoints, and to its zone where it has none (PreferSameNode)', async () => {
      await inZone(site.second, 'zone-a');
      const of = (pod: Guest): EndpointSpec =>
        hinted(pod, { zones: ['zone-a'], nodes: [endpoint(site, pod).nodeName] });
      await put('PreferSameNode', of(web1), of(web2), of(web3));
      await leads(site.first, web1, web2);
      await leads(site.second, web3);
      await put('PreferSameNode', of(web1), of(web2));
      for (const node of site.nodes) await leads(node, web1, web2);
    });
  });
}
