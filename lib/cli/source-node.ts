import { parseAddress, parseCidr } from '../model/address.ts';
import { familyOf } from '../model/family.ts';
import type { NodeObject } from '../sources/kubernetes/node.ts';
import type { SourceNode } from './service-source.ts';

/** What the Node of this machine tells. What cannot be read in it is left out: it is written by machines. */
export function sourceNode({ zone, podCIDRs, addresses }: NodeObject): SourceNode {
  const known = addresses.map(canonicalAddress).filter((address) => address !== undefined);
  return {
    zone,
    podCidrs: firstOfFamilies(podCIDRs.map(canonicalCidr)),
    addresses: known,
    primaryAddresses: firstOfFamilies(known),
  };
}

function canonicalCidr(text: string): string | undefined {
  const parsed = parseCidr(text);
  return 'cidr' in parsed ? parsed.cidr : undefined;
}

function canonicalAddress(text: string): string | undefined {
  const parsed = parseAddress(text);
  return 'address' in parsed ? parsed.address : undefined;
}

function firstOfFamilies(texts: readonly (string | undefined)[]): string[] {
  const known = texts.filter((text) => text !== undefined);
  return known.filter(
    (text, index) => known.findIndex((other) => familyOf(other) === familyOf(text)) === index,
  );
}
