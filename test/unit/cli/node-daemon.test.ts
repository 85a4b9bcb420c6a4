import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { createServer, type RequestListener, type Server } from 'node:http';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { expect } from 'chai';
import { NodeDaemon } from '../../../lib/cli/node-daemon.ts';
import { SocketError } from '../../../lib/socket/socket-error.ts';
import { statusVersion } from '../../../lib/socket/status.ts';

const pid = 7;

describe('the daemon of a node', () => {
  let proc: string;
  let socket: string;
  let inContainer: string;
  let servers: Server[];

  beforeEach(() => {
    proc = mkdtempSync(join(tmpdir(), 'd-'));
    socket = join(proc, 's');
    inContainer = `${proc}/${pid}/root${socket}`;
    mkdirSync(dirname(inContainer), { recursive: true });
    servers = [];
  });

  afterEach(() => {
    for (const server of servers) {
      server.closeAllConnections();
      server.close();
    }
    rmSync(proc, { recursive: true });
  });

  async function serve(path: string, answer: RequestListener): Promise<void> {
    const server = createServer(answer);
    servers.push(server);
    await new Promise<void>((resolve) => server.listen({ path }, resolve));
  }

  const well: RequestListener = (_, response) =>
    response.end(JSON.stringify({ apiVersion: statusVersion, kind: 'Status' }));

  const silent: RequestListener = () => undefined;

  function daemon(process: number | undefined): NodeDaemon {
    return new NodeDaemon({ socket, proc, patience: 200, process: () => Promise.resolve(process) });
  }

  /** Where an answer came from, or what was wrong where. */
  async function outcome(process: number | undefined): Promise<string> {
    try {
      return (await daemon(process).status()).path;
    } catch (error) {
      if (!(error instanceof SocketError)) throw error;
      return `${error.code} at ${error.path}`;
    }
  }

  it('is not asked, nor looked for, where it is said to have no socket', async () => {
    const none = new NodeDaemon({
      socket: 'off',
      proc,
      process: () => Promise.reject(new Error('looked for')),
    });
    const error: unknown = await none.status().catch((reason: unknown) => reason);
    expect(error).to.be.instanceOf(SocketError).and.to.include({
      summary: '--socket off: expected a socket to ask at, got none',
    });
  });

  it('is asked at its socket, and no process is looked for then', async () => {
    await serve(socket, well);
    const process = (): Promise<number> => Promise.reject(new Error('it was looked for'));
    const { path } = await new NodeDaemon({ socket, process }).status();
    expect(path).to.equal(socket);
  });

  it('is asked at its socket in a container, where nobody listens at the other', async () => {
    await serve(inContainer, well);
    expect(await outcome(pid)).to.equal(inContainer);
    expect(await outcome(undefined)).to.equal(`no-daemon at ${socket}`);
  });

  it('is not looked for in a container, where somebody listens and says nothing', async () => {
    await serve(socket, silent);
    await serve(inContainer, well);
    expect(await outcome(pid)).to.equal(`no-answer at ${socket}`);
  });

  it('says what is wrong at its own socket, where nobody listens at either', async () => {
    expect(await outcome(pid)).to.equal(`no-daemon at ${socket}`);
    await serve(inContainer, silent);
    expect(await outcome(pid)).to.equal(`no-answer at ${inContainer}`);
  });

  it('tells lines from where it is, all of them', async () => {
    await serve(inContainer, (_, response) => response.end('1\n2\n3\n'));
    const lines: unknown[] = [];
    for await (const line of daemon(pid).lines('/v1/events', new AbortController().signal)) lines.push(line);
    expect(lines).to.deep.equal([1, 2, 3]);
  });

  it('tells nothing more where its lines are not wanted any more', async () => {
    const ending = new AbortController();
    await serve(socket, (_, response) => {
      response.writeHead(200).flushHeaders();
      ending.abort();
    });
    const lines: unknown[] = [];
    for await (const line of daemon(pid).lines('/v1/events', ending.signal)) lines.push(line);
    expect(lines).to.deep.equal([]);
  });
});
