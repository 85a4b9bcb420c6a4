import type { SlicePort } from '../../model/endpoint-slice.ts';
import type { IpFamily } from '../../model/family.ts';
import { type AddressRule, readAddress, special } from './address-fields.ts';
import type { DecodeOptions, Decoded } from './decoded.ts';
import { Findings } from './findings.ts';
import { Fields, isObject } from './fields.ts';
import { decodeMetadata, type Metadata, triggerTime } from './metadata.ts';
import { decodePortName, protocols } from './service-ports.ts';

/** One address of a subset. */
export interface EndpointsAddress {
  /** Canonical text. */
  readonly address: string;
  readonly family: IpFamily;
  /** Whether it stands in `addresses`, rather than in `notReadyAddresses`. */
  readonly ready: boolean;
  /** `""` where it is not known. */
  readonly nodeName: string;
}

/** Addresses that all listen on the same ports. */
export interface EndpointsSubset {
  /** Those of `addresses` first, then those of `notReadyAddresses`. */
  readonly addresses: readonly EndpointsAddress[];
  readonly ports: readonly SlicePort[];
}

/** core/v1 Endpoints, reduced to what mirroring needs. It belongs to the service of the same namespace and name. */
export interface Endpoints {
  readonly namespace: string;
  readonly name: string;
  readonly subsets: readonly EndpointsSubset[];
  /** As in `EndpointSlice`. */
  readonly triggered: number;
}

/** Set to "true", it says that someone else writes the slices (Kubernetes' endpointslicemirroring controller). */
const skipMirrorLabel = 'endpointslice.kubernetes.io/skip-mirror';

/** Marks an Endpoints object that serves to elect a leader and holds no addresses to balance to. */
const leaderAnnotation = 'control-plane.alpha.kubernetes.io/leader';

const endpointAddress: AddressRule = { refused: special, verdict: 'fail' };

/** core/v1 Endpoints, EndpointSubset, EndpointAddress and EndpointPort. */
const knownFields = new Set(['apiVersion', 'kind', 'metadata', 'subsets']);
const knownSubsetFields = new Set(['addresses', 'notReadyAddresses', 'ports']);
const knownAddressFields = new Set(['hostname', 'ip', 'nodeName', 'targetRef']);
const knownPortFields = new Set(['appProtocol', 'name', 'port', 'protocol']);

/**
 * Reads a core/v1 Endpoints object. A wrong address is left out alone, so that the others go on being served; but where
 * every address is wrong, or a port, the object is invalid.
 */
export function decodeEndpoints(
  object: unknown,
  options: DecodeOptions = { unknownFields: 'warn' },
): Decoded<Endpoints> {
  const findings = new Findings();
  const root = new Fields(isObject(object) ? object : {}, findings);
  const warnUnknown = options.unknownFields === 'warn';
  const metadata = decodeMetadata(root, warnUnknown);
  if (warnUnknown) root.expectOnly(knownFields);
  if (metadata === undefined) return findings.conclude();
  const skipped = skipReason(metadata);
  if (skipped !== undefined) return findings.skip(skipped);
  return findings.conclude<Endpoints>({
    namespace: metadata.namespace,
    name: metadata.name,
    subsets: root.objects('subsets').map((subset) => decodeSubset(subset, warnUnknown)),
    triggered: triggerTime(metadata),
  });
}

function skipReason(metadata: Metadata): string | undefined {
  if (metadata.labels?.raw(skipMirrorLabel) === 'true') return 'labelled skip-mirror';
  return metadata.annotations?.has(leaderAnnotation) === true ? 'a leader election' : undefined;
}

function decodeSubset(subset: Fields, warnUnknown: boolean): EndpointsSubset {
  if (warnUnknown) subset.expectOnly(knownSubsetFields);
  const ready = decodeAddresses(subset, 'addresses', true, warnUnknown);
  const notReady = decodeAddresses(subset, 'notReadyAddresses', false, warnUnknown);
  return { addresses: [...ready, ...notReady], ports: decodePorts(subset, warnUnknown) };
}

function decodeAddresses(
  subset: Fields,
  name: string,
  ready: boolean,
  warnUnknown: boolean,
): EndpointsAddress[] {
  const items = subset.objects(name, () => new Findings());
  const addresses: EndpointsAddress[] = [];
  for (const item of items) {
    if (warnUnknown) item.expectOnly(knownAddressFields);
    const parsed = readAddress(item.raw('ip'), endpointAddress, item, 'ip');
    const nodeName = item.text('nodeName') ?? '';
    subset.findings.absorb(item.findings);
    if (parsed === undefined || item.findings.broken) continue;
    addresses.push({ address: parsed.address, family: parsed.family, ready, nodeName });
  }
  if (addresses.length === 0 && items.length > 0) {
    subset.fail(name, {
      expected: 'at least one address that can be used',
      got: `${items.length} that cannot`,
      hint: 'correct them; until then the last good version is served',
    });
  }
  return addresses;
}

function decodePorts(subset: Fields, warnUnknown: boolean): SlicePort[] {
  const items = subset.objects('ports');
  const ports: SlicePort[] = [];
  for (const item of items) {
    if (warnUnknown) item.expectOnly(knownPortFields);
    const name = decodePortName(item, items.length > 1);
    const protocol = item.choice('protocol', protocols) ?? 'TCP';
    const port = item.integer('port', 1, 65535);
    if (port === undefined && item.raw('port') === undefined) {
      item.fail('port', {
        expected: 'a whole number from 1 to 65535',
        got: 'nothing',
        hint: 'write the port',
      });
    }
    if (name !== undefined && port !== undefined) ports.push({ name, protocol, port });
  }
  return ports;
}
