import { familyOf, ipFamilies, type IpFamily } from '../../model/family.ts';
import type { LoadBalancerIngress } from '../../model/service.ts';
import type { AddressKind } from '../../model/address.ts';
import { neverServed, readAddress, readCidr, special } from './address-fields.ts';
import type { FieldPath } from './decoded.ts';
import { describe, type Findings } from './findings.ts';
import type { Fields } from './fields.ts';

/** The text that stands in `clusterIP` of a headless service. */
export const headless = 'None';

/**
 * Reads `clusterIPs`, or `clusterIP` where there is no list, and compares them and `ipFamilies` with each other.
 * Anything wrong breaks the findings.
 */
export function decodeClusterIPs(spec: Fields): string[] {
  const listed = spec.list('clusterIPs');
  const addresses: string[] = [];
  const single = [spec.raw('clusterIP')].filter((value) => value !== undefined && value !== '');
  const values = listed.length > 0 ? listed : single;
  for (const [index, value] of values.entries()) {
    const path = listed.length > 0 ? spec.path('clusterIPs', index) : spec.path('clusterIP');
    const address = readClusterIP(value, path, spec.findings, addresses);
    if (address !== undefined) addresses.push(address);
  }
  if (values.length === 0) missingClusterIP(spec);
  comparePrimary(spec, listed, addresses[0]);
  compareFamilies(spec, addresses);
  return addresses;
}

/** Reads `externalIPs`. A wrong one is left out. */
export function decodeExternalIPs(spec: Fields, families: ReadonlySet<IpFamily>): string[] {
  const addresses = spec
    .list('externalIPs')
    .map((value, index) =>
      readOuter(value, spec.path('externalIPs', index), spec.findings, special, families),
    );
  return distinct(addresses.filter((address) => address !== undefined));
}

/** Reads `status.loadBalancer.ingress`. A wrong one is left out, and one with only a host name in silence. */
export function decodeIngress(
  status: Fields | undefined,
  families: ReadonlySet<IpFamily>,
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
    .map(
      (value, index) => readCidr(value, spec.path('loadBalancerSourceRanges', index), spec.findings)?.cidr,
    );
  return distinct(ranges.filter((range) => range !== undefined));
}

function decodeIngressPoint(item: Fields, families: ReadonlySet<IpFamily>): LoadBalancerIngress | undefined {
  const value = item.raw('ip');
  if (value === undefined || value === '') return undefined;
  const address = readOuter(value, item.path('ip'), item.findings, neverServed, families);
  const ipMode = item.choice('ipMode', ['VIP', 'Proxy'] as const) ?? 'VIP';
  return address === undefined ? undefined : { address, ipMode };
}

function readClusterIP(
  value: unknown,
  path: FieldPath,
  findings: Findings,
  earlier: readonly string[],
): string | undefined {
  const address = readAddress(value, path, findings, neverServed, 'fail')?.address;
  if (address !== undefined && earlier.some((other) => familyOf(other) === familyOf(address))) {
    findings.fail(path, {
      expected: 'at most one cluster address a family',
      got: `${describe(value)} behind ${earlier.join(', ')}`,
      hint: 'remove one of the two',
    });
  }
  return address;
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
  if (listed.length === 0 || primary === undefined || spec.raw('clusterIP') === undefined) return;
  const path = spec.path('clusterIP');
  const single = readAddress(spec.raw('clusterIP'), path, spec.findings, neverServed, 'fail');
  if (single === undefined || single.address === primary) return;
  spec.fail('clusterIP', {
    expected: `the address in clusterIPs[0], ${primary}`,
    got: describe(spec.raw('clusterIP')),
    hint: 'write the same address in both',
  });
}

function compareFamilies(spec: Fields, addresses: readonly string[]): void {
  for (const [index, family] of spec.list('ipFamilies').entries()) {
    const path = spec.path('ipFamilies', index);
    const known = ipFamilies.find((candidate) => candidate === family);
    const address = addresses[index];
    if (known === undefined) {
      spec.findings.fail(path, {
        expected: 'IPv4 or IPv6',
        got: describe(family),
        hint: 'write the family of the cluster address, or leave ipFamilies out',
      });
    } else if (address !== undefined && familyOf(address) !== known) {
      spec.findings.fail(path, {
        expected: `${familyOf(address)}, the family of the cluster address ${address}`,
        got: known,
        hint: 'write an address of that family, or correct ipFamilies',
      });
    }
  }
}

/** An address that reaches the service from outside: of a family that the service has. */
function readOuter(
  value: unknown,
  path: FieldPath,
  findings: Findings,
  refused: readonly AddressKind[],
  families: ReadonlySet<IpFamily>,
): string | undefined {
  const parsed = readAddress(value, path, findings, refused, 'drop');
  if (parsed === undefined || families.has(parsed.family)) return parsed?.address;
  findings.drop(path, {
    expected: `an ${[...families].join(' or ')} address, as the service has no cluster address of another family`,
    got: describe(value),
    hint: 'give the service a cluster address of that family, or remove this one',
  });
  return undefined;
}

function distinct(texts: readonly string[]): string[] {
  return [...new Set(texts)];
}
