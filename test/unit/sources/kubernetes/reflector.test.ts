import { expect } from 'chai';
import type { ApiResponse } from '../../../../lib/sources/kubernetes/api.ts';
import { Reflector } from '../../../../lib/sources/kubernetes/reflector.ts';
import {
  Answer,
  failure,
  ManualClock,
  page,
  RecordingHandler,
  recordingLog,
  ScriptedApi,
  thing,
  turn,
} from './scripted-api.ts';

describe('Reflector', () => {
  let clock: ManualClock;
  let handler: RecordingHandler;
  let api: ScriptedApi;
  let reflector: Reflector;
  let lines: { level: number; msg: string }[];

  async function begin(...script: (ApiResponse | Error)[]): Promise<void> {
    clock = new ManualClock();
    handler = new RecordingHandler();
    api = new ScriptedApi(...script);
    const recording = recordingLog();
    lines = recording.lines;
    reflector = new Reflector({
      api,
      path: '/api/v1/things',
      what: 'Things',
      labelSelector: '!hidden',
      handler,
      log: recording.log,
      clock,
      random: () => 0.5,
    });
    reflector.start();
    await settle();
  }

  const settle = async (): Promise<void> => {
    for (let count = 0; count < 20; count += 1) await turn();
  };
  const errors = (): string[] => lines.filter(({ level }) => level >= 50).map(({ msg }) => msg);
  const listed = (version = 10): Answer =>
    new Answer()
      .event('ADDED', thing('a', 5, 'one'))
      .event('ADDED', thing('b', 3, 'two'))
      .bookmark(version, true);
  const watchFrom = (version: number): Record<string, string> => ({
    labelSelector: '!hidden',
    watch: 'true',
    resourceVersion: String(version),
  });
  const streamQuery = {
    labelSelector: '!hidden',
    watch: 'true',
    sendInitialEvents: 'true',
    resourceVersionMatch: 'NotOlderThan',
  };

  afterEach(async () => {
    await reflector.stop();
  });

  it('streams the list, is synced by its bookmark, and goes on with the watch', async () => {
    const stream = new Answer().event('ADDED', thing('a', 5, 'one')).event('ADDED', thing('b', 3, 'two'));
    await begin(stream);
    expect(handler.objects.size).to.equal(2);
    expect(handler.syncs).to.equal(0);
    stream
      .bookmark(10, true)
      .event('MODIFIED', thing('a', 11, 'three'))
      .event('DELETED', thing('b', 12));
    await settle();
    expect(handler.syncs).to.equal(1);
    expect([...handler.objects]).to.deep.equal([['ns/a', 'three']]);
    expect(api.queries).to.deep.equal([streamQuery]);
    expect(api.requests[0]?.query?.['timeoutSeconds']).to.equal('450');
  });

  it('goes on from the last version when the server ends the watch', async () => {
    const stream = listed().event('MODIFIED', thing('a', 11)).bookmark(20);
    const next = new Answer();
    await begin(stream);
    await clock.advance(5000);
    api.add(next);
    stream.end();
    await settle();
    expect(api.queries[1]).to.deep.equal(watchFrom(20));
    expect(reflector.counters.troubles.size).to.equal(0);
  });

  for (const status of [400, 415, 422]) {
    it(`lists in pages where the server answers a streamed list with ${status}`, async () => {
      const pages = [page(9, [thing('a', 5, 'one')], 'more'), page(9, [thing('b', 3, 'two')])];
      await begin(failure(status), ...pages, new Answer());
      expect([...handler.objects.keys()]).to.deep.equal(['ns/a', 'ns/b']);
      expect(handler.syncs).to.equal(1);
      expect(api.queries.slice(1)).to.deep.equal([
        { labelSelector: '!hidden', limit: '500' },
        { labelSelector: '!hidden', limit: '500', continue: 'more' },
        watchFrom(9),
      ]);
      expect(errors()).to.deep.equal([]);
    });
  }

  it('lists in pages where the server does not know of streamed lists and falls silent', async () => {
    await begin(
      new Answer().event('ADDED', thing('a', 5, 'one')),
      page(9, [thing('a', 5, 'one')]),
      new Answer(),
    );
    await clock.advance(11_000);
    await settle();
    expect(handler.syncs).to.equal(1);
    expect(handler.calls).to.deep.equal(['set ns/a one']);
    expect(api.queries.at(-1)).to.deep.equal(watchFrom(9));
  });

  it('lists in pages where a bookmark comes that does not end the list', async () => {
    await begin(new Answer().bookmark(9), page(9, [thing('a', 5, 'one')]), new Answer());
    expect(handler.syncs).to.equal(1);
  });

  it('begins the pages anew when a continue token has expired, and deletes what only the first ones had', async () => {
    await begin(
      failure(422),
      page(9, [thing('a', 5, 'one'), thing('gone', 6)], 'more'),
      failure(410),
      page(12, [thing('a', 5, 'one')], 'more'),
      page(12, [thing('b', 3, 'two')]),
      new Answer(),
    );
    expect([...handler.objects.keys()]).to.deep.equal(['ns/a', 'ns/b']);
    expect(handler.syncs).to.equal(1);
    expect(api.queries.at(-1)).to.deep.equal(watchFrom(12));
  });

  it('asks for the list in one piece when its tokens keep expiring', async () => {
    const first = (): ApiResponse => page(9, [thing('a', 5)], 'more');
    await begin(
      failure(422),
      first(),
      failure(410),
      first(),
      failure(410),
      page(9, [thing('a', 5)]),
      new Answer(),
    );
    expect(api.queries[5]).to.deep.equal({ labelSelector: '!hidden' });
    expect(handler.syncs).to.equal(1);
  });

  for (const [form, expire] of [
    ['an answer', () => failure(410)],
    ['an event', () => new Answer().event('ERROR', { code: 410, reason: 'Expired' })],
  ] as const) {
    it(`lists again after 410 as ${form}, and hands in only what differs`, async () => {
      const stream = listed();
      await begin(stream);
      await clock.advance(5000);
      handler.calls.length = 0;
      const again = new Answer()
        .event('ADDED', thing('a', 5, 'one'))
        .event('ADDED', thing('c', 30, 'new'))
        .bookmark(40, true);
      api.add(expire(), again);
      stream.end();
      await settle();
      await clock.advance(1000);
      expect(handler.calls).to.deep.equal(['set ns/c new', 'delete ns/b']);
      expect(reflector.counters.relists.get('expired')).to.equal(1);
      expect(handler.syncs).to.equal(2);
    });
  }

  it('goes on from the last version when the connection breaks', async () => {
    const stream = listed().event('MODIFIED', thing('a', 11, 'x'));
    await begin(stream, new Answer().event('MODIFIED', thing('b', 12, 'y')));
    stream.cut();
    await settle();
    await clock.advance(1000);
    expect(api.queries[1]).to.deep.equal(watchFrom(11));
    expect(handler.objects.get('ns/b')).to.equal('y');
    expect(reflector.counters.troubles.get('cut')).to.equal(1);
  });

  it('asks again for an event that was cut', async () => {
    const stream = listed().text('{"type":"MODIFIED","obj');
    await begin(stream, new Answer().event('MODIFIED', thing('b', 12, 'y')));
    stream.end();
    await settle();
    await clock.advance(1000);
    expect(api.queries[1]).to.deep.equal(watchFrom(10));
    expect(reflector.counters.troubles.get('cut')).to.equal(1);
    expect(handler.objects.get('ns/b')).to.equal('y');
  });

  for (const [what, code, send] of [
    ['broken JSON', 'broken', (answer: Answer) => answer.text('{"type":\n')],
    ['JSON that is no event', 'broken', (answer: Answer) => answer.text('[]\n')],
    ['an unknown type', 'unknown', (answer: Answer) => answer.event('RENAMED', thing('a', 11))],
    [
      'an object without version',
      'unversioned',
      (answer: Answer) => answer.event('ADDED', thing('a', undefined)),
    ],
    ['an object without name', 'unversioned', (answer: Answer) => answer.event('ADDED', { metadata: {} })],
  ] as const) {
    it(`goes on from the last version after ${what}, and lists again when it comes twice`, async () => {
      const again = new Answer().event('ADDED', thing('a', 11, 'new')).bookmark(12, true);
      await begin(send(listed()), send(new Answer()), again);
      await clock.advance(3000);
      expect(api.queries).to.deep.equal([streamQuery, watchFrom(10), streamQuery]);
      expect(reflector.counters.troubles.get(code)).to.equal(2);
      expect(reflector.counters.relists.get(code)).to.equal(1);
      expect([...handler.objects]).to.deep.equal([['ns/a', 'new']]);
      expect(errors()).to.have.length(1);
    });
  }

  it('leaves out an event that comes twice', async () => {
    const twice = thing('a', 11, 'x');
    await begin(
      listed()
        .event('MODIFIED', twice)
        .event('MODIFIED', twice)
        .event('DELETED', thing('b', 12))
        .event('DELETED', thing('b', 12)),
    );
    expect(handler.calls).to.deep.equal(['set ns/a one', 'set ns/b two', 'set ns/a x', 'delete ns/b']);
    expect(reflector.counters.duplicates).to.equal(2);
    expect(reflector.counters.troubles.size).to.equal(0);
  });

  it('lists again after an event whose time has passed, and trusts no version', async () => {
    const again = new Answer().event('ADDED', thing('a', 12, 'other')).bookmark(13, true);
    await begin(
      listed()
        .event('MODIFIED', thing('a', 12, 'x'))
        .event('MODIFIED', thing('b', 11, 'y')),
      again,
    );
    await clock.advance(1000);
    expect(reflector.counters.relists.get('disorder')).to.equal(1);
    expect([...handler.objects]).to.deep.equal([['ns/a', 'other']]);
  });

  it('lists again when a bookmark goes backwards, as after a restoration', async () => {
    const again = new Answer().event('ADDED', thing('a', 5, 'restored')).bookmark(7, true);
    await begin(listed().bookmark(6), again);
    await clock.advance(1000);
    expect([...handler.objects]).to.deep.equal([['ns/a', 'restored']]);
    expect(reflector.counters.relists.get('backwards')).to.equal(1);
    expect(errors()[0]).to.match(/expected version 10 of Things or a later one, got 6/);
  });

  it('reads a list twice that is older than the one before, for versions may have been given out twice', async () => {
    const older = (): Answer => new Answer().event('ADDED', thing('a', 5, 'restored')).bookmark(7, true);
    const stream = listed();
    await begin(stream, failure(410), older(), older());
    await clock.advance(5000);
    stream.end();
    await clock.advance(5000);
    expect(reflector.counters.relists.get('backwards')).to.equal(1);
    expect([...handler.objects]).to.deep.equal([['ns/a', 'restored']]);
  });

  it('lists again when the server is at an earlier version after its connection broke', async () => {
    const stream = listed();
    await begin(stream, new Answer().event('ADDED', thing('a', 5, 'restored')).bookmark(7, true));
    api.version = 7;
    stream.cut();
    await settle();
    await clock.advance(2000);
    expect(api.queries).to.deep.equal([streamQuery, streamQuery]);
    expect(reflector.counters.relists.get('backwards')).to.equal(1);
    expect([...handler.objects]).to.deep.equal([['ns/a', 'restored']]);
  });

  it('watches again when nothing comes for long, and lists again when nothing comes then', async () => {
    await begin(
      listed(),
      new Answer(),
      new Answer().event('ADDED', thing('a', 5, 'restored')).bookmark(7, true),
    );
    await clock.advance(151_000);
    expect(api.queries[1]).to.deep.equal(watchFrom(10));
    await clock.advance(151_000);
    expect(api.queries[2]).to.deep.equal(streamQuery);
    expect([...handler.objects]).to.deep.equal([['ns/a', 'restored']]);
    expect(reflector.counters.troubles.get('silent')).to.equal(2);
  });

  it('lists again when its version lies in the future of the server', async () => {
    const ahead = (): ApiResponse =>
      failure(504, { details: { retryAfterSeconds: 1, causes: [{ reason: 'ResourceVersionTooLarge' }] } });
    const stream = listed();
    await begin(
      stream,
      ahead(),
      ahead(),
      new Answer().event('ADDED', thing('a', 5, 'restored')).bookmark(7, true),
    );
    await clock.advance(5000);
    stream.end();
    await clock.advance(10_000);
    expect(reflector.counters.relists.get('ahead')).to.equal(1);
    expect([...handler.objects]).to.deep.equal([['ns/a', 'restored']]);
  });

  it('waits as long as an overloaded server asks', async () => {
    await begin(failure(429, {}, 20_000), listed());
    await clock.advance(19_999);
    expect(api.requests).to.have.length(1);
    await clock.advance(1001);
    expect(handler.syncs).to.equal(1);
  });

  it('does not wait for ever for the body of a refusal', async () => {
    await begin(new Answer(500), listed());
    await clock.advance(60_000);
    expect(handler.syncs).to.equal(1);
  });

  it('says once that it is forbidden, and tries again slowly until it is allowed', async () => {
    await begin(failure(403, { message: 'no way' }), failure(403, { message: 'no way' }), listed());
    await clock.advance(29_000);
    expect(api.requests).to.have.length(1);
    await clock.advance(3000);
    expect(api.requests).to.have.length(2);
    expect(reflector.trouble).to.match(/expected Things, got 403 \(no way\); allow list and watch/);
    await clock.advance(40_000);
    expect(errors()).to.have.length(1);
    expect(handler.syncs).to.equal(1);
    expect(reflector.trouble).to.equal(undefined);
    expect(lines.at(-1)?.msg).to.equal('Things are read again');
  });

  it('keeps everything while the server cannot be reached, and comes back less and less often', async () => {
    const stream = listed();
    const refused = new Error('connect ECONNREFUSED');
    await begin(stream, refused, refused, refused, new Answer());
    stream.cut();
    await settle();
    await clock.advance(60_000);
    expect(handler.calls).to.deep.equal(['set ns/a one', 'set ns/b two']);
    expect(api.queries.slice(1)).to.deep.equal([10, 10, 10, 10].map(watchFrom));
    expect(errors()).to.have.length(1);
  });

  it('does not repeat at once a watch that the server ends at once', async () => {
    await begin(listed().end(), new Answer().end(), new Answer());
    expect(api.requests).to.have.length(2);
    expect(reflector.counters.troubles.get('short')).to.equal(1);
    await clock.advance(1000);
    expect(api.requests).to.have.length(3);
  });

  it('deletes nothing on account of a list with an object that has no name', async () => {
    const stream = listed();
    await begin(
      stream,
      failure(410),
      failure(422),
      page(30, [thing('a', 20, 'x'), { metadata: {} }]),
      new Answer(),
    );
    await clock.advance(5000);
    stream.end();
    await clock.advance(5000);
    expect([...handler.objects.keys()]).to.deep.equal(['ns/a', 'ns/b']);
    expect(reflector.counters.unnamed).to.equal(1);
  });

  it('stops at once, in a watch as in a wait', async () => {
    await begin(listed());
    await reflector.stop();
    expect(clock.next).to.equal(Infinity);
    await begin(new Error('down'));
    await reflector.stop();
    expect(clock.next).to.equal(Infinity);
  });
});
