import { serviceKey } from '../../model/service.ts';
import { isObject } from '../objects/fields.ts';
import { type ApiStatus, readStatus } from './api-status.ts';
import { type Line, unreadable } from './json-lines.ts';

/** What identifies one version of one object. */
export interface Identity {
  /** `namespace/name`, or the name alone where there is no namespace. */
  readonly key: string;
  /** `metadata.resourceVersion`; 0 where there is none that is a decimal number. */
  readonly version: number;
}

/** One event of a watch. */
export type WatchEvent =
  | ({ readonly type: 'set' | 'delete'; readonly object: object } & Identity)
  | { readonly type: 'bookmark'; readonly version: number; readonly listed: boolean }
  | { readonly type: 'error'; readonly status: ApiStatus }
  | { readonly type: 'broken' | 'unknown' | 'unversioned'; readonly got: string };

const changes: Readonly<Record<string, 'set' | 'delete' | undefined>> = {
  ADDED: 'set',
  MODIFIED: 'set',
  DELETED: 'delete',
};

/** On the bookmark that ends the objects of a streamed list (KEP-3157). */
const listedAnnotation = 'k8s.io/initial-events-end';

const longestShown = 80;

/** Reads one line of a watch. Whatever it is, there is an event for it. */
export function readWatchEvent(line: Line): WatchEvent {
  if (line === unreadable) return { type: 'broken', got: 'a line that is too long or no UTF-8' };
  let event: unknown;
  try {
    event = JSON.parse(line);
  } catch {
    return { type: 'broken', got: JSON.stringify(line.slice(0, longestShown)) };
  }
  if (!isObject(event) || !('type' in event) || !('object' in event) || !isObject(event.object)) {
    return { type: 'broken', got: JSON.stringify(line.slice(0, longestShown)) };
  }
  return typeof event.type === 'string'
    ? interpret(event.type, event.object)
    : { type: 'unknown', got: 'an event whose type is no string' };
}

/** The key and version of an object, or undefined where it has no name. */
export function identify(object: object): Identity | undefined {
  const metadata = metadataOf(object);
  const { name, namespace } = metadata;
  if (typeof name !== 'string' || name === '') return undefined;
  const key = typeof namespace === 'string' && namespace !== '' ? serviceKey(namespace, name) : name;
  return { key, version: versionOf(object) };
}

/**
 * The version of an object or list. Kubernetes promises since 1.35 (KEP-5504) what was always so: they are decimal numbers
 * that grow. 0 stands for any other text, and for numbers that a double cannot hold.
 */
export function versionOf(object: object): number {
  const text = metadataOf(object)['resourceVersion'];
  if (typeof text !== 'string' || !/^\d{1,16}$/.test(text)) return 0;
  const version = Number(text);
  return Number.isSafeInteger(version) ? version : 0;
}

/** The fields of `metadata`; none where there is none. */
export function metadataOf(object: object): Readonly<Record<string, unknown>> {
  const metadata = 'metadata' in object ? object.metadata : undefined;
  return isObject(metadata) ? (metadata as Readonly<Record<string, unknown>>) : {};
}

function interpret(type: string, object: object): WatchEvent {
  if (type === 'ERROR') return { type: 'error', status: readStatus(object) };
  if (type === 'BOOKMARK') return bookmark(object);
  const change = changes[type];
  if (change === undefined) {
    return { type: 'unknown', got: `an event of type ${JSON.stringify(type.slice(0, longestShown))}` };
  }
  const identity = identify(object);
  if (identity === undefined || identity.version === 0) {
    return { type: 'unversioned', got: `${identity?.key ?? 'an object without name'} without version` };
  }
  return { type: change, object, ...identity };
}

function bookmark(object: object): WatchEvent {
  const version = versionOf(object);
  if (version === 0) return { type: 'unversioned', got: 'a bookmark without version' };
  const { annotations } = metadataOf(object);
  const listed = isObject(annotations) && listedAnnotation in annotations;
  return { type: 'bookmark', version, listed };
}
