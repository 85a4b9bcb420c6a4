import {
  type Address,
  addressKind,
  type AddressKind,
  type Cidr,
  parseAddress,
  parseCidr,
} from '../../model/address.ts';
import type { FieldPath } from './decoded.ts';
import { describe, type Fault, type Findings } from './findings.ts';

/** Kinds that no virtual server may have, whatever the field. */
export const neverServed: readonly AddressKind[] = ['unspecified', 'loopback', 'multicast', 'broadcast'];

/** Kinds that Kubernetes refuses for endpoints and external addresses too (its ValidateNonSpecialIP). */
export const special: readonly AddressKind[] = [...neverServed, 'link-local'];

/** What becomes of the thing that holds an address which cannot be used: `Findings.fail` or `Findings.drop`. */
export type Verdict = 'fail' | 'drop';

/**
 * Reads an address that may not be of some kinds. Undefined, and reported with the verdict, where it cannot be used;
 * leading zeros are read as decimal with a warning.
 */
export function readAddress(
  value: unknown,
  path: FieldPath,
  findings: Findings,
  refused: readonly AddressKind[],
  verdict: Verdict,
): Address | undefined {
  const expected = 'an IP address';
  if (typeof value !== 'string') {
    findings[verdict](path, { expected, got: describe(value), hint: 'write an address in quotes' });
    return undefined;
  }
  const parsed = parseAddress(value);
  if ('reason' in parsed) {
    findings[verdict](path, { expected, got: `${describe(value)}, ${parsed.reason}`, hint: parsed.hint });
    return undefined;
  }
  const kind = addressKind(parsed.address);
  if (refused.includes(kind)) {
    findings[verdict](path, specialFault(value, kind));
    return undefined;
  }
  if (parsed.leadingZeros) findings.warn(path, leadingZeros(expected, value, parsed.address));
  return parsed;
}

/** Reads a CIDR. Undefined, with the findings broken, where it is none: a range left out could open what it closed. */
export function readCidr(value: unknown, path: FieldPath, findings: Findings): Cidr | undefined {
  const expected = 'a CIDR';
  if (typeof value !== 'string') {
    findings.fail(path, {
      expected,
      got: describe(value),
      hint: 'write a network as address/prefix in quotes',
    });
    return undefined;
  }
  // The API server lets white space around source ranges pass, so that is no fault here.
  const parsed = parseCidr(value.trim());
  if ('reason' in parsed) {
    findings.fail(path, { expected, got: `${describe(value)}, ${parsed.reason}`, hint: parsed.hint });
    return undefined;
  }
  if (parsed.leadingZeros) findings.warn(path, leadingZeros(expected, value, parsed.cidr));
  if (parsed.hostBits) {
    findings.warn(path, {
      expected: 'a CIDR without bits behind its prefix',
      got: describe(value),
      hint: `it is read as ${parsed.cidr}; write that`,
    });
  }
  return parsed;
}

function specialFault(value: string, kind: AddressKind): Fault {
  return {
    expected: 'an address that traffic can be sent to',
    got: `${describe(value)}, ${kind === 'unspecified' ? 'the unspecified' : `a ${kind}`} address`,
    hint: 'write a unicast address that is not special to the node',
  };
}

function leadingZeros(expected: string, value: string, reading: string): Fault {
  return {
    expected: `${expected} without leading zeros`,
    got: describe(value),
    hint: `it is read in decimal as ${reading}; write that`,
  };
}
