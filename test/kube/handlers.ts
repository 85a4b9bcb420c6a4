import { completed, validate } from './admission.ts';
import { AppliedConfigurations } from './applied.ts';
import type { Texts } from './encoding.ts';
import type { ObjectForms } from './event-forms.ts';
import { type ListOptions, parseListOptions } from './list-options.ts';
import { listPage, type ListScope } from './listing.ts';
import { isJsonObject, type JsonObject, type KubeObject, objectIn } from './object.ts';
import { parsePatch, patched } from './patch.ts';
import type { ResourceRequest } from './request-path.ts';
import { apiVersionOf, resourceNamed, type ResourceType } from './resource-type.ts';
import { parseFieldSelector, parseLabelSelector, type Selector } from './selectors.ts';
import { ApiError, badRequest, notFound } from './status.ts';
import type { NewObject, Preconditions, Store } from './store.ts';
import { tableText, type TableForm } from './table.ts';

/** A request for a resource with all that came with it. */
export interface Call {
  readonly request: ResourceRequest;
  readonly query: URLSearchParams;
  readonly contentType: string;
  readonly body: string;
  /** Undefined where objects are asked for as they are. */
  readonly table: TableForm | undefined;
  /** See `ListScope.behind`. */
  readonly behind: number;
}

/** What is sent back. */
export interface Answer {
  readonly code: number;
  readonly text: string;
}

/** Answers every verb but watch. */
export class Handlers {
  readonly #store: Store;
  readonly #texts: Texts;
  readonly #forms: ObjectForms;
  readonly #applied = new AppliedConfigurations();

  constructor(store: Store, texts: Texts, forms: ObjectForms) {
    this.#store = store;
    this.#texts = texts;
    this.#forms = forms;
  }

  /** Answers. Throws the `ApiError` that is to be sent instead. */
  answer(call: Call): Answer {
    if (call.query.get('dryRun')) throw badRequest('dryRun is not served here');
    switch (call.request.verb) {
      case 'list':
        return this.#list(call);
      case 'create':
        return this.#create(call);
      case 'update':
        return this.#update(call);
      case 'patch':
        return this.#patch(call);
      case 'delete':
        return this.#delete(call);
      case 'deletecollection':
        return this.#deleteCollection(call);
      default:
        return this.#one(call, this.#held(call));
    }
  }

  #list(call: Call): Answer {
    const { type } = call.request;
    const options = parseListOptions(call.query, false);
    const page = listPage(this.#store, scopeOf(call, options, this.#forms), options);
    const metadata = {
      resourceVersion: page.resourceVersion,
      ...(page.continueToken !== undefined && {
        continue: page.continueToken,
        remainingItemCount: page.remaining,
      }),
    };
    const items = page.items.map((item) => this.#forms.as(item, type));
    if (call.table) return { code: 200, text: tableText(type, items, metadata, call.table) };
    const head = { kind: `${type.kind}List`, apiVersion: apiVersionOf(type), metadata };
    return { code: 200, text: this.#texts.list(head, items) };
  }

  #create(call: Call): Answer {
    const { type, namespace } = call.request;
    const object = completed(bodyObject(call), this.#store);
    validate(object, undefined);
    if (namespace !== '' && !this.#store.get('namespaces', '', namespace)) {
      throw notFound(resourceNamed('namespaces'), namespace);
    }
    return this.#one(call, this.#store.create(placed(object, type, namespace)), 201);
  }

  #update(call: Call): Answer {
    const held = this.#held(call);
    return this.#one(call, this.#store.update(this.#admitted(call, held, bodyObject(call))));
  }

  #patch(call: Call): Answer {
    const { type, namespace, name } = call.request;
    const held = this.#store.find({ type, namespace, name });
    if (isApplied(call)) return this.#apply(call, held);
    if (!held) throw notFound(type, name);
    const object = patched(this.#forms.as(held, type), call.contentType, call.body);
    return this.#one(call, this.#store.update(this.#admitted(call, held, object)));
  }

  #apply(call: Call, held: KubeObject | undefined): Answer {
    const { type, namespace, name } = call.request;
    const manager = call.query.get('fieldManager') ?? '';
    const applied = objectIn(parsePatch(call.body));
    const shown = held
      ? this.#applied.released(this.#forms.as(held, type), manager, applied)
      : { apiVersion: apiVersionOf(type), kind: type.kind, metadata: { name } };
    const object = patched(shown, call.contentType, call.body);
    const answer = held
      ? this.#one(call, this.#store.update(this.#admitted(call, held, object)))
      : this.#create({ ...call, body: JSON.stringify(object) });
    const written = this.#store.find({ type, namespace, name });
    if (written) this.#applied.note(written, manager, applied);
    return answer;
  }

  #delete(call: Call): Answer {
    const { type, namespace, name } = call.request;
    const removed = this.#store.remove({ type, namespace, name }, preconditionsIn(call.body));
    if (removed.metadata.deletionTimestamp !== undefined) return this.#one(call, removed);
    const details = { name, group: type.group, kind: type.plural, uid: removed.metadata.uid };
    const status = { kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Success', details };
    return { code: 200, text: `${JSON.stringify(status)}\n` };
  }

