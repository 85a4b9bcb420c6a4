import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer as createHttpServer, type Server } from 'node:http';
import { type AddressInfo, connect, createServer as createTcpServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'chai';
import { parse, stringify } from 'yaml';
import { systemClock } from '../../../../lib/sources/clock.ts';
import { ApiClient } from '../../../../lib/sources/kubernetes/api-client.ts';
import type { ApiResponse } from '../../../../lib/sources/kubernetes/api.ts';
import { Credentials } from '../../../../lib/sources/kubernetes/credentials.ts';
import { inClusterIdentity, readKubeconfig } from '../../../../lib/sources/kubernetes/kubeconfig.ts';
import { Transport } from '../../../../lib/sources/kubernetes/transport.ts';
import { Authority } from '../../../kube/certificates.ts';
import { ApiServer } from '../../../kube/server.ts';
import { service } from '../../kube/objects.ts';

const { signal } = new AbortController();
const services = { path: '/api/v1/services', signal };

async function textOf({ body }: ApiResponse): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of body as AsyncIterable<Buffer>) chunks.push(chunk);
  return Buffer.concat(chunks).toString();
}

async function failureOf(promise: Promise<unknown>): Promise<Error & { code?: string }> {
  try {
    await promise;
  } catch (error) {
    return error as Error;
  }
  throw new Error('expected a failure, got none');
}

