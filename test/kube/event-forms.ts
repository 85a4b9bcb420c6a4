import { isJsonObject, type KubeObject } from './object.ts';
import { apiVersionOf, type ResourceType } from './resource-type.ts';

/** What core/v1 and events.k8s.io/v1 call the same field of an event. */
const names: readonly (readonly [core: string, grouped: string])[] = [
  ['involvedObject', 'regarding'],
  ['message', 'note'],
  ['source', 'deprecatedSource'],
  ['firstTimestamp', 'deprecatedFirstTimestamp'],
  ['lastTimestamp', 'deprecatedLastTimestamp'],
  ['count', 'deprecatedCount'],
  ['reportingComponent', 'reportingController'],
];

/** An object in the form of a resource: the two resources of events show the same ones with other field names. */
export class ObjectForms {
  readonly #made = new WeakMap<KubeObject, KubeObject>();

  /** The object as the resource shows it; the object itself where it has that form. */
  as(object: KubeObject, type: ResourceType): KubeObject {
    if (object.kind !== 'Event' || object.apiVersion === apiVersionOf(type)) return object;
    let made = this.#made.get(object);
    if (!made) {
      made = inForm(object, type);
      this.#made.set(object, made);
    }
    return made;
  }
}

function inForm(object: KubeObject, type: ResourceType): KubeObject {
  const toCore = type.group === '';
  const renamed = new Map(names.map(([core, grouped]) => (toCore ? [grouped, core] : [core, grouped])));
  const fields = Object.entries(object).map(
    ([field, value]) => [renamed.get(field) ?? field, value] as const,
  );
  const form: Record<string, unknown> = Object.fromEntries(fields);
  if (toCore && form['source'] === undefined && isJsonObject(form['involvedObject'])) form['source'] = {};
  return { ...form, apiVersion: apiVersionOf(type), kind: object.kind, metadata: object.metadata };
}
