import type { IncomingMessage } from 'node:http';
import { expect } from 'chai';
import { createLog } from '../../../lib/cli/log.ts';
import { RepeatLimit } from '../../../lib/cli/repeat-limit.ts';
import { isFromHere, Verbosity, verbosityRoute } from '../../../lib/cli/verbosity.ts';
import { HttpListener } from '../../../lib/health/http-listener.ts';
import { router } from '../../../lib/health/router.ts';
import { type Answered, ask } from '../health/support.ts';
import { ManualClock, MemoryLog } from '../reconciler/world.ts';
import { recordingTerminal, type RecordingTerminal } from './recording-terminal.ts';

describe('the verbosity of a running program', () => {
  let terminal: RecordingTerminal;
  let verbosity: Verbosity;
  let log: ReturnType<typeof createLog>;
  let listener: HttpListener | undefined;

  beforeEach(() => {
    terminal = recordingTerminal();
    log = createLog({ loggingFormat: 'text', verbosity: 0 }, terminal);
    verbosity = new Verbosity(log, 0);
  });

  afterEach(() => {
    listener?.close();
  });

  /** What is answered to a request; `mayChange` is whether it may set anything. */
  async function asked(method: string, body: string, mayChange = true): Promise<Answered> {
    listener?.close();
    listener = new HttpListener({
      place: { host: '127.0.0.1', port: 0 },
      answer: router({ '/debug/flags/v': verbosityRoute(verbosity, () => mayChange) }, new MemoryLog()),
      clock: new ManualClock(),
      random: () => 0,
      told: () => undefined,
    });
    await listener.start();
    return ask(listener.port!, '/debug/flags/v', { method, body });
  }

  it('is set by PUT, told in the log, and given by GET', async () => {
    log.debug({}, 'too soon');
    const { status, body } = await asked('PUT', '4');
    expect([status, body]).to.deep.equal([200, 'successfully set klog.logging.verbosity to 4\n']);
    log.debug({}, 'now');
    expect((await asked('GET', '')).body).to.equal('4\n');
    await asked('PUT', ' 0\n');
    log.debug({}, 'too late');
    const lines = terminal.written.err.split('\n').map((line) => line.slice(25));
    expect(lines).to.deep.equal([
      'info  the verbosity of this log was changed before=0 verbosity=4',
      'debug now',
      'info  the verbosity of this log was changed before=4 verbosity=0',
      '',
    ]);
  });

  for (const body of ['', '11', '-1', '1.5', 'four', '0x1']) {
    it(`is not set to ${JSON.stringify(body)}`, async () => {
      const answer = await asked('PUT', body);
      expect(answer.status).to.equal(400);
      expect(answer.body).to.equal(`expected a whole number from 0 to 10, got ${JSON.stringify(body)}\n`);
      expect(verbosity.value).to.equal(0);
    });
  }

  it('is not set by who may not, nor by another method, nor by a long text', async () => {
    expect(await asked('PUT', '4', false)).to.include({ status: 403 });
    expect((await asked('POST', '4')).headers.allow).to.equal('GET, HEAD, PUT');
    expect(await asked('PUT', '4'.repeat(5000))).to.include({ status: 413 });
    expect(verbosity.value).to.equal(0);
  });

  const requests: readonly (readonly [string, Record<string, string>, boolean])[] = [
    ['127.0.0.1', {}, true],
    ['::1', { host: 'localhost' }, true],
    ['::ffff:127.0.0.5', {}, true],
    ['192.0.2.1', {}, false],
    ['::ffff:192.0.2.1', {}, false],
    ['127.0.0.1', { 'x-forwarded-for': '192.0.2.1' }, false],
    ['127.0.0.1', { forwarded: 'for=192.0.2.1' }, false],
    ['127.0.0.1', { origin: 'http://somewhere.example' }, false],
  ];
  for (const [remoteAddress, headers, here] of requests) {
    it(`${here ? 'may' : 'may not'} be set from ${remoteAddress} with ${JSON.stringify(headers)}`, () => {
      const request = { socket: { remoteAddress }, headers } as unknown as IncomingMessage;
      expect(isFromHere(request)).to.equal(here);
    });
  }
});

describe('lines that say the same', () => {
  it('come as many at once as they may and then one from time to time, with how many did not', () => {
    let now = 0;
    const limit = new RepeatLimit(() => now, { burst: 20, refill: 1000 });
    const taken = Array.from({ length: 30 }, () => limit.take('a'));
    expect(taken.filter((leftOut) => leftOut === 0)).to.have.length(20);
    expect(limit.take('b')).to.equal(0);
    now = 1500;
    expect([limit.take('a'), limit.take('a')]).to.deep.equal([10, undefined]);
    now = 2000;
    expect(limit.take('a')).to.equal(1);
    now = 1e6;
    expect(
      Array.from({ length: 21 }, () => limit.take('a')).filter((leftOut) => leftOut === 0),
    ).to.have.length(20);
  });

  it('are limited, those that warn more than those that tell of changes, and not those that were asked for', () => {
    const terminal = recordingTerminal();
    let now = 0;
    const log = createLog({ loggingFormat: 'json', verbosity: 4 }, terminal, () => now);
    for (let count = 0; count < 150; count += 1) {
      log.info({ count }, 'synced');
      log.warn({ count }, 'refused');
      log.debug({ count }, 'looked');
    }
    now = 5000;
    log.info({ count: 150 }, 'synced');
    log.warn({ count: 150 }, 'refused');
    const lines = terminal.written.err
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as Record<string, unknown>);
    expect(lines.filter(({ msg }) => msg === 'synced')).to.have.length(101);
    expect(lines.filter(({ msg }) => msg === 'looked')).to.have.length(150);
    expect(lines.at(-2)).to.include({ level: 'info', count: 150, leftOut: 50 });
    expect(lines.filter(({ msg }) => msg === 'refused')).to.have.length(21);
    expect(lines.at(-1)).to.include({ level: 'warn', count: 150, leftOut: 130 });
  });
});
