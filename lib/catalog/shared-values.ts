import type { Endpoint, SlicePort } from '../model/endpoint-slice.ts';
import type { ServicePort } from '../model/service.ts';

/** All of an endpoint but its address: few of these stand for the many endpoints of a cluster. */
export type EndpointTraits = Omit<Endpoint, 'address'>;

/** How many values are remembered unless told otherwise. */
const defaultMost = 20_000;

/**
 * Gives equal values as one and the same value, so that the many objects of a cluster hold them once: what endpoints of
 * one node have in common, the ports of slices and services. It forgets everything when it is full, so that what is no longer used
 * does not stay; equal values may then be two.
 */
export class SharedValues {
  readonly #most: number;
  /** By node. */
  readonly #traits = new Map<string, EndpointTraits[]>();
  readonly #ports = new Map<string, readonly SlicePort[]>();
  readonly #servicePorts = new Map<string, readonly ServicePort[]>();
  readonly #texts = new Map<string, string>();
  #size = 0;

  /** @param most values to remember */
  constructor(most = defaultMost) {
    this.#most = most;
  }

  /** All of an endpoint but its address. */
  traits(endpoint: Endpoint): EndpointTraits {
    const { nodeName } = endpoint;
    const same = this.#traits.get(nodeName)?.find((known) => sameTraits(known, endpoint));
    if (same !== undefined) return same;
    this.#makeRoom();
    const { ready, serving, terminating, zone, zoneHints, nodeHints } = endpoint;
    const traits = { ready, serving, terminating, nodeName, zone, zoneHints, nodeHints };
    const ofNode = this.#traits.get(nodeName);
    if (ofNode === undefined) this.#traits.set(nodeName, [traits]);
    else ofNode.push(traits);
    return traits;
  }

  /** A list of ports that is equal. */
  ports(ports: readonly SlicePort[]): readonly SlicePort[] {
    const key = ports.map(({ name, protocol, port }) => `${name} ${protocol} ${port}`).join();
    return this.#remember(this.#ports, key, ports);
  }

  /** A list of ports that is equal. */
  servicePorts(ports: readonly ServicePort[]): readonly ServicePort[] {
    const key = ports
      .map(({ name, protocol, port, nodePort }) => `${name} ${protocol} ${port} ${nodePort}`)
      .join();
    return this.#remember(this.#servicePorts, key, ports);
  }

  /** A text that is equal. */
  text(text: string): string {
    return this.#remember(this.#texts, text, text);
  }

  #remember<Value>(values: Map<string, Value>, key: string, value: Value): Value {
    const known = values.get(key);
    if (known !== undefined) return known;
    this.#makeRoom();
    values.set(key, value);
    return value;
  }

  #makeRoom(): void {
    if (this.#size >= this.#most) {
      this.#traits.clear();
      this.#ports.clear();
      this.#servicePorts.clear();
      this.#texts.clear();
      this.#size = 0;
    }
    this.#size += 1;
  }
}

function sameTraits(a: EndpointTraits, b: EndpointTraits): boolean {
  return (
    a.nodeName === b.nodeName &&
    a.ready === b.ready &&
    a.serving === b.serving &&
    a.terminating === b.terminating &&
    a.zone === b.zone &&
    sameTexts(a.zoneHints, b.zoneHints) &&
    sameTexts(a.nodeHints, b.nodeHints)
  );
}

function sameTexts(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every((text, index) => text === b[index]);
}
