import { ConfigurationError } from '../config/configuration-error.ts';
import { parseAddress } from '../model/address.ts';
import type { Protocol } from '../model/protocol.ts';
import { readPlace } from './place.ts';

/** What a packet is sent to, as it was written. */
export type TraceTarget =
  | { readonly kind: 'place'; readonly address: string; readonly port: number; readonly protocol: Protocol }
  /** A port of a Service, by number or name; its only one where none is written. */
  | {
      readonly kind: 'service';
      readonly namespace: string;
      readonly name: string;
      readonly port: string | undefined;
      readonly protocol: Protocol | undefined;
    };

const name = '[a-z0-9](?:[-a-z0-9.]*[a-z0-9])?';
const service = new RegExp(`^(${name})/(${name})(?::([A-Za-z0-9-]+))?$`);

/**
 * Reads `ADDRESS:PORT`, `[ADDRESS]:PORT` or `NAMESPACE/NAME[:PORT]`, each with `/tcp`, `/udp` or `/sctp` behind it or not.
 * @throws ConfigurationError where it is none of these
 */
export function readTarget(text: string): TraceTarget {
  const { stem, protocol } = splitProtocol(text);
  const place = readPlace(stem);
  if (place !== undefined) return { kind: 'place', ...place, protocol: protocol ?? 'TCP' };
  const parts = service.exec(stem);
  if (parts === null) throw noTarget(text, stem);
  const [, namespace = '', named = '', port] = parts;
  return { kind: 'service', namespace, name: named, port, protocol };
}

function splitProtocol(text: string): { readonly stem: string; readonly protocol: Protocol | undefined } {
  // A Service may have the name of a protocol: `default/udp`.
  const [, stem = text, word] = /^(.*[:/].*)\/(tcp|udp|sctp)$/i.exec(text) ?? [];
  return { stem, protocol: word?.toUpperCase() as Protocol | undefined };
}

function noTarget(text: string, stem: string): ConfigurationError {
  const parsed = parseAddress(stem);
  const hint =
    'address' in parsed
      ? `add a port: ${parsed.family === 'IPv6' ? `[${stem}]` : stem}:80`
      : 'write it as 10.96.0.10:80, 10.96.0.10:53/udp, [fd00::a]:80 or default/web:http';
  const expected = 'ADDRESS:PORT or NAMESPACE/NAME[:PORT], with /udp or /sctp behind it where it is not TCP';
  return wrong('the target', expected, text, hint);
}

/**
 * Reads where a packet comes from: `node`, or an address in canonical text.
 * @throws ConfigurationError where it is neither
 */
export function readOrigin(text: string): string {
  if (text === 'node') return text;
  const parsed = parseAddress(text);
  if ('address' in parsed) return parsed.address;
  throw wrong('--from', 'an address, or node', text, 'of a pod, write its address: kubectl get pods -o wide');
}

function wrong(where: string, expected: string, got: string, hint: string): ConfigurationError {
  return new ConfigurationError([{ where, expected, got: JSON.stringify(got), hint, severity: 'error' }]);
}
