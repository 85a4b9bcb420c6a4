import { randomUUID } from 'node:crypto';
import { type Change, History } from './history.ts';
import { type JsonObject, type KubeObject, keyOf, objectKey, type ObjectMeta, without } from './object.ts';
import { mergePatch } from './merge-patch.ts';
import { resourceNamed, resourceOf, type ResourceType } from './resource-type.ts';
import { alreadyExists, conflict, notFound, tooLarge } from './status.ts';

/** How a store begins. */
export interface StoreOptions {
  /** The revision before the first write; 1000 unless told. */
  readonly revision?: number;
  /** How many changes are kept; 100 000 unless told. */
  readonly historyLimit?: number;
  readonly now?: () => Date;
  /** Held from the beginning, as they are: what came before them is forgotten. */
  readonly objects?: readonly KubeObject[];
}

/** An object that is to be written: what the store fills in may be missing. */
export type NewObject = Omit<KubeObject, 'metadata'> & {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: Partial<ObjectMeta>;
};

/** Which object is meant. */
export interface ObjectName {
  readonly type: ResourceType;
  /** Empty for one of no namespace. */
  readonly namespace: string;
  readonly name: string;
}

/** What a removal may ask for. */
export interface Preconditions {
  readonly uid?: string;
  readonly resourceVersion?: string;
}

type Objects = Map<string, KubeObject>;

/**
 * The objects and their history, with one revision for everything. It takes objects as they are, wrong ones too: what
 * the API fills in and refuses is the business of the handlers.
 */
export class Store {
  readonly history: History;
  readonly #objects = new Map<string, Objects>();
  /** The lists as the API shows them, until the next write: the pages of a list need not sort it each. */
  readonly #sorted = new Map<string, readonly KubeObject[]>();
  readonly #listeners = new Set<(change: Change) => void>();
  readonly #now: () => Date;
  /** The change that is being told, and those that it caused. */
  readonly #untold: Change[] = [];
  #revision: number;

