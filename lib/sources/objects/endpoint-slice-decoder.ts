import type { Endpoint, EndpointSlice, SlicePort } from '../../model/endpoint-slice.ts';
import type { IpFamily } from '../../model/family.ts';
import { type AddressRule, readAddress, special } from './address-fields.ts';
import type { DecodeOptions, Decoded } from './decoded.ts';
import { describe, Findings } from './findings.ts';
import { Fields, isObject, trimmed } from './fields.ts';
import { decodeMetadata, foreignReason, type Metadata, triggerTime } from './metadata.ts';
import { protocols } from './service-ports.ts';

const serviceLabel = 'kubernetes.io/service-name';

/** discovery/v1 EndpointSlice, EndpointPort, Endpoint and EndpointConditions. */
const knownFields = new Set(['addressType', 'apiVersion', 'endpoints', 'kind', 'metadata', 'ports']);
const knownPortFields = new Set(['appProtocol', 'name', 'port', 'protocol']);
const knownEndpointFields = new Set([
  'addresses',
  'conditions',
  'deprecatedTopology',
  'hints',
  'hostname',
  'nodeName',
  'targetRef',
  'zone',
]);
const knownConditions = new Set(['ready', 'serving', 'terminating']);

const addressRule: AddressRule = { refused: special, verdict: 'fail' };

/**
 * Reads a discovery.k8s.io/v1 EndpointSlice and fills in Kubernetes' defaults. A wrong endpoint is left out alone, so
 * that the others go on being served; but where every endpoint is wrong, or a port, the slice is invalid.
 */
export function decodeEndpointSlice(
  object: unknown,
  options: DecodeOptions = { unknownFields: 'warn' },
): Decoded<EndpointSlice> {
  const findings = new Findings();
  const root = new Fields(isObject(object) ? object : {}, findings);
  const warnUnknown = options.unknownFields === 'warn';
  const metadata = decodeMetadata(root, warnUnknown);
  if (metadata === undefined) return findings.conclude();
  if (warnUnknown) root.expectOnly(knownFields);
  const addressType = root.choice('addressType', ['IPv4', 'IPv6', 'FQDN'] as const);
  const foreign = foreignReason(metadata);
  if (foreign !== undefined) return findings.skip(foreign);
  if (addressType === 'FQDN') return findings.skip(addressType);
  return findings.conclude(assemble(root, metadata, addressType, warnUnknown));
}

function assemble(
  root: Fields,
  metadata: Metadata,
  family: IpFamily | undefined,
  warnUnknown: boolean,
): EndpointSlice | undefined {
  if (family === undefined && root.raw('addressType') === undefined) {
    root.fail('addressType', {
      expected: 'one of IPv4, IPv6, FQDN',
      got: 'nothing',
      hint: 'write the family of the addresses',
    });
  }
  const service = serviceName(root, metadata);
  if (service === undefined || family === undefined) return undefined;
  return {
    namespace: metadata.namespace,
    name: metadata.name,
    service,
    family,
    ports: decodePorts(root, warnUnknown),
    endpoints: decodeEndpoints(root, family, warnUnknown),
    triggered: triggerTime(metadata),
  };
}

function serviceName(root: Fields, metadata: Metadata): string | undefined {
  const name = metadata.labels?.text(serviceLabel) ?? '';
  if (name !== '') return name;
  root.findings.fail(['metadata', 'labels', serviceLabel], {
    expected: 'the name of the service that the endpoints belong to',
    got: describe(metadata.labels?.raw(serviceLabel)),
    hint: 'write this label; without it these are endpoints outside any service',
  });
  return undefined;
}

function decodePorts(root: Fields, warnUnknown: boolean): SlicePort[] {
  const ports: SlicePort[] = [];
  for (const item of root.objects('ports')) {
    if (warnUnknown) item.expectOnly(knownPortFields);
    const name = item.text('name') ?? '';
    const protocol = item.choice('protocol', protocols) ?? 'TCP';
    const port = item.integer('port', 1, 65535);
    if (ports.some((other) => other.name === name)) {
      item.fail('name', {
        expected: 'a name that no other port of the slice has',
        got: describe(name),
        hint: 'rename one of the two, like the port of the service that it serves',
      });
    }
    // A port without a number stands for all ports, which no virtual server can be.
    if (port !== undefined) ports.push({ name, protocol, port });
  }
  return trimmed(ports);
}

function decodeEndpoints(root: Fields, family: IpFamily, warnUnknown: boolean): Endpoint[] {
  const items = root.objects('endpoints', () => new Findings());
  const endpoints: Endpoint[] = [];
  for (const item of items) {
    const endpoint = decodeEndpoint(item, family, warnUnknown);
    root.findings.absorb(item.findings);
    if (endpoint !== undefined) endpoints.push(endpoint);
  }
  if (endpoints.length === 0 && items.length > 0) {
    root.fail('endpoints', {
      expected: 'at least one endpoint that can be used',
      got: `${items.length} that cannot`,
      hint: 'correct them; until then the last good version is served',
    });
  }
  return trimmed(endpoints);
}

function decodeEndpoint(item: Fields, family: IpFamily, warnUnknown: boolean): Endpoint | undefined {
  if (warnUnknown) item.expectOnly(knownEndpointFields);
  const address = endpointAddress(item, family);
  const hints = item.object('hints');
  const conditions = item.object('conditions');
  if (warnUnknown) conditions?.expectOnly(knownConditions);
  const endpoint = {
    address: address ?? '',
    ready: condition(conditions, 'ready', true),
    serving: condition(conditions, 'serving', true),
    terminating: condition(conditions, 'terminating', false),
    nodeName: item.text('nodeName') ?? '',
    zone: item.text('zone') ?? '',
    zoneHints: hintNames(hints, 'forZones'),
    nodeHints: hintNames(hints, 'forNodes'),
  };
  return item.findings.broken ? undefined : endpoint;
}

function condition(conditions: Fields | undefined, name: string, otherwise: boolean): boolean {
  return conditions?.flag(name) ?? otherwise;
}

/** Only the first address of an endpoint counts; consumers of the API are told to ignore the others. */
function endpointAddress(item: Fields, family: IpFamily): string | undefined {
  const first = item.list('addresses')[0];
  const parsed = readAddress(first, addressRule, item, 'addresses', 0);
  if (parsed === undefined || parsed.family === family) return parsed?.address;
  item.findings.fail(item.path('addresses', 0), {
    expected: `an ${family} address, as addressType says`,
    got: describe(first),
    hint: `move it to a slice with addressType ${parsed.family}`,
    code: 'wrong-family',
  });
  return undefined;
}

function hintNames(hints: Fields | undefined, name: string): readonly string[] {
  if (hints === undefined) return none;
  return hints
    .objects(name)
    .map((hint) => hint.text('name'))
    .filter((text) => text !== undefined);
}

/** Shared by the many endpoints without hints. */
const none: readonly string[] = [];
