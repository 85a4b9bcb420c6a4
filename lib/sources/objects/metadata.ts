import type { Labels } from '../../model/label-selector.ts';
import { describe } from './findings.ts';
import type { Fields } from './fields.ts';

/** What is read of an object's `metadata`. */
export interface Metadata {
  readonly namespace: string;
  readonly name: string;
  /** `metadata.creationTimestamp` in milliseconds, 0 where there is none. */
  readonly created: number;
  /** Undefined where there are none. */
  readonly labels: Fields | undefined;
  readonly annotations: Fields | undefined;
}

/** The namespace of an object that names none, as kubectl has it. */
const defaultNamespace = 'default';

/** Longest name of a DNS subdomain (RFC 1123), and of one label of it. */
const longestSubdomain = 253;
const longestLabel = 63;

/** Labels that hand a service, and its slices, to someone else (KEP-2447 and its sibling); their value is of no matter. */
const foreignLabels = {
  'service.kubernetes.io/service-proxy-name': 'labelled for another proxy',
  'service.kubernetes.io/headless': 'labelled headless',
};
const foreignReasons = Object.entries(foreignLabels);

const triggerAnnotation = 'endpoints.kubernetes.io/last-change-trigger-time';

/** metav1.ObjectMeta. */
const knownFields = new Set([
  'annotations',
  'clusterName',
  'creationTimestamp',
  'deletionGracePeriodSeconds',
  'deletionTimestamp',
  'finalizers',
  'generateName',
  'generation',
  'labels',
  'managedFields',
  'name',
  'namespace',
  'ownerReferences',
  'resourceVersion',
  'selfLink',
  'uid',
]);

/** Reads `metadata`. Undefined, with the findings broken, where the object cannot even be named. */
export function decodeMetadata(object: Fields, warnUnknown: boolean): Metadata | undefined {
  const metadata = object.object('metadata');
  if (metadata === undefined) {
    if (!object.findings.broken) {
      object.fail('metadata', { expected: 'an object', got: 'nothing', hint: 'write metadata.name' });
    }
    return undefined;
  }
  if (warnUnknown) metadata.expectOnly(knownFields);
  const name = dnsName(metadata, 'name', longestSubdomain);
  const namespace =
    metadata.raw('namespace') === undefined ? defaultNamespace : dnsName(metadata, 'namespace', longestLabel);
  if (name === undefined || namespace === undefined) return undefined;
  return {
    namespace,
    name,
    created: instant(metadata, 'creationTimestamp'),
    labels: metadata.object('labels'),
    annotations: metadata.object('annotations'),
  };
}

/** The labels. Those that are no strings are left out: a server has none, and nothing is programmed by them. */
export function labelsOf({ labels }: Metadata): Labels {
  const named = (labels?.names() ?? []).map((name) => [name, labels?.raw(name)] as const);
  return Object.fromEntries(
    named.filter((label): label is readonly [string, string] => typeof label[1] === 'string'),
  );
}

/** Why the labels hand the object to someone else, if they do. */
export function foreignReason(metadata: Metadata): string | undefined {
  if (metadata.labels === undefined) return undefined;
  for (const [label, reason] of foreignReasons) {
    if (metadata.labels.has(label)) return reason;
  }
  return undefined;
}

/** When the change began that the object tells of, in milliseconds, 0 where it does not say. */
export function triggerTime(metadata: Metadata): number {
  return metadata.annotations === undefined ? 0 : instant(metadata.annotations, triggerAnnotation);
}

/** The annotations under some prefixes. Those that are no strings are left out and reported. */
export function annotationsUnder(metadata: Metadata, prefixes: readonly string[]): Record<string, string> {
  const kept: Record<string, string> = {};
  const { annotations } = metadata;
  if (annotations === undefined) return kept;
  for (const name of annotations.names()) {
    if (!prefixes.some((prefix) => name.startsWith(prefix))) continue;
    const value = annotations.raw(name);
    if (typeof value === 'string') {
      kept[name] = value;
    } else {
      annotations.findings.drop(annotations.path(name), {
        expected: 'a string',
        got: describe(value),
        hint: 'write the value in quotes; the annotation is left out',
      });
    }
  }
  return kept;
}

function dnsName(metadata: Fields, field: string, longest: number): string | undefined {
  const value = metadata.raw(field);
  if (
    typeof value === 'string' &&
    value.length <= longest &&
    /^[a-z0-9](?:[a-z0-9.-]*[a-z0-9])?$/.test(value)
  ) {
    return value;
  }
  metadata.fail(field, {
    expected: `a name of at most ${longest} lower-case letters, digits and hyphens`,
    got: describe(value),
    hint: value === undefined ? 'name the object' : 'rename the object',
  });
  return undefined;
}

function instant(fields: Fields, name: string): number {
  const value = fields.raw(name);
  if (value === undefined) return 0;
  const time = typeof value === 'string' ? Date.parse(value) : Number.NaN;
  if (!Number.isNaN(time)) return time;
  fields.findings.warn(fields.path(name), {
    expected: 'a time such as 2026-01-31T12:00:00Z',
    got: describe(value),
    hint: 'correct it or leave it out; it is read as unknown',
  });
  return 0;
}
