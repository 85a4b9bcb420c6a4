import { familyOf, ipFamilies, type IpFamily } from '../../model/family.ts';
import type { LoadBalancerIngress } from '../../model/service.ts';
import { type AddressRule, neverServed, readAddress, readCidr, special } from './address-fields.ts';
import { describe } from './findings.ts';
import { type Fields, trimmed } from './fields.ts';

/** The text that stands in `clusterIP` of a headless service. */
export const headless = 'None';

const clusterRule: AddressRule = { refused: neverServed, verdict: 'fail' };
const externalRule: AddressRule = { refused: special, verdict: 'drop' };
const ingressRule: AddressRule = { refused: neverServed, verdict: 'drop' };

/**
 * Reads `clusterIPs`, or `clusterIP` where there is no list, and compares them and `ipFamilies` with each other.
 * Anything wrong breaks the findings.
 */
export function decodeClusterIPs(spec: Fields): string[] {
  const listed = spec.list('clusterIPs');
  const single = spec.raw('clusterIP');
  const addresses: string[] = [];
  listed.forEach((value, index) => {
    addClusterIP(addresses, value, spec, 'clusterIPs', index);
  });
  if (listed.length === 0) {
    if (single === undefined || single === '') missingClusterIP(spec);
    else addClusterIP(addresses, single, spec, 'clusterIP');
  }
  comparePrimary(spec, listed, addresses[0]);
  compareFamilies(spec, addresses);
  return trimmed(addresses);
}

/** Reads `externalIPs`. A wrong one is left out. */
export function decodeExternalIPs(spec: Fields, families: readonly IpFamily[]): string[] {
  const addresses = spec
    .list('externalIPs')
    .map((value, index) => readOuter(value, externalRule, families, spec, 'externalIPs', index));
  return distinct(addresses.filter((address) => address !== undefined));
}

/** Reads `status.loadBalancer.ingress`. A wrong one is left out, and one with only a host name in silence. */
export function decodeIngress(
  status: Fields | undefined,
  families: readonly IpFamily[],
): LoadBalancerIngress[] {
  const ingress = new Map<string, LoadBalancerIngress>();
  for (const item of status?.object('loadBalancer')?.objects('ingress') ?? []) {
    const read = decodeIngressPoint(item, families);
    if (read !== undefined && !ingress.has(read.address)) ingress.set(read.address, read);
  }
  return [...ingress.values()];
}

/** Reads `loadBalancerSourceRanges`. A wrong one breaks the findings, for leaving it out could let everyone in. */
export function decodeSourceRanges(spec: Fields): string[] {
  const ranges = spec
    .list('loadBalancerSourceRanges')
    .map((value, index) => readCidr(value, spec, 'loadBalancerSourceRanges', index)?.cidr);
  return distinct(ranges.filter((range) => range !== undefined));
}

function decodeIngressPoint(item: Fields, families: readonly IpFamily[]): LoadBalancerIngress | undefined {
  const value = item.raw('ip');
  if (value === undefined || value === '') return undefined;
  const address = readOuter(value, ingressRule, families, item, 'ip');
  const ipMode = item.choice('ipMode', ['VIP', 'Proxy'] as const) ?? 'VIP';
  return address === undefined ? undefined : { address, ipMode };
}

/** Reads one cluster address and adds it to those that were read before. */
function addClusterIP(addresses: string[], value: unknown, spec: Fields, name: string, index?: number): void {
  const address = readAddress(value, clusterRule, spec, name, index)?.address;
  if (address === undefined) return;
  if (addresses.some((other) => familyOf(other) === familyOf(address))) {
    spec.findings.fail(spec.path(name, index), {
      expected: 'at most one cluster address a family',
      got: `${describe(value)} behind ${addresses.join(', ')}`,
      hint: 'remove one of the two',
    });
  }
  addresses.push(address);
}

function missingClusterIP(spec: Fields): void {
  if (spec.findings.broken) return;
  spec.fail('clusterIP', {
    expected: 'an IP address or None',
    got: 'nothing',
    hint: 'only an API server allocates cluster addresses; write one, or None for a headless service',
  });
}

/** `clusterIP` and `clusterIPs[0]` are one field under two names. */
function comparePrimary(spec: Fields, listed: readonly unknown[], primary: string | undefined): void {
  const value = spec.raw('clusterIP');
  if (listed.length === 0 || primary === undefined || value === undefined || value === listed[0]) return;
  const single = readAddress(value, clusterRule, spec, 'clusterIP');
  if (single === undefined || single.address === primary) return;
  spec.fail('clusterIP', {
    expected: `the address in clusterIPs[0], ${primary}`,
    got: describe(value),
    hint: 'write the same address in both',
  });
}

function compareFamilies(spec: Fields, addresses: readonly string[]): void {
  spec.list('ipFamilies').forEach((family, index) => {
    const known = ipFamilies.find((candidate) => candidate === family);
    const address = addresses[index];
    if (known === undefined) {
      spec.findings.fail(spec.path('ipFamilies', index), {
        expected: 'IPv4 or IPv6',
        got: describe(family),
        hint: 'write the family of the cluster address, or leave ipFamilies out',
      });
    } else if (address !== undefined && familyOf(address) !== known) {
      spec.findings.fail(spec.path('ipFamilies', index), {
        expected: `${familyOf(address)}, the family of the cluster address ${address}`,
        got: known,
        hint: 'write an address of that family, or correct ipFamilies',
        code: 'wrong-family',
      });
    }
  });
}

/** An address that reaches the service from outside: of a family that the service has. */
function readOuter(
  value: unknown,
  rule: AddressRule,
  families: readonly IpFamily[],
  fields: Fields,
  name: string,
  index?: number,
): string | undefined {
  const parsed = readAddress(value, rule, fields, name, index);
  if (parsed === undefined || families.includes(parsed.family)) return parsed?.address;
  fields.findings.drop(fields.path(name, index), {
    expected: `an ${families.join(' or ')} address, as the service has no cluster address of another family`,
    got: describe(value),
    hint: 'give the service a cluster address of that family, or remove this one',
    code: 'wrong-family',
  });
  return undefined;
}

function distinct(texts: readonly string[]): string[] {
  return texts.length < 2 ? [...texts] : [...new Set(texts)];
}
