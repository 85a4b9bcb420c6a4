import {
  type Address,
  addressKind,
  type AddressKind,
  type Cidr,
  parseAddress,
  parseCidr,
} from '../../model/address.ts';
import type { Fields } from './fields.ts';
import { describe, type Fault } from './findings.ts';

/** Kinds that no virtual server may have, whatever the field. */
export const neverServed: readonly AddressKind[] = ['unspecified', 'loopback', 'multicast', 'broadcast'];

/** Kinds that Kubernetes refuses for endpoints and external addresses too (its ValidateNonSpecialIP). */
export const special: readonly AddressKind[] = [...neverServed, 'link-local'];

/** What an address in some field has to be. */
export interface AddressRule {
  /** Kinds that it may not be of. */
  readonly refused: readonly AddressKind[];
  /** What becomes of the thing that holds an address which cannot be used: `Findings.fail` or `Findings.drop`. */
  readonly verdict: 'fail' | 'drop';
}

/**
 * Reads an address by a rule. Undefined, and reported with the rule's verdict, where it cannot be used; leading zeros
 * are read as decimal with a warning.
 *
 * @param fields the object that the address stands in
 * @param name the field of it
 * @param index the item of the field, where that is a list
 */
export function readAddress(
  value: unknown,
  { refused, verdict }: AddressRule,
  fields: Fields,
  name: string,
  index?: number,
): Address | undefined {
  const refuse = (fault: Fault): void => {
    fields.findings[verdict](fields.path(name, index), fault);
  };
  const expected = 'an IP address';
  if (typeof value !== 'string') {
    refuse({ expected, got: describe(value), hint: 'write an address in quotes' });
    return undefined;
  }
  const parsed = parseAddress(value);
  if ('reason' in parsed) {
    refuse({ expected, got: `${describe(value)}, ${parsed.reason}`, hint: parsed.hint });
    return undefined;
  }
  const kind = addressKind(parsed.address);
  if (refused.includes(kind)) {
    refuse(specialFault(value, kind));
    return undefined;
  }
  if (parsed.leadingZeros) {
    fields.findings.warn(fields.path(name, index), leadingZeros(expected, value, parsed.address));
  }
  return parsed;
}

/**
 * Reads a CIDR, an item of a list. Undefined, with the findings broken, where it is none: a range left out could open
 * what it closed.
 */
export function readCidr(value: unknown, fields: Fields, name: string, index: number): Cidr | undefined {
  const { findings } = fields;
  const path = fields.path(name, index);
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
