import { createServer, type RequestListener, type Server } from 'node:http';
import { expect } from 'chai';
import { SocketClient } from '../../../lib/socket/socket-client.ts';
import { SocketError } from '../../../lib/socket/socket-error.ts';
import { socketFolder, type SocketFolder } from './support.ts';

/** Why a promise was rejected. */
async function reasonOf(promise: Promise<unknown>): Promise<SocketError> {
  try {
    await promise;
  } catch (error) {
    if (error instanceof SocketError) return error;
    throw error;
  }
  throw new Error('expected a rejection, got none');
}

describe('SocketClient', () => {
  let folder: SocketFolder;
  let path: string;
  let servers: Server[];

  beforeEach(() => {
    folder = socketFolder();
    path = folder.path('a.sock');
    servers = [];
  });

  afterEach(() => {
    for (const server of servers) {
      server.closeAllConnections();
      server.close();
    }
    folder.remove();
  });

  async function serve(answer: RequestListener): Promise<void> {
    const server = createServer(answer);
    servers.push(server);
    await new Promise<void>((resolve) => server.listen({ path }, resolve));
  }

  it('says where there is no daemon', async () => {
    const { code, message } = await reasonOf(new SocketClient({ path }).status());
    expect(code).to.equal('no-daemon');
    expect(message).to.equal(
      `${path}: expected a kube-ipvs that listens, got ENOENT; start "kube-ipvs run", or name its socket with --socket`,
    );
  });

  it('waits no longer than it has patience for a daemon that hangs, before and within its answer', async () => {
    await serve(() => undefined);
    const asked = new SocketClient({ path, patience: 50 });
    expect((await reasonOf(asked.status())).code).to.equal('no-answer');
    servers[0]?.removeAllListeners('request').on('request', (_request, response) => {
      response.writeHead(200).write('{');
    });
    expect((await reasonOf(asked.status())).code).to.equal('no-answer');
  });

  it('takes for a status what says that it is one, of its version', async () => {
    const status = { apiVersion: 'kube-ipvs.io/v1alpha1', kind: 'Status', time: 'now' };
    const answers = [JSON.stringify(status), '{"kind":"Status","apiVersion":"kube-ipvs.io/v9"}', '[', 'null'];
    await serve((_request, response) => response.end(answers.shift()));
    const asked = new SocketClient({ path });
    expect(await asked.status()).to.deep.equal(status);
    const reasons = [
      await reasonOf(asked.status()),
      await reasonOf(asked.status()),
      await reasonOf(asked.status()),
    ];
    expect(reasons.map(({ code }) => code)).to.deep.equal(['bad-answer', 'bad-answer', 'bad-answer']);
    expect(reasons[0]?.message).to.contain(
      'got a status of another version; see that the daemon is of the version',
    );
  });

  it('gives the text of an answer that is none of 200', async () => {
    await serve((_request, response) => response.writeHead(404).end('404 page not found\n'));
    const { message } = await reasonOf(new SocketClient({ path }).get('/v1/other'));
    expect(message).to.contain('got 404 for GET /v1/other: 404 page not found');
  });

  it('puts a text', async () => {
    await serve((request, response) => {
      request.setEncoding('utf8').on('data', (body: string) => response.end(`${request.method} ${body}`));
    });
    expect(await new SocketClient({ path }).put('/debug/flags/v', '4')).to.equal('PUT 4');
  });

  it('gives lines as they come, however they are cut, until the daemon ends them', async () => {
    await serve((_request, response) => {
      response.write('{"a":1}\n{"a"');
      setTimeout(() => response.end(':2}\n\n{"a":3}\n{"a"'), 10);
    });
    const lines: unknown[] = [];
    for await (const line of new SocketClient({ path }).lines('/v1/events', new AbortController().signal))
      lines.push(line);
    expect(lines).to.deep.equal([{ a: 1 }, { a: 2 }, { a: 3 }]);
  });

  it('ends lines without an error when it is told to, and tells the daemon', async () => {
    const closed = Promise.withResolvers<undefined>();
    await serve((_request, response) => {
      response.on('close', () => {
        closed.resolve(undefined);
      });
      response.write('{"a":1}\n');
    });
    const ending = new AbortController();
    const lines: unknown[] = [];
    for await (const line of new SocketClient({ path }).lines('/v1/events', ending.signal)) {
      lines.push(line);
      ending.abort();
    }
    expect(lines).to.deep.equal([{ a: 1 }]);
    await closed.promise;
  });

  it('says that a daemon went in the middle of its lines', async () => {
    await serve((_request, response) => {
      response.write('{"a":1}\n');
      setTimeout(() => response.destroy(), 10);
    });
    const following = async (): Promise<void> => {
      for await (const line of new SocketClient({ path }).lines('/v1/events', new AbortController().signal))
        expect(line).to.deep.equal({ a: 1 });
    };
    expect((await reasonOf(following())).message).to.contain('got ECONNRESET');
  });
});
