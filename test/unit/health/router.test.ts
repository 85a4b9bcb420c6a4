import { expect } from 'chai';
import { HttpListener } from '../../../lib/health/http-listener.ts';
import { text } from '../../../lib/health/reply.ts';
import { router } from '../../../lib/health/router.ts';
import { ManualClock, MemoryLog } from '../reconciler/world.ts';
import { ask } from './support.ts';

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

  for (const path of ['/', '/mode/', '/Mode', '//mode', '/__proto__', '/toString', '*']) {
    it(`knows no ${path}`, async () => {
      expect((await ask(port, path)).status).to.equal(404);
    });
  }

  for (const method of ['POST', 'PUT', 'DELETE', 'PATCH', 'OPTIONS', 'TRACE']) {
    it(`refuses ${method} and names what is allowed`, async () => {
      const { status, headers } = await ask(port, '/mode', { method });
      expect([status, headers.allow]).to.deep.equal([405, 'GET, HEAD']);
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
