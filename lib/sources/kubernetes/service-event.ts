import { createHash } from 'node:crypto';
import type { ServiceKey } from '../../model/service.ts';

/** What is told to the owner of a service. */
export interface ServiceEvent {
  readonly type: 'Normal' | 'Warning';
  /** Why, in CamelCase, for machines: `KubeProxyIncorrectIPVersion`. */
  readonly reason: string;
  /** What was being done, in CamelCase. */
  readonly action: string;
  /** For people: what was expected, what came, what to do. Cut where it is longer than the API takes. */
  readonly note: string;
}

/** An occurrence of an event on its way to the API. */
export interface Occurrence {
  readonly service: ServiceKey;
  readonly event: ServiceEvent;
  /** `metadata.uid` of the service. */
  readonly uid: string;
  /** The node that tells it. */
  readonly node: string;
  /** Milliseconds since the epoch. */
  readonly time: number;
}

/** Where the API has events, by namespace, and of which name each is one. */
export interface EventAddress {
  readonly namespace: string;
  readonly name: string;
}

/** The controller that events name as their author. */
const controller = 'kube-ipvs';

/** Limits of the API (its validation of events.k8s.io/v1), in bytes. */
const longestNote = 1024;
const longestInstance = 128;

/** A name is a DNS subdomain of 253 characters; the end makes it one of its kind. */
const longestStem = 230;

/** Namespace and name of a service. */
export function splitServiceKey(service: ServiceKey): EventAddress {
  const [namespace = '', name = ''] = service.split('/');
  return { namespace, name };
}

/** The name of the Event of an occurrence: the same for the same one, so that it can be sent again. */
export function eventName({ service, event, uid, node, time }: Occurrence): string {
  const { reason, note } = event;
  const hash = createHash('sha256').update([service, reason, note, uid, node, time].join('\n'));
  return `${splitServiceKey(service).name.slice(0, longestStem)}.${hash.digest('hex').slice(0, 16)}`;
}

/** An events.k8s.io/v1 Event. What it says never changes; how often it came back does: see `seriesPatch`. */
export function eventObject(occurrence: Occurrence): object {
  const { service, event, uid, node, time } = occurrence;
  const { namespace, name } = splitServiceKey(service);
  return {
    apiVersion: 'events.k8s.io/v1',
    kind: 'Event',
    metadata: { namespace, name: eventName(occurrence) },
    eventTime: microTime(time),
    reportingController: controller,
    reportingInstance: cut(node, longestInstance),
    type: event.type,
    reason: event.reason,
    action: event.action,
    regarding: { apiVersion: 'v1', kind: 'Service', namespace, name, uid },
    note: cut(event.note, longestNote),
  };
}

/**
 * What makes an Event one of a series: how often it occurred, two times at least, and when for the last time. In the
 * terms of the API a series is one fact that comes and goes, on one object, told by one reporter.
 */
export function seriesPatch(count: number, time: number): object {
  return { series: { count, lastObservedTime: microTime(time) } };
}

/** RFC 3339 with exactly six digits of the second, as meta/v1 MicroTime is written. */
function microTime(milliseconds: number): string {
  return new Date(milliseconds).toISOString().replace('Z', '000Z');
}

/** Cuts a text to so many bytes of UTF-8, between two characters. */
function cut(text: string, bytes: number): string {
  if (Buffer.byteLength(text) <= bytes) return text;
  const kept = Buffer.from(text).subarray(0, bytes - Buffer.byteLength('…'));
  // A character that was cut through reads as U+FFFD.
  return `${kept.toString().replace(/\uFFFD+$/, '')}…`;
}
