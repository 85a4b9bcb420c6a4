import { once } from 'node:events';
import { get, type IncomingMessage } from 'node:http';
import { buffer } from 'node:stream/consumers';
import { gunzipSync } from 'node:zlib';
import { expect } from 'chai';
import { HttpListener } from '../../../lib/health/http-listener.ts';
import { text } from '../../../lib/health/reply.ts';
import { router } from '../../../lib/health/router.ts';
import { ManualClock, MemoryLog } from '../reconciler/world.ts';
import { ask } from './support.ts';

/** More than a connection takes at once. */
const manyPieces = Array.from({ length: 200 }, (_, index) => `${index} `.repeat(8192));
let made = 0;

async function* pieces(): AsyncGenerator<string, void> {
  made = 0;
  for (const piece of manyPieces) {
    made += 1;
    yield piece;
    await Promise.resolve();
  }
}

async function* torn(): AsyncGenerator<string, void> {
  yield 'half of it';
  await Promise.resolve();
  throw new Error('torn');
}

/** What a server sends to a request with these headers, as it is. */
function raw(port: number, path: string, headers: Record<string, string>): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    get({ host: '127.0.0.1', port, path, headers, agent: false }, resolve).on('error', reject);
  });
}

describe('router', () => {
  let log: MemoryLog;
  let listener: HttpListener;
  let port: number;

  beforeEach(async () => {
    log = new MemoryLog();
    const answer = router(
      {
        '/mode': () => text(200, 'ipvs'),
        '/later': () => Promise.resolve(text(503, 'wäit')),
        '/broken': () => {
          throw new Error('broken');
        },
        '/pieces': () => ({ status: 200, type: 'text/plain', pieces: pieces() }),
        '/torn': () => ({ status: 200, type: 'text/plain', pieces: torn() }),
        '/rejected': () => Promise.reject(new Error('rejected')),
      },
      log,
    );
    listener = new HttpListener({
      place: { host: '127.0.0.1', port: 0 },
      answer,
      clock: new ManualClock(),
      random: () => 0,
      told: () => undefined,
    });
    await listener.start();
    port = listener.port!;
  });

  afterEach(() => {
    listener.close();
  });

  it('answers at its paths, whatever the query', async () => {
    const { status, body, headers } = await ask(port, '/mode?verbose');
    expect([status, body]).to.deep.equal([200, 'ipvs']);
    expect(headers).to.include({
      'content-type': 'text/plain; charset=utf-8',
      'content-length': '4',
      'x-content-type-options': 'nosniff',
      connection: 'close',
    });
  });

  it('waits for an answer, and counts its length in bytes', async () => {
    const { status, body, headers } = await ask(port, '/later');
    expect([status, body, headers['content-length']]).to.deep.equal([503, 'wäit', '5']);
  });

  it('answers HEAD without a body', async () => {
    const { status, body, headers } = await ask(port, '/mode', { method: 'HEAD' });
    expect([status, body, headers['content-length']]).to.deep.equal([200, '', '4']);
  });

  it('sends an answer in pieces, as long as it is', async () => {
    const { status, body, headers } = await ask(port, '/pieces');
    expect(status).to.equal(200);
    expect(headers).not.to.have.any.keys('content-length', 'content-encoding');
    expect(body === manyPieces.join('')).to.equal(true);
  });

  it('compresses it for who takes that', async () => {
    const response = await raw(port, '/pieces', { 'accept-encoding': 'deflate, gzip;q=1.0' });
    expect(response.headers['content-encoding']).to.equal('gzip');
    const sent = await buffer(response);
    expect(gunzipSync(sent).toString() === manyPieces.join('')).to.equal(true);
    expect(sent.length).to.be.below(manyPieces.join('').length / 10);
  });

  it('makes none of it for HEAD', async () => {
    made = 0;
    const { status, body } = await ask(port, '/pieces', { method: 'HEAD' });
    expect([status, body, made]).to.deep.equal([200, '', 0]);
  });

  it('makes no more of it than is taken, and no error of a client that leaves', async () => {
    const response = await raw(port, '/pieces', {});
    await once(response, 'readable');
    expect(made).to.be.below(manyPieces.length);
    response.destroy();
    expect((await ask(port, '/mode')).status).to.equal(200);
    expect(log.lines).to.deep.equal([]);
  });

  it('breaks the connection where the rest cannot be made, and tells the log', async () => {
    const failure: unknown = await ask(port, '/torn').catch((error: unknown) => error);
    expect(failure).to.include({ code: 'ECONNRESET' });
    expect(log.at('error')).to.deep.equal(['a request could not be answered']);
  });

  for (const path of ['/', '/mode/', '/Mode', '//mode', '/__proto__', '/toString', '*']) {
    it(`knows no ${path}`, async () => {
      expect((await ask(port, path)).status).to.equal(404);
    });
  }

  for (const method of ['POST', 'PUT', 'DELETE', 'PATCH', 'OPTIONS', 'TRACE']) {
    it(`answers ${method} as it does GET where there is something to read`, async () => {
      const { status, body } = await ask(port, '/mode', { method });
      expect([status, body]).to.deep.equal([200, 'ipvs']);
    });
  }

  for (const path of ['/broken', '/rejected']) {
    it(`answers 500 at ${path} and tells the log`, async () => {
      const { status, body } = await ask(port, path);
      expect([status, body]).to.deep.equal([500, 'Internal Server Error\n']);
      expect(log.at('error')).to.deep.equal(['a request could not be answered']);
    });
  }
});