  #deleteCollection(call: Call): Answer {
    const { type } = call.request;
    const options = parseListOptions(call.query, false);
    const { items } = listPage(this.#store, scopeOf(call, options, this.#forms), options);
    for (const { metadata } of items) {
      this.#store.remove({ type, namespace: metadata.namespace ?? '', name: metadata.name });
    }
    const head = { kind: `${type.kind}List`, apiVersion: apiVersionOf(type), metadata: {} };
    return { code: 200, text: this.#texts.list(head, items) };
  }

  #held(call: Call): KubeObject {
    const { type, namespace, name } = call.request;
    const held =
      call.behind === 0
        ? this.#store.find({ type, namespace, name })
        : this.#store
            .listAt(type, Math.max(this.#store.revision - call.behind, this.#store.history.oldest))
            .find(({ metadata }) => metadata.name === name && (metadata.namespace ?? '') === namespace);
    if (!held) throw notFound(type, name);
    return held;
  }

  /** What is written: of a subresource only the status, and everything but the status otherwise. */
  #admitted(call: Call, held: KubeObject, object: NewObject): NewObject {
    const { type, namespace, name, subresource } = call.request;
    if ((object.metadata.name ?? name) !== name) {
      throw badRequest(
        `the name of the object (${String(object.metadata.name)}) does not match the name on the URL (${name})`,
      );
    }
    const whole = placed({ ...object, metadata: { ...object.metadata, name } }, type, namespace);
    if (subresource === 'status') {
      const resourceVersion = object.metadata.resourceVersion ?? '';
      return { ...held, metadata: { ...held.metadata, resourceVersion }, status: objectIn(object['status']) };
    }
    const keepsStatus = type.subresources.includes('status') && held['status'] !== undefined;
    const next = completed(keepsStatus ? { ...whole, status: held['status'] } : whole, this.#store, held);
    validate(next, held);
    return next;
  }

  #one(call: Call, object: KubeObject, code = 200): Answer {
    const { type } = call.request;
    const shown = this.#forms.as(object, type);
    const { resourceVersion } = object.metadata;
    if (call.table) return { code, text: tableText(type, [shown], { resourceVersion }, call.table) };
    return { code, text: `${this.#texts.of(shown)}\n` };
  }
}

/** What a list or a watch asks for. Throws 400 for selectors that cannot be read. */
export function scopeOf(
  call: Pick<Call, 'request' | 'behind'>,
  options: ListOptions,
  forms: ObjectForms,
): ListScope {
  const { type, namespace, name } = call.request;
  const byLabel = parseLabelSelector(options.labelSelector);
  const byField = parseFieldSelector(options.fieldSelector, type);
  const selector: Selector = (object) =>
    byLabel(object) && byField(forms.as(object, type)) && (name === '' || object.metadata.name === name);
  const selects = options.labelSelector !== '' || options.fieldSelector !== '';
  return { type, namespace, selector, selects, behind: call.behind };
}

function placed(object: NewObject, type: ResourceType, namespace: string): NewObject {
  const own = object.metadata.namespace;
  if (own !== undefined && own !== '' && own !== namespace && type.namespaced) {
    throw badRequest(
      `the namespace of the provided object does not match the namespace sent on the request (${own}, ${namespace})`,
    );
  }
  return type.namespaced ? { ...object, metadata: { ...object.metadata, namespace } } : object;
}

function bodyObject(call: Call): NewObject {
  const { type } = call.request;
  const object = parseBody(call.body);
  const apiVersion = apiVersionOf(type);
  const { metadata } = object;
  if ((object['kind'] ?? type.kind) !== type.kind || (object['apiVersion'] ?? apiVersion) !== apiVersion) {
    throw badRequest(
      `the object provided is unrecognized: expected ${apiVersion} ${type.kind}, got ` +
        `${String(object['apiVersion'])} ${String(object['kind'])}`,
    );
  }
  return { ...object, apiVersion, kind: type.kind, metadata: objectIn(metadata) };
}

function parseBody(body: string): JsonObject {
  try {
    const value: unknown = JSON.parse(body);
    if (isJsonObject(value)) return value;
  } catch {
    // Falls through to the answer for a body that is no object.
  }
  throw badRequest('the object provided is unrecognized: the body is no JSON object');
}

function isApplied({ contentType }: Call): boolean {
  return contentType.includes('apply-patch');
}

function preconditionsIn(body: string): Preconditions {
  if (body.trim() === '') return {};
  return objectIn(parseBody(body)['preconditions']);
}

/** Throws 415 for a body that is not JSON. */
export function checkMediaType(contentType: string, body: string): void {
  if (body === '' || contentType === '' || /json|yaml/.test(contentType)) return;
  throw new ApiError(
    415,
    'UnsupportedMediaType',
    `the body of the request was in an unknown format: ${contentType}`,
  );
}
