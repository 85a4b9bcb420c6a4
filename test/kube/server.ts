import type { IncomingMessage, ServerResponse } from 'node:http';
import { Authentication } from './authentication.ts';
import { Authorization } from './authorization.ts';
import { Authority, type Certificate } from './certificates.ts';
import { discoveryAnswer } from './discovery.ts';
import { Texts } from './encoding.ts';
import { ObjectForms } from './event-forms.ts';
import { type Call, checkMediaType, Handlers } from './handlers.ts';
import { kubeconfigText } from './kubeconfig.ts';
import { listen, type Listener, listenSilently } from './listener.ts';
import { mirrorEndpoints } from './mirroring.ts';
import {
  type Misbehaviour,
  type MisbehaviourRule,
  Misbehaviours,
  spoilOutlet,
  staleness,
} from './misbehaviour.ts';
import { type Outlet, ResponseOutlet } from './outlet.ts';
import { jsonOfProtobuf } from './protobuf.ts';
import { fail, refuse, send } from './reply.ts';
import { RequestLog } from './request-log.ts';
import type { RequestMatch, SeenRequest } from './request-match.ts';
import { parseRequest, type ResourceRequest } from './request-path.ts';
import { ApiError, tooOld } from './status.ts';
import { Store, type StoreOptions } from './store.ts';
import { tableForm } from './table.ts';
import { Watches } from './watches.ts';

/** How a server begins. */
export interface ApiServerOptions extends StoreOptions {
  /** 127.0.0.1 unless told. */
  readonly address?: string;
  /** A free one unless told. */
  readonly port?: number;
  /** Further names of the certificate: `DNS:api.test`, `IP:10.0.0.1`. */
  readonly subjectAltNames?: readonly string[];
  /** One that is used again; making one costs an `openssl` run. */
  readonly authority?: Authority;
  /** A minute unless told. */
  readonly bookmarkMs?: number;
  /** How a watch of a version that is gone is answered; `event` unless told, as API servers of today do. */
  readonly expired?: 'event' | 'response';
  /** Of what is wrong at random. */
  readonly seed?: number;
  /** Whether Endpoints of services without selector are mirrored into slices; true unless told. */
  readonly mirroring?: boolean;
  /** The users of tokens that are known from the beginning, by token. */
  readonly tokens?: ReadonlyMap<string, string>;
  /** Milliseconds that the `Date` of its answers is ahead of the machine's clock; 0 unless told, behind where negative. */
  readonly dateAheadMs?: number;
}

/** What a restart changes. */
export interface RestartOptions {
  /** The same one unless told. */
  readonly port?: number;
  /** The same one unless told. */
  readonly address?: string;
  /** Whether it comes back with another certificate of the same authority. */
  readonly newCertificate?: boolean;
  /** Whether it comes back with another authority: whoever trusts the old one refuses it. */
  readonly newAuthority?: boolean;
  /** Whether the history is gone when it comes back. */
  readonly compacted?: boolean;
  /** The revision of the backup that it comes back from: time goes backwards. */
  readonly restoreTo?: number;
  /**
   * How many revisions it skips after that, with the history gone: `etcdutl snapshot restore --bump-revision
   * --mark-compacted`. None unless told, so that revisions are given out twice.
   */
  readonly bump?: number;
  /** Whether it comes back deaf: it accepts connections and says nothing, until the next restart. */
  readonly silent?: boolean;
}

/**
 * An API server for tests: HTTPS with certificates and tokens, the resources that a service proxy needs, lists and
 * watches with the API's rules, and everything that can go wrong with it.
 */
export class ApiServer {
  readonly store: Store;
  readonly authentication: Authentication;
  readonly authorization = new Authorization();
  readonly #options: ApiServerOptions;
  readonly #log = new RequestLog();
  readonly #texts = new Texts();
  readonly #forms = new ObjectForms();
  readonly #watches: Watches;
  readonly #handlers: Handlers;
  readonly #misbehaviours: Misbehaviours;
  #authority: Authority;
  #certificate: Certificate;
  #listener: Listener | undefined;
  #address: string;
  #port: number;

