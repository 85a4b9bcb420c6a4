import { expect } from 'chai';
import fc from 'fast-check';
import { pino } from 'pino';
import type { Api, ApiRequest, ApiResponse } from '../../../../lib/sources/kubernetes/api.ts';
import { Reflector } from '../../../../lib/sources/kubernetes/reflector.ts';
import { Answer, failure, ManualClock, page, RecordingHandler, thing, turn } from './scripted-api.ts';

interface Change {
  readonly type: 'ADDED' | 'MODIFIED' | 'DELETED';
  readonly object: object;
  readonly version: number;
}

/** What becomes of the next event: other text in its place, or its place behind the one that follows. */
type Spoil = { readonly text: string } | 'late';

/** A server with a history. What goes wrong is told to it step by step. */
class ErringServer implements Api {
  readonly objects = new Map<string, { readonly version: number; readonly content: string }>();
  readonly #streams: boolean;
  #version = 100;
  #history: Change[] = [];
  #compacted = 100;
  #failures: number[] = [];
  #open: Answer[] = [];
  #spoils: Spoil[] = [];
  #held: Change | undefined;
  #disturbed = 0;

  constructor(streams: boolean) {
    this.#streams = streams;
  }

  set(name: string, content: string): void {
    const type = this.objects.has(name) ? 'MODIFIED' : 'ADDED';
    this.#version += 1;
    this.objects.set(name, { version: this.#version, content });
    this.#tell({ type, version: this.#version, object: thing(name, this.#version, content) });
  }

  delete(name: string): void {
    if (!this.objects.delete(name)) return;
    this.#version += 1;
    this.#tell({ type: 'DELETED', version: this.#version, object: thing(name, this.#version, 'gone') });
  }

  /** Spoils the next event that is told to those who watch. */
  spoil(spoil: Spoil): void {
    this.#spoils.push(spoil);
  }

  /** Has something change between two pages. */
  disturb(): void {
    this.#disturbed += 1;
  }

  /** Goes back to what was some versions ago, and says how many it has lost, which it gives out again. */
  restore(versions: number): number {
    const kept = Math.max(this.#compacted, this.#version - versions);
    this.cut();
    this.#history = this.#history.filter(({ version }) => version <= kept);
    const lost = this.#version - kept;
    this.#version = kept;
    for (const name of [...this.objects.keys()]) {
      if ((this.objects.get(name)?.version ?? 0) > kept) this.objects.delete(name);
    }
    return lost;
  }

  compact(): void {
    this.#history = [];
    this.#compacted = this.#version;
  }

  cut(): void {
    for (const answer of this.#open) answer.cut();
    this.#held = undefined;
    this.#open = [];
  }

  end(): void {
    for (const answer of this.#open) answer.end();
    this.#held = undefined;
    this.#open = [];
  }

  /** Says something to all who watch. */
  say(say: (answer: Answer) => void): void {
    this.#open.forEach(say);
  }

  /** Says an event again that was some events ago. */
  repeat(ago: number): void {
    const change = this.#history.at(-1 - ago);
    if (change) this.say((answer) => answer.event(change.type, change.object));
  }

  bookmark(): void {
    const held = this.#held;
    this.#held = undefined;
    if (held) this.say((answer) => answer.event(held.type, held.object));
    this.say((answer) => answer.bookmark(this.#version));
  }

  fail(...statuses: number[]): void {
    this.#failures.push(...statuses);
  }

  request({ query = {}, signal }: ApiRequest): Promise<ApiResponse> {
    const status = this.#failures.shift();
    if (status !== undefined)
      return status === 0 ? Promise.reject(new Error('no route')) : Promise.resolve(failure(status));
    const response = query['watch'] === undefined ? this.#list(query) : this.#watch(query);
    response.body.on('error', () => undefined);
    signal.addEventListener('abort', () => response.body.destroy(new Error('aborted')));
    return Promise.resolve(response);
  }

  #tell(change: Change): void {
    this.#history.push(change);
    if (this.#open.length === 0) return;
    const spoil = this.#spoils.shift();
    const held = this.#held;
    this.#held = spoil === 'late' ? change : undefined;
    if (spoil === undefined) this.say((answer) => answer.event(change.type, change.object));
    else if (spoil !== 'late') this.say((answer) => answer.text(spoil.text));
    if (held) this.say((answer) => answer.event(held.type, held.object));
  }

  #items(): object[] {
    return [...this.objects].map(([name, { version, content }]) => thing(name, version, content));
  }

  /** Pages of two; the token is the version of the list and where it goes on. */
  #list(query: Readonly<Record<string, string>>): ApiResponse {
    const [version = this.#version, start = 0] = query['continue']?.split(' ').map(Number) ?? [];
    if (version !== this.#version) return failure(410);
    const size = query['limit'] === undefined ? Infinity : 2;
    const more = start + size < this.objects.size;
    const items = this.#items().slice(start, start + size);
    if (more && this.#disturbed > 0) {
      this.#disturbed -= 1;
      this.delete('a');
      this.set('f', 'disturbed');
    }
    return page(version, items, more ? `${version} ${start + size}` : '');
  }

  #watch(query: Readonly<Record<string, string>>): ApiResponse {
    const streamed = query['sendInitialEvents'] !== undefined;
    if (streamed && !this.#streams) return failure(422);
    const from = Number(query['resourceVersion'] ?? 0);
    if (!streamed && from < this.#compacted) return failure(410);
    const answer = new Answer();
    if (streamed) {
      for (const object of this.#items()) answer.event('ADDED', object);
      answer.bookmark(this.#version, true);
    } else {
      for (const { type, object, version } of this.#history) if (version > from) answer.event(type, object);
    }
    this.#open.push(answer);
    return answer;
  }
}

const name = fc.constantFrom('a', 'b', 'c', 'd', 'e');
const small = fc.nat({ max: 4 });
type Step = (server: ErringServer, clock: ManualClock) => void | Promise<void>;

const changes: fc.Arbitrary<Step> = fc.oneof(
  fc.tuple(name, fc.string()).map(([key, content]): Step => (server) => {
    server.set(key, content);
  }),
  name.map((key): Step => (server) => {
    server.delete(key);
  }),
);

const faults: fc.Arbitrary<Step> = fc.oneof(
  fc.constant<Step>((server) => {
    server.cut();
  }),
  fc.constant<Step>((server) => {
    server.end();
  }),
  fc.constant<Step>((server) => {
    server.compact();
  }),
  fc.constant<Step>((server) => {
    server.bookmark();
  }),
  small.map((ago): Step => (server) => {
    server.repeat(ago);
  }),
  fc.array(fc.constantFrom(0, 429, 500, 503, 403, 401), { maxLength: 3 }).map((codes): Step => (server) => {
    server.fail(...codes);
  }),
  fc
    .constantFrom<Spoil>(
      'late',
      { text: '{"type":"ADD\n' },
      { text: 'nonsense\n' },
      { text: '{"type":"MODIFIED","object":{"metadata":{}}}\n' },
      { text: '{"type":"LOST","object":{}}\n' },
    )
    .map((spoil): Step => (server) => {
      server.spoil(spoil);
    }),
  fc.constant<Step>((server) => {
    server.disturb();
  }),
  fc.constant<Step>((server) => {
    server.say((answer) => answer.event('ERROR', { code: 500 }));
  }),
  fc.constant<Step>((server) => {
    server.say((answer) => answer.text('{"type":"MODIF'));
    server.end();
  }),
  small.map(
    (seconds): Step =>
      (_server, clock) =>
        clock.advance(seconds * 1000),
  ),
  fc.constant<Step>(() => turn()),
);

async function follow(streams: boolean, steps: readonly Step[]): Promise<void> {
  const server = new ErringServer(streams);
  const clock = new ManualClock();
  const handler = new RecordingHandler();
  const log = pino({ level: 'silent' });
  const options = { api: server, path: '/things', what: 'Things', handler, log, clock, random: () => 0.5 };
  const reflector = new Reflector(options);
  reflector.start();
  for (const step of steps) await step(server, clock);
  // Five minutes of peace, in which bookmarks come as usual.
  for (let minute = 0; minute < 5; minute += 1) {
    await clock.advance(60_000);
    server.bookmark();
  }
  await clock.advance(10_000);
  await reflector.stop();
  const expected = [...server.objects].map(([key, { content }]) => [`ns/${key}`, content]);
  expect([...handler.objects].sort()).to.deep.equal(expected.sort());
  expect(handler.syncs).to.be.greaterThan(0);
}

describe('Reflector, whatever the server does', () => {
  for (const streams of [true, false]) {
    it(`ends with what the server has, ${streams ? 'with streamed lists' : 'with pages'}`, async () => {
      const step = fc.oneof({ weight: 3, arbitrary: changes }, { weight: 2, arbitrary: faults });
      await fc.assert(
        fc.asyncProperty(fc.array(step, { maxLength: 30 }), (steps) => follow(streams, steps)),
        { numRuns: 150 },
      );
    });
  }

  it('ends with what the server has after it is restored from a backup while it is watched', async () => {
    const restoration = fc
      .tuple(small, fc.array(fc.tuple(name, fc.string())))
      .map(([versions, writes]): Step => async (server, clock) => {
        await clock.advance(1000);
        const lost = server.restore(versions + 1);
        // More than it has lost would be written unseen: that no client can tell.
        for (const [key, content] of writes.slice(0, lost)) server.set(key, content);
        await clock.advance(400_000);
      });
    await fc.assert(
      fc.asyncProperty(fc.array(fc.oneof(changes, restoration), { maxLength: 20 }), (steps) =>
        follow(true, steps),
      ),
      { numRuns: 50 },
    );
  });
});
