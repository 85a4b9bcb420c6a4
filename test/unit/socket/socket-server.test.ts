import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, statSync, writeFileSync } from 'node:fs';
import type { RequestListener } from 'node:http';
import { createServer, type Server } from 'node:net';
import { expect } from 'chai';
import { SocketClient } from '../../../lib/socket/socket-client.ts';
import { SocketServer } from '../../../lib/socket/socket-server.ts';
import { ManualClock } from '../reconciler/world.ts';
import { socketFolder, type SocketFolder } from './support.ts';

const answer: RequestListener = (request, response) => {
  response.end(JSON.stringify({ asked: `${request.method} ${request.url}` }));
};

/** Has a process listen at a path and be killed. */
function killedListener(path: string): { readonly status: number | null } {
  const program = `require('node:net').createServer().listen(${JSON.stringify(path)}, () => process.kill(process.pid, 'SIGKILL'))`;
  return spawnSync(process.execPath, ['-e', program]);
}

describe('SocketServer', () => {
  let folder: SocketFolder;
  let clock: ManualClock;
  let told: string[];
  let servers: SocketServer[];
  let others: Server[];

  beforeEach(() => {
    folder = socketFolder();
    clock = new ManualClock();
    told = [];
    servers = [];
    others = [];
  });

  afterEach(() => {
    for (const server of servers) server.close();
    for (const other of others) other.close();
    folder.remove();
  });

  function server(path: string): SocketServer {
    const made = new SocketServer({
      ...{ path, answer, clock },
      told: (error) => told.push(error?.message ?? 'listens'),
    });
    servers.push(made);
    return made;
  }

  /** Somebody else's server. */
  async function taken(path: string): Promise<Server> {
    const other = createServer();
    others.push(other);
    other.listen({ path });
    await once(other, 'listening');
    return other;
  }

  it('answers who may use its socket, which is its owner alone, in a folder that it makes', async () => {
    const path = folder.path('made/for/it.sock');
    await server(path).start();
    expect(told).to.deep.equal(['listens']);
    expect(await new SocketClient({ path }).get('/v1/thing')).to.deep.equal({ asked: 'GET /v1/thing' });
    expect(statSync(path).mode & 0o777).to.equal(0o600);
    expect(statSync(folder.path('made')).mode & 0o777).to.equal(0o700);
  });

  it('leaves no socket behind', async () => {
    const path = folder.path('a.sock');
    const one = server(path);
    await one.start();
    one.close();
    expect(existsSync(path)).to.equal(false);
  });

  it('leaves no socket behind where it is closed before it listens', async () => {
    const path = folder.path('a.sock');
    const one = server(path);
    const started = one.start();
    one.close();
    await started;
    expect(existsSync(path)).to.equal(false);
    expect(told).to.deep.equal([]);
  });

  it('replaces the socket of a process that was killed', async () => {
    const path = folder.path('a.sock');
    const { status } = killedListener(path);
    expect([status, existsSync(path)]).to.deep.equal([null, true]);
    await server(path).start();
    expect(told).to.deep.equal(['listens']);
    expect(await new SocketClient({ path }).get('/')).to.deep.equal({ asked: 'GET /' });
  });

  it('leaves the socket of a process that lives, and takes its place when that has gone', async () => {
    const path = folder.path('a.sock');
    const other = await taken(path);
    await server(path).start();
    expect(told).to.deep.equal([
      `${path}: expected no other kube-ipvs, got one that answers; stop the other one, or give this one a --socket of its own`,
    ]);
    await new Promise((resolve) => other.close(resolve));
    clock.advance(5000);
    while (told.length < 2) await new Promise((resolve) => setTimeout(resolve, 5));
    expect(told[1]).to.equal('listens');
  });

  it('removes nothing that is no socket', async () => {
    const path = folder.path('a.sock');
    writeFileSync(path, 'precious');
    await server(path).start();
    expect(told[0]).to.contain('expected a socket or nothing, got something else; remove it');
    expect(existsSync(path)).to.equal(true);
  });

  it('says what keeps it from listening', async () => {
    writeFileSync(folder.path('file'), '');
    await server(folder.path('file/a.sock')).start();
    expect(told[0]).to.contain('expected a folder that sockets can be made in, got EEXIST');
  });
});