  private constructor(options: ApiServerOptions, authority: Authority, certificate: Certificate) {
    this.#options = options;
    this.#authority = authority;
    this.#certificate = certificate;
    this.#address = options.address ?? '127.0.0.1';
    this.#port = options.port ?? 0;
    this.authentication = new Authentication(options.tokens);
    this.store = new Store(options);
    this.#watches = new Watches(this.store, this.#texts, this.#forms, {
      bookmarkMs: options.bookmarkMs ?? 60_000,
      expired: options.expired ?? 'event',
    });
    this.#handlers = new Handlers(this.store, this.#texts, this.#forms);
    this.#misbehaviours = new Misbehaviours(options.seed ?? 1);
    for (const name of ['default', 'kube-system']) {
      if (this.store.get('namespaces', '', name)) continue;
      this.store.create({
        apiVersion: 'v1',
        kind: 'Namespace',
        metadata: { name },
        status: { phase: 'Active' },
      });
    }
    if (options.mirroring !== false) mirrorEndpoints(this.store);
  }

  /** Starts a server with the namespaces default and kube-system, and nothing else but what the options give. */
  static async start(options: ApiServerOptions = {}): Promise<ApiServer> {
    const authority = options.authority ?? (await Authority.create());
    const certificate = await serverCertificate(authority, options.address, options.subjectAltNames);
    const server = new ApiServer(options, authority, certificate);
    await server.#listen();
    return server;
  }

  /** `https://127.0.0.1:6443`. */
  get url(): string {
    const host = this.#address.includes(':') ? `[${this.#address}]` : this.#address;
    return `https://${host}:${this.#port}`;
  }

  /** The authority that clients are to trust. */
  get authority(): Authority {
    return this.#authority;
  }

  /** Every request that came, oldest first. */
  get requests(): readonly SeenRequest[] {
    return this.#log.all;
  }

  /** Gives the requests that match as soon as so many of them came since the start. */
  seen(match: RequestMatch, count = 1): Promise<SeenRequest[]> {
    return this.#log.seen(match, count);
  }

  /** How many watches are open. */
  get watchCount(): number {
    return this.#watches.count;
  }

  /** A kubeconfig (YAML) with a bearer token of the user, who needs not be made known first. */
  kubeconfig(user: string): string {
    const token = this.authentication.token(user);
    return kubeconfigText({
      url: this.url,
      authority: this.#authority.certificate,
      user,
      credential: { token },
    });
  }

  /** A kubeconfig (YAML) with a client certificate of the user. */
  async certificateKubeconfig(user: string): Promise<string> {
    const credential = await this.#authority.sign({ commonName: user });
    return kubeconfigText({ url: this.url, authority: this.#authority.certificate, user, credential });
  }

  /** Does something wrong from now on. Returns what ends that. */
  misbehave(rule: MisbehaviourRule): () => void {
    return this.#misbehaviours.add(rule);
  }

  /** Forgets the history: who watches from an older version is told 410. Open watches go on. */
  compact(revision = this.store.revision): void {
    this.store.history.compact(revision);
  }

  /** Sends a bookmark now to every watch that allows them. */
  bookmark(): void {
    this.#watches.bookmark();
  }

  /** Ends every open watch with the ERROR event of a version that is gone. */
  expireWatches(): void {
    this.#watches.fail(tooOld(this.store.history.oldest, this.store.revision));
  }

  /** Ends every open watch as if its time were up. */
  endWatches(): void {
    this.#watches.end();
  }

  /** Ends every connection at once, in the middle of what it carries. */
  dropConnections(): void {
    this.#listener?.drop();
  }

  /** Serves new connections with another certificate of the same authority, without a restart. */
  async rotateCertificate(): Promise<void> {
    await this.#newCertificate();
    this.#listener?.renew(this.#secureContext());
  }

  /** Stops serving; what the store holds stays. Does nothing where it is stopped. */
  async stop(): Promise<void> {
    const listener = this.#listener;
    this.#listener = undefined;
    this.#watches.stop();
    await listener?.close();
  }

  /** Stops, if it is not stopped, and serves again with what is told changed. */
  async restart(options: RestartOptions = {}): Promise<void> {
    await this.stop();
    this.#address = options.address ?? this.#address;
    this.#port = options.port ?? this.#port;
    if (options.newAuthority === true) this.#authority = await Authority.create();
    if (options.newCertificate === true || options.newAuthority === true || options.address !== undefined) {
      await this.#newCertificate();
    }
    if (options.restoreTo !== undefined) this.store.restore(options.restoreTo);
    if (options.bump !== undefined) this.store.skip(options.bump);
    if (options.compacted === true || options.bump !== undefined) this.compact();
    await this.#listen(options.silent);
  }

  async #newCertificate(): Promise<void> {
    this.#certificate = await serverCertificate(
      this.#authority,
      this.#address,
      this.#options.subjectAltNames,
    );
  }

  async #listen(silent = false): Promise<void> {
    this.#listener = silent
      ? await listenSilently(this.#address, this.#port)
      : await listen(this.#address, this.#port, this.#secureContext(), (request, response) => {
          void this.#serve(request, response);
        });
    this.#port = this.#listener.port;
    this.#watches.start();
  }

  #secureContext(): { cert: string; key: string; ca: string } {
    const { certificate, key } = this.#certificate;
    return { cert: certificate, key, ca: this.#authority.certificate };
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { dateAheadMs = 0 } = this.#options;
    if (dateAheadMs !== 0) response.setHeader('date', new Date(Date.now() + dateAheadMs).toUTCString());
    const real = new ResponseOutlet(response);
    const url = new URL(request.url ?? '/', this.url);
    let outlet: Outlet = real;
    try {
      const body = await bodyOf(request);
      const { seen, resource, error } = this.#see(request, url);
      const misbehaviours = this.#misbehaviours.of(seen);
      outlet = spoilOutlet(real, misbehaviours);
      if (refuse(outlet, misbehaviours)) return;
      if (error) throw error;
      this.authorization.check(seen, resource?.type);
      if (resource)
        this.#answer(
          callOf(resource, url, request, body, misbehaviours),
          outlet,
          misbehaviours,
          request,
          response,
        );
      else send(outlet, request, 200, discoveryAnswer(url.pathname));
    } catch (error) {
      // A client that went away in the middle of its body gets no answer.
      if (!request.destroyed || request.complete) fail(outlet, error);
    }
  }

  /** Notes a request. What is wrong with it is told after what misbehaves. */
  #see(
    request: IncomingMessage,
    url: URL,
  ): { seen: SeenRequest; resource: ResourceRequest | undefined; error: ApiError | undefined } {
    const method = request.method ?? 'GET';
    let error: ApiError | undefined;
    const attempt = <T>(work: () => T): T | undefined => {
      try {
        return work();
      } catch (reason) {
        if (!(reason instanceof ApiError)) throw reason;
        error ??= reason;
        return undefined;
      }
    };
    const user = attempt(() => this.authentication.userOf(request)) ?? '';
    const resource = attempt(() => parseRequest(method, url.pathname, url.searchParams));
    const seen: SeenRequest = {
      method,
      verb: resource?.verb ?? (method.toLowerCase() as Lowercase<string>),
      path: url.pathname,
      query: Object.fromEntries(url.searchParams),
      resource: resource?.type.plural ?? '',
      namespace: resource?.namespace ?? '',
      name: resource?.name ?? '',
      user,
      userAgent: request.headers['user-agent'] ?? '',
      accept: request.headers.accept ?? '',
    };
    this.#log.add(seen);
    return { seen, resource, error };
  }

  #answer(
    call: Call,
    outlet: Outlet,
    misbehaviours: readonly Misbehaviour[],
    request: IncomingMessage,
    response: ServerResponse,
  ): void {
    if (call.request.verb !== 'watch') {
      checkMediaType(call.contentType, call.body);
      const { code, text } = this.#handlers.answer(call);
      send(outlet, request, code, text);
      return;
    }
    try {
      const close = this.#watches.open(call, outlet, misbehaviours);
      response.once('close', close);
    } catch (error) {
      if (!(error instanceof ApiError) || !this.#watches.tellExpired(error, outlet)) throw error;
    }
  }
}