describe('ApiClient, over TLS', () => {
  let server: ApiServer;
  let directory: string;
  let transport: Transport;

  before(async () => {
    server = await ApiServer.start({ subjectAltNames: ['DNS:api.test'] });
    directory = await mkdtemp(join(tmpdir(), 'kube-ipvs-kubeconfig-'));
  });

  after(async () => {
    await server.stop();
    await rm(directory, { recursive: true });
  });

  beforeEach(() => {
    transport = new Transport({ userAgent: 'kube-ipvs/test', answerTime: 2000 });
  });

  afterEach(() => {
    transport.close();
  });

  type Config = Record<'clusters' | 'users', Record<string, Record<string, unknown>>[]>;

  /** A client of the test server's kubeconfig, with some of its fields replaced. */
  async function client(cluster: object = {}, user?: object, address?: string): Promise<ApiClient> {
    const config = parse(server.kubeconfig('kube-ipvs')) as Config;
    Object.assign(config.clusters[0]?.['cluster'] ?? {}, cluster);
    if (user !== undefined) Object.assign(config.users[0] ?? {}, { user });
    return fromText(stringify(config), address);
  }

  async function fromText(text: string, address?: string): Promise<ApiClient> {
    const file = join(directory, 'config');
    await writeFile(file, text);
    return new ApiClient(new Credentials(await readKubeconfig(file, address), systemClock), transport);
  }

  const lastUser = (): string | undefined => server.requests.at(-1)?.user;

  it('asks with a token, and says who it is', async () => {
    const response = await (await client()).request(services);
    expect(response.status).to.equal(200);
    expect(JSON.parse(await textOf(response))).to.have.property('kind', 'ServiceList');
    expect(lastUser()).to.equal('kube-ipvs');
    expect(server.requests.at(-1)?.userAgent).to.equal('kube-ipvs/test');
  });

  it('asks with a certificate', async () => {
    const response = await (
      await fromText(await server.certificateKubeconfig('certified'))
    ).request(services);
    expect(response.status).to.equal(200);
    expect(lastUser()).to.equal('certified');
  });

  it('asks with what an exec plugin gives, beside the kubeconfig', async () => {
    const token = server.authentication.token('plugged');
    const answer = JSON.stringify({ kind: 'ExecCredential', status: { token } });
    const script = `#!/bin/sh\ncase "$KUBERNETES_EXEC_INFO" in *v1beta1*) echo '${answer}';; esac\n`;
    await writeFile(join(directory, 'plugin'), script, { mode: 0o755 });
    const exec = { apiVersion: 'client.authentication.k8s.io/v1beta1', command: './plugin' };
    expect((await (await client({}, { exec })).request(services)).status).to.equal(200);
    expect(lastUser()).to.equal('plugged');
  });

  it('says what an exec plugin says when it fails', async () => {
    const exec = { command: 'sh', args: ['-c', 'echo no such profile >&2; exit 1'] };
    const error = await failureOf((await client({}, { exec })).request(services));
    expect(error.message).to.match(/exec plugin of user kube-ipvs, got: no such profile; run it by hand/);
  });

  it('reads a token again when it is refused, once', async () => {
    const file = join(directory, 'token');
    await writeFile(file, server.authentication.token('account'));
    const rotating = await client({}, { tokenFile: 'token' });
    expect((await rotating.request(services)).status).to.equal(200);
    await writeFile(file, `${server.authentication.rotateToken('account')}\n`);
    expect((await rotating.request(services)).status).to.equal(200);
    server.authentication.revokeTokens('account');
    const before = server.requests.length;
    const refused = await rotating.request(services);
    refused.body.resume();
    expect(refused.status).to.equal(401);
    expect(server.requests.length - before).to.equal(2);
  });

  it('lives with an answer that nobody reads and whose connection breaks', async () => {
    const response = await (await client()).request({ ...services, query: { watch: 'true' } });
    server.dropConnections();
    while (!response.body.destroyed) await sleep(2);
    expect(response.status).to.equal(200);
  });

  it("asks as a pod, with its service account's files", async () => {
    await writeFile(join(directory, 'token'), server.authentication.token('pod'));
    await writeFile(join(directory, 'ca.crt'), server.authority.certificate);
    const identity = inClusterIdentity(new URL(server.url).host, directory);
    const response = await new ApiClient(new Credentials(identity, systemClock), transport).request(services);
    response.body.resume();
    expect([response.status, lastUser()]).to.deep.equal([200, 'pod']);
  });

  it('asks another address than the kubeconfig has, where one is given', async () => {
    const overridden = await client({ server: 'https://192.0.2.1:6443' }, undefined, server.url);
    const response = await overridden.request(services);
    response.body.resume();
    expect(response.status).to.equal(200);
  });

  it('checks the certificate for the name that the kubeconfig gives', async () => {
    const response = await (await client({ 'tls-server-name': 'api.test' })).request(services);
    response.body.resume();
    expect(response.status).to.equal(200);
    const error = await failureOf((await client({ 'tls-server-name': 'other.test' })).request(services));
    expect(error.code).to.equal('certificate');
    expect(error.message).to.match(/ERR_TLS_CERT_ALTNAME_INVALID.*check certificate-authority/);
  });

  it('refuses a server of another authority', async () => {
    const other = await Authority.create();
    const data = Buffer.from(other.certificate).toString('base64');
    const error = await failureOf((await client({ 'certificate-authority-data': data })).request(services));
    expect(error.code).to.equal('certificate');
  });

  it('reads the authority again when a server is not of the one that it knows', async () => {
    const file = join(directory, 'replaced-ca.crt');
    await writeFile(file, (await Authority.create()).certificate);
    const following = await client({
      'certificate-authority': 'replaced-ca.crt',
      'certificate-authority-data': '',
    });
    expect((await failureOf(following.request(services))).code).to.equal('certificate');
    await writeFile(file, server.authority.certificate);
    const response = await following.request(services);
    response.body.resume();
    expect(response.status).to.equal(200);
  });

  it('says that nobody answers, and where', async () => {
    const error = await failureOf((await client({ server: 'https://127.0.0.1:1' })).request(services));
    expect(error.code).to.equal('unreachable');
    expect(error.message).to.match(
      /^expected an answer from the API server https:\/\/127\.0\.0\.1:1, got .*ECONNREFUSED.*; check that it runs/,
    );
  });

  it('gives up on a server that says nothing', async () => {
    const silent = createTcpServer(() => undefined);
    await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve));
    transport = new Transport({ userAgent: 'kube-ipvs/test', answerTime: 50 });
    const address = `https://127.0.0.1:${(silent.address() as AddressInfo).port}`;
    const error = await failureOf((await client({ server: address })).request(services));
    expect(error.code).to.equal('timeout');
    silent.close();
  });

  it('reads a compressed answer', async () => {
    for (let index = 0; index < 500; index += 1) {
      server.store.create(service(`service-with-a-long-name-to-fill-the-page-${index}`));
    }
    const list = JSON.parse(await textOf(await (await client()).request(services))) as { items: unknown[] };
    expect(list.items).to.have.length(500);
  });

  it('fails the body when the connection breaks', async () => {
    const query = { watch: 'true' };
    const response = await (await client()).request({ ...services, query });
    const read = failureOf(textOf(response));
    server.dropConnections();
    expect(await read).to.be.an('error');
  });

  it('ends a watch when it is told to', async () => {
    const stop = new AbortController();
    const response = await (
      await client()
    ).request({ ...services, query: { watch: 'true' }, signal: stop.signal });
    const read = failureOf(textOf(response));
    stop.abort();
    expect(await read).to.be.an('error');
    while (server.watchCount > 0) await sleep(2);
  });

  it('uses a connection again', async () => {
    const connections = new Set<Socket>();
    const relay = createTcpServer((socket) => {
      connections.add(socket);
      const { hostname, port } = new URL(server.url);
      socket.pipe(connect(Number(port), hostname)).pipe(socket);
    });
    await new Promise<void>((resolve) => relay.listen(0, '127.0.0.1', resolve));
    const relayed = await client({ server: `https://127.0.0.1:${(relay.address() as AddressInfo).port}` });
    await textOf(await relayed.request(services));
    await textOf(await relayed.request(services));
    expect(connections.size).to.equal(1);
    for (const socket of connections) socket.destroy();
    relay.close();
  });

  describe('behind a proxy', () => {
    let proxy: Server;
    let asked: [string | undefined, string | undefined][];
    let open: Socket[];

    beforeEach(async () => {
      asked = [];
      open = [];
      proxy = createHttpServer();
      proxy.on('connect', (request, socket: Socket) => {
        asked.push([request.url, request.headers['proxy-authorization']]);
        const [host, port] = request.url?.split(':') ?? [];
        if (port === '1') {
          socket.end('HTTP/1.1 403 Forbidden\r\n\r\n');
          return;
        }
        const upstream = connect(Number(port), host, () => {
          socket.write('HTTP/1.1 200 OK\r\n\r\n');
          socket.pipe(upstream).pipe(socket);
        });
        open.push(socket, upstream);
      });
      await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve));
    });

    afterEach(() => {
      for (const socket of open) socket.destroy();
      proxy.close();
    });

    const proxyUrl = (): string => `http://me:secret@127.0.0.1:${(proxy.address() as AddressInfo).port}`;

    it('speaks TLS with the server, through a tunnel', async () => {
      const response = await (await client({ 'proxy-url': proxyUrl() })).request(services);
      expect(JSON.parse(await textOf(response))).to.have.property('kind', 'ServiceList');
      const basic = `Basic ${Buffer.from('me:secret').toString('base64')}`;
      expect(asked).to.deep.equal([[new URL(server.url).host, basic]]);
    });

    it('says that the proxy refuses', async () => {
      const refused = await client({ 'proxy-url': proxyUrl(), server: 'https://127.0.0.1:1' });
      const error = await failureOf(refused.request(services));
      expect(error.code).to.equal('proxy');
      expect(error.message).to.match(
        /expected a tunnel to 127\.0\.0\.1:1 .*, got status 403; check proxy-url/,
      );
    });
  });

  describe('a kubeconfig', () => {
    for (const [what, make, message] of [
      [
        'without TLS',
        () => client({ server: 'http://127.0.0.1:8080' }),
        /to be https:\/\/host:port, got "http:/,
      ],
      [
        'that trusts everybody',
        () => client({ 'insecure-skip-tls-verify': true }),
        /insecure-skip-tls-verify: true; give/,
      ],
      [
        'with an auth-provider',
        () => client({}, { 'auth-provider': { name: 'gcp' } }),
        /use the provider's exec plugin/,
      ],
      [
        'with a name and password in the address, which it does not repeat',
        () => client({ server: 'https://me:secret@127.0.0.1:6443' }),
        /^expected the server of cluster \S+ in \S+ to be https:\/\/host:port, got "https:\/\/\.\.\.@127\.0\.0\.1:6443"/,
      ],
      [
        'with a SOCKS proxy, whose password it does not repeat',
        () => client({ 'proxy-url': 'socks5://me:secret@127.0.0.1:1' }),
        /got "socks5:\/\/\.\.\.@127\.0\.0\.1:1"; use an HTTP proxy/,
      ],
      ['with a SOCKS proxy', () => client({ 'proxy-url': 'socks5://127.0.0.1:1' }), /use an HTTP proxy/],
      ['that is no YAML', () => fromText('{'), /expected a kubeconfig in .*config, got/],
      ['that is empty', () => fromText(''), /to have the current-context "", got none/],
    ] as const) {
      it(`is refused ${what}, with what to do`, async () => {
        const error = await failureOf(make());
        expect(error.code).to.equal('credentials');
        expect(error.message).to.match(message);
      });
    }

    it('that is not there is named', async () => {
      const error = await failureOf(readKubeconfig(join(directory, 'nowhere')));
      expect(error.message).to.match(/expected a kubeconfig in .*nowhere, got: ENOENT/);
    });
  });
});

describe('ApiClient', () => {
  it('ends a request with its signal while credentials are waited for', async () => {
    const never = { access: () => new Promise<never>(() => undefined), renew: () => undefined };
    const transport = new Transport({ userAgent: 'kube-ipvs/test' });
    const ending = new AbortController();
    const request = new ApiClient(never, transport).request({ path: '/', signal: ending.signal });
    ending.abort();
    expect((await failureOf(request)).name).to.equal('AbortError');
    transport.close();
  });
});
