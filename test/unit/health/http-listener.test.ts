import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect } from 'chai';
import { HttpListener, type HttpListenerOptions } from '../../../lib/health/http-listener.ts';
import { ManualClock } from '../reconciler/world.ts';
import { ask, converse, until } from './support.ts';

describe('HttpListener', function () {
  let clock: ManualClock;
  let told: string[];
  let listeners: HttpListener[];
  let others: Server[];

  beforeEach(() => {
    clock = new ManualClock();
    told = [];
    listeners = [];
    others = [];
  });

  afterEach(() => {
    for (const listener of listeners) listener.close();
    for (const other of others) other.close();
  });

  function listener(changes: Partial<HttpListenerOptions> = {}): HttpListener {
    const made = new HttpListener({
      place: { host: '127.0.0.1', port: 0 },
      answer: (request, response) => response.end(`${request.method} ${request.url}`),
      clock,
      random: () => 0,
      told: (error) => told.push(error?.code ?? 'listens'),
      ...changes,
    });
    listeners.push(made);
    return made;
  }

  /** Somebody else's server on a port of loopback. */
  async function taken(): Promise<{ port: number; release: () => Promise<unknown> }> {
    const other = createServer();
    others.push(other);
    await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve));
    const release = (): Promise<unknown> => new Promise((resolve) => other.close(resolve));
    return { port: (other.address() as AddressInfo).port, release };
  }

  it('answers, and closes the connection behind its answer', async () => {
    const one = listener();
    expect(await one.start()).to.equal(undefined);
    const { status, body, headers } = await ask(one.port!, '/any?thing');
    expect([status, body, headers.connection]).to.deep.equal([200, 'GET /any?thing', 'close']);
    const kept = await converse(one.port!, 'GET / HTTP/1.1\r\nHost: a\r\nConnection: keep-alive\r\n\r\n');
    expect(await kept.ended).to.match(/^HTTP\/1.1 200 OK\r\n[^]*GET \/$/);
  });

  it('answers a request whose body nobody reads', async () => {
    const one = listener();
    await one.start();
    const { status } = await ask(one.port!, '/', { method: 'POST', body: 'x'.repeat(1_000_000) });
    expect(status).to.equal(200);
  });

  it('listens on every address of both families where no host is named', async () => {
    const one = listener({ place: { port: 0 } });
    await one.start();
    expect((await ask(one.port!)).status).to.equal(200);
    expect((await ask(one.port!, '/', { host: '::1' })).status).to.equal(200);
  });

  it('says why it cannot listen, and tries again until it can', async () => {
    const { port, release } = await taken();
    const one = listener({ place: { host: '127.0.0.1', port } });
    const error = await one.start();
    expect(error?.code).to.equal('EADDRINUSE');
    expect(error?.message).to.equal(
      `expected to listen at 127.0.0.1:${port}, got EADDRINUSE; end the program that has the port (ss -ltnp names it) or choose another`,
    );
    clock.advance(499);
    expect(told).to.deep.equal(['EADDRINUSE']);
    clock.advance(1);
    await until(() => told.length === 2);
    await release();
    clock.advance(999);
    expect(one.port).to.equal(undefined);
    clock.advance(1);
    await until(() => told.length === 3);
    expect(told).to.deep.equal(['EADDRINUSE', 'EADDRINUSE', 'listens']);
    expect((await ask(port)).status).to.equal(200);
  });

  it('waits five seconds at most between two tries', async () => {
    const { port } = await taken();
    const one = listener({ place: { host: '127.0.0.1', port }, random: () => 0.999_999 });
    await one.start();
    for (let tries = 2; tries <= 12; tries += 1) {
      expect(clock.next! - clock.now()).to.be.at.most(5000);
      clock.advance(5000);
      await until(() => told.length === tries && clock.next !== undefined);
    }
  });

  it('tries at once when it is told to', async () => {
    const { port, release } = await taken();
    const one = listener({ place: { host: '127.0.0.1', port } });
    await one.start();
    await release();
    one.retry();
    await until(() => told.length === 2);
    expect(told[1]).to.equal('listens');
    expect(clock.next).to.equal(undefined);
  });

  it('says that an address is not of this node', async () => {
    const error = await listener({ place: { host: '192.0.2.1', port: 0 } }).start();
    expect(error?.message).to.contain('192.0.2.1:0, got EADDRNOTAVAIL; give the address to an interface');
  });

  it('frees its port and ends its connections as soon as it is closed', async () => {
    const one = listener();
    await one.start();
    const port = one.port!;
    const half = await converse(port, 'GET / HT');
    await until(() => clock.next !== undefined);
    one.close();
    expect(await half.ended).to.equal('');
    expect(clock.next).to.equal(undefined);
    const next = listener({ place: { host: '127.0.0.1', port } });
    expect(await next.start()).to.equal(undefined);
  });

  for (const place of [{ port: 0 }, { host: '127.0.0.1', port: 0 }]) {
    it(`leaves nothing open that is closed while it begins (${JSON.stringify(place)})`, async () => {
      const one = listener({ place });
      const started = one.start();
      one.close();
      expect(await started).to.equal(undefined);
      expect(one.port).to.equal(undefined);
      expect(told).to.deep.equal([]);
    });
  }

  it('does not try again when it is closed while it waits', async () => {
    const { port, release } = await taken();
    const one = listener({ place: { host: '127.0.0.1', port } });
    await one.start();
    one.close();
    await release();
    expect(clock.next).to.equal(undefined);
    one.retry();
    expect(one.port).to.equal(undefined);
  });

  describe('with clients that mean no good', () => {
    it('ends a connection that lasts too long, whatever comes over it', async () => {
      const one = listener();
      await one.start();
      const slow = await converse(one.port!, 'GET / HTTP/1.1\r\n');
      await until(() => clock.next !== undefined);
      clock.advance(9999);
      slow.socket.write('X-A: b\r\n');
      expect(slow.socket.closed).to.equal(false);
      clock.advance(1);
      expect(await slow.ended).to.equal('');
    });

    it('answers while more connections are held open than it takes', async () => {
      const one = listener();
      await one.start();
      const held = await Promise.all(Array.from({ length: 200 }, () => converse(one.port!, 'GET')));
      expect((await ask(one.port!)).status).to.equal(200);
      await until(() => held.filter(({ socket }) => socket.closed).length >= 72);
      for (const { socket } of held) socket.destroy();
    });

    const broken: readonly (readonly [what: string, sent: string, status: number])[] = [
      ['no HTTP', 'hello\r\n\r\n', 400],
      ['a header without end', `GET / HTTP/1.1\r\nX: ${'x'.repeat(20_000)}\r\n\r\n`, 431],
      ['two lengths', 'GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n', 400],
      ['another version', 'GET / HTTP/9.9\r\nHost: a\r\n\r\n', 400],
    ];
    for (const [what, sent, status] of broken) {
      it(`refuses ${what} and goes on`, async () => {
        const one = listener();
        await one.start();
        expect(await (await converse(one.port!, sent)).ended).to.match(RegExp(`^HTTP/1.1 ${status} `));
        expect((await ask(one.port!)).status).to.equal(200);
      });
    }

    it('goes on where a client breaks off', async () => {
      const one = listener();
      await one.start();
      for (const sent of ['', 'GET', 'GET / HTTP/1.1\r\nHost: a\r\n\r\n', 'CONNECT a:1 HTTP/1.1\r\n\r\n']) {
        (await converse(one.port!, sent)).socket.resetAndDestroy();
      }
      expect((await ask(one.port!)).status).to.equal(200);
    });
  });
});