async function serverCertificate(
  authority: Authority,
  address = '127.0.0.1',
  names: readonly string[] = [],
): Promise<Certificate> {
  const everywhere = address === '0.0.0.0' || address === '::';
  const own = everywhere ? [] : [`IP:${address}`];
  return await authority.sign({
    commonName: 'kube-apiserver',
    subjectAltNames: [...new Set([...own, 'IP:127.0.0.1', 'IP:::1', 'DNS:localhost', ...names])],
  });
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  const parts: Buffer[] = [];
  for await (const part of request) parts.push(part as Buffer);
  const body = Buffer.concat(parts);
  return isProtobuf(request) && body.length > 0 ? jsonOfProtobuf(body) : body.toString();
}

function isProtobuf({ headers }: IncomingMessage): boolean {
  return headers['content-type'] === 'application/vnd.kubernetes.protobuf';
}

function callOf(
  request: ResourceRequest,
  url: URL,
  message: IncomingMessage,
  body: string,
  misbehaviours: readonly Misbehaviour[],
): Call {
  return {
    request,
    query: url.searchParams,
    contentType: isProtobuf(message) ? 'application/json' : (message.headers['content-type'] ?? ''),
    body,
    table: tableForm(message.headers.accept ?? '', url.searchParams),
    behind: staleness(misbehaviours),
  };
}