  constructor(options: StoreOptions = {}) {
    this.#revision = options.revision ?? 1000;
    this.history = new History(this.#revision, options.historyLimit ?? 100_000);
    this.#now = options.now ?? (() => new Date());
    for (const object of options.objects ?? [])
      this.#held(resourceOf(object).storage).set(keyOf(object), object);
  }

  /** The revision of the newest write. */
  get revision(): number {
    return this.#revision;
  }

  /** Every object of every resource. */
  get objects(): readonly KubeObject[] {
    return [...this.#objects.values()].flatMap((objects) => sorted(objects));
  }

  /** Calls back after each write, in order. Returns what ends that. */
  subscribe(listener: (change: Change) => void): () => void {
    this.#listeners.add(listener);
    return () => {
      this.#listeners.delete(listener);
    };
  }

  /** An object by resource (`services`, `endpointslices`), namespace (empty for none) and name. */
  get(resource: string, namespace: string, name: string): KubeObject | undefined {
    return this.find({ type: resourceNamed(resource), namespace, name });
  }

  /** An object; undefined where there is none. */
  find({ type, namespace, name }: ObjectName): KubeObject | undefined {
    return this.#held(type.storage).get(objectKey(namespace, name));
  }

  /** All objects of a resource in the order of the API: by namespace and name. */
  list(type: ResourceType): readonly KubeObject[] {
    const { storage } = type;
    const list = this.#sorted.get(storage) ?? sorted(this.#held(storage));
    this.#sorted.set(storage, list);
    return list;
  }

  /** All objects of a resource as they were at a revision. Throws 410 where that is gone, 504 where it is to come. */
  listAt(type: ResourceType, revision: number): KubeObject[] {
    if (revision > this.#revision) throw tooLarge(revision, this.#revision);
    const objects = new Map(this.#held(type.storage));
    for (const change of this.history.since(revision).toReversed()) {
      if (change.storage === type.storage) undo(objects, change);
    }
    return sorted(objects);
  }

  /** Adds an object and returns it as held. Throws 409 where the name is taken. */
  create(object: NewObject): KubeObject {
    const type = resourceOf(object);
    const name = object.metadata.name ?? `${object.metadata.generateName ?? ''}${randomUUID().slice(0, 5)}`;
    const metadata: ObjectMeta = {
      ...structuredClone(object.metadata),
      name,
      ...(type.namespaced && { namespace: object.metadata.namespace ?? 'default' }),
      uid: object.metadata.uid ?? randomUUID(),
      creationTimestamp: this.#time(),
      ...(countsGenerations(object) && { generation: 1 }),
    };
    if (this.#held(type.storage).has(objectKey(metadata.namespace ?? '', name)))
      throw alreadyExists(type, name);
    return this.#write('ADDED', type, { ...structuredClone(object), metadata }, undefined);
  }

  /**
   * Puts an object in the place of the one of its name. Throws 404 where there is none, and 409 where a resourceVersion
   * is given and is not the held one. One that is equal to the held one is no write.
   */
  update(object: NewObject): KubeObject {
    const type = resourceOf(object);
    const name = nameOf(object, type);
    const held = this.find(name);
    if (!held) throw notFound(type, name.name);
    const { resourceVersion, uid } = object.metadata;
    if (differs(resourceVersion, held.metadata.resourceVersion) || differs(uid, held.metadata.uid)) {
      throw conflict(type, name.name);
    }
    const next = { ...structuredClone(object), metadata: this.#metadataOver(held, object) };
    if (sameJson(next, held)) return held;
    if (next.metadata.deletionTimestamp !== undefined && (next.metadata.finalizers ?? []).length === 0) {
      return this.#write('DELETED', type, next, held);
    }
    return this.#write('MODIFIED', type, next, held);
  }

  /** Creates the object, or updates it whatever its held version is. */
  put(object: NewObject): KubeObject {
    const type = resourceOf(object);
    const metadata = without(object.metadata, 'resourceVersion', 'uid');
    const written: NewObject = { ...object, metadata };
    return this.find(nameOf(object, type)) ? this.update(written) : this.create(written);
  }

  /** Merges a patch (RFC 7386) into an object: `patch('services', 'default', 'web', { spec: { … } })`. */
  patch(resource: string, namespace: string, name: string, patch: JsonObject): KubeObject {
    const type = resourceNamed(resource);
    const held = this.find({ type, namespace, name });
    if (!held) throw notFound(type, name);
    return this.update(mergePatch(held, patch) as KubeObject);
  }

  /** Removes an object by resource, namespace (empty for none) and name. */
  delete(resource: string, namespace: string, name: string): KubeObject {
    return this.remove({ type: resourceNamed(resource), namespace, name });
  }

  /** Removes an object, or marks it deleted where finalizers hold it. Throws 404 and 409. */
  remove(name: ObjectName, preconditions: Preconditions = {}): KubeObject {
    const held = this.find(name);
    if (!held) throw notFound(name.type, name.name);
    const { uid, resourceVersion } = preconditions;
    if (differs(uid, held.metadata.uid) || differs(resourceVersion, held.metadata.resourceVersion)) {
      throw conflict(name.type, name.name);
    }
    if ((held.metadata.finalizers ?? []).length === 0) return this.#write('DELETED', name.type, held, held);
    if (held.metadata.deletionTimestamp !== undefined) return held;
    const metadata = { ...held.metadata, deletionTimestamp: this.#time() };
    return this.#write('MODIFIED', name.type, { ...held, metadata }, held);
  }

  /** Goes back to a revision as a backup that is restored does: what came later never was, its revisions come again. */
  restore(revision: number): void {
    for (const change of this.history.truncate(revision)) undo(this.#held(change.storage), change);
    this.#revision = revision;
    this.#sorted.clear();
  }

  /** Gives out no revision of the next ones, so many of them. */
  skip(revisions: number): void {
    this.#revision += revisions;
  }

  #held(storage: string): Objects {
    let objects = this.#objects.get(storage);
    if (!objects) {
      objects = new Map();
      this.#objects.set(storage, objects);
    }
    return objects;
  }

  #metadataOver(held: KubeObject, object: NewObject): ObjectMeta {
    const { uid, creationTimestamp, resourceVersion, namespace, generation, deletionTimestamp } =
      held.metadata;
    const count = generation ?? 0;
    return {
      ...structuredClone(object.metadata),
      name: held.metadata.name,
      ...(namespace !== undefined && { namespace }),
      ...(uid !== undefined && { uid }),
      ...(resourceVersion !== undefined && { resourceVersion }),
      ...(creationTimestamp !== undefined && { creationTimestamp }),
      ...(deletionTimestamp !== undefined && { deletionTimestamp }),
      ...(countsGenerations(held) && {
        generation: sameJson(contentOf(object), contentOf(held)) ? count : count + 1,
      }),
    };
  }

  #write(
    type: Change['type'],
    resource: ResourceType,
    written: KubeObject,
    previous: KubeObject | undefined,
  ): KubeObject {
    this.#revision += 1;
    const object = { ...written, metadata: { ...written.metadata, resourceVersion: String(this.#revision) } };
    this.#sorted.delete(resource.storage);
    if (type === 'DELETED') this.#held(resource.storage).delete(keyOf(object));
    else this.#held(resource.storage).set(keyOf(object), object);
    const change: Change = {
      revision: this.#revision,
      type,
      storage: resource.storage,
      object,
      ...(previous && { previous }),
    };
    this.history.append(change);
    this.#tell(change);
    return object;
  }

  /** A listener that writes causes a change that is told when everybody knows of the first. */
  #tell(change: Change): void {
    this.#untold.push(change);
    if (this.#untold.length > 1) return;
    try {
      for (let next = this.#untold[0]; next; next = this.#untold[0]) {
        for (const listener of [...this.#listeners]) listener(next);
        this.#untold.shift();
      }
    } finally {
      this.#untold.length = 0;
    }
  }

  #time(): string {
    return this.#now()
      .toISOString()
      .replace(/\.\d+Z$/, 'Z');
  }
}

function undo(objects: Objects, change: Change): void {
  if (change.previous) objects.set(keyOf(change.previous), change.previous);
  else objects.delete(keyOf(change.object));
}

function sorted(objects: Objects): KubeObject[] {
  return [...objects.entries()].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, object]) => object);
}

function nameOf(object: NewObject, type: ResourceType): ObjectName {
  const namespace = type.namespaced ? (object.metadata.namespace ?? 'default') : '';
  return { type, namespace, name: object.metadata.name ?? '' };
}

function differs(asked: string | undefined, held: string | undefined): boolean {
  return asked !== undefined && asked !== '' && asked !== held;
}

function countsGenerations(object: Pick<KubeObject, 'kind'>): boolean {
  return object.kind === 'EndpointSlice' || object.kind === 'DaemonSet';
}

function contentOf(object: NewObject): unknown {
  return without(object, 'metadata', 'status');
}

/** Whether two values are the same JSON, whatever the order of their keys. */
function sameJson(one: unknown, other: unknown): boolean {
  return JSON.stringify(one, ordered) === JSON.stringify(other, ordered);
}

function ordered(_key: string, value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
  return Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)));
}
