import { Readable } from 'node:stream';
import { expect } from 'chai';
import type { Api, ApiRequest, ApiResponse } from '../../../../lib/sources/kubernetes/api.ts';
import { ApiError } from '../../../../lib/sources/kubernetes/api.ts';
import { EventRecorder } from '../../../../lib/sources/kubernetes/event-recorder.ts';
import { ReportedError } from '../../../../lib/sources/kubernetes/reporting-api.ts';
import type { ServiceEvent } from '../../../../lib/sources/kubernetes/service-event.ts';
import { failure, ManualClock, recordingLog, turn } from './scripted-api.ts';

interface Written {
  readonly path: string;
  readonly body: Record<string, unknown> & { readonly metadata: { readonly name: string } };
}

/** Services by their uid, and the events of them; both can be taken away, and every request be answered otherwise. */
class EventsApi implements Api {
  readonly uids = new Map([['default/web', 'uid-1']]);
  readonly events: Written[] = [];
  readonly series: { readonly name: string; readonly series: unknown }[] = [];
  readonly requests: string[] = [];
  /** What is answered in the place of what would be. */
  spoil: (request: ApiRequest) => ApiResponse | Error | undefined = () => undefined;

  request(request: ApiRequest): Promise<ApiResponse> {
    const method = request.method ?? 'GET';
    this.requests.push(method);
    const spoilt = this.spoil(request);
    if (spoilt instanceof Error) return Promise.reject(spoilt);
    return Promise.resolve(spoilt ?? this.#answer(method, request));
  }

  #answer(method: string, { path, body }: ApiRequest): ApiResponse {
    if (method === 'GET') {
      const [, namespace, name] = /namespaces\/(.*)\/services\/(.*)$/.exec(path) ?? [];
      const uid = this.uids.get(`${namespace}/${name}`);
      return uid === undefined ? failure(404) : answer(200, { metadata: { uid } });
    }
    if (method === 'POST') {
      this.events.push({ path, body: body as Written['body'] });
      return answer(201, {});
    }
    const name = path.split('/').at(-1) ?? '';
    if (!this.events.some((event) => event.body.metadata.name === name)) return failure(404);
    this.series.push({ name, series: (body as { series: unknown }).series });
    return answer(200, {});
  }
}

function answer(status: number, document: object): ApiResponse {
  return { status, retryAfter: 0, body: Readable.from([Buffer.from(JSON.stringify(document))]) };
}

const wrong: ServiceEvent = {
  type: 'Warning',
  reason: 'InvalidService',
  action: 'ReadService',
  note: 'spec.externalIPs[0]: expected an IP address, got "x"; write an address',
};

const minute = 60_000;

describe('EventRecorder', () => {
  let clock: ManualClock;
  let api: EventsApi;
  let recorder: EventRecorder;
  let lines: { level: number; msg: string }[];

  beforeEach(() => {
    clock = new ManualClock();
    api = new EventsApi();
    const recording = recordingLog();
    lines = recording.lines;
    recorder = new EventRecorder({ api, node: 'node-a', log: recording.log, clock, random: () => 0.5 });
  });

  afterEach(() => recorder.stop());

  const errors = (): string[] => lines.filter(({ level }) => level >= 50).map(({ msg }) => msg);

  /** Lets time pass in steps, for what waits for an answer begins to wait for time only then. */
  async function pass(milliseconds: number): Promise<void> {
    for (let left = milliseconds; left > 0; left -= 1000) {
      await clock.advance(Math.min(left, 1000));
      for (let count = 0; count < 20; count += 1) await turn();
    }
  }

  it('writes an Event that regards the Service, as events.k8s.io/v1 wants it', async () => {
    recorder.tell('default/web', wrong);
    await pass(5000);
    expect(api.events).to.have.length(1);
    const [{ path, body } = expect.fail('no event')] = api.events;
    expect(path).to.equal('/apis/events.k8s.io/v1/namespaces/default/events');
    const { metadata, eventTime, ...rest } = body;
    expect(metadata).to.have.keys('namespace', 'name');
    expect(metadata.name).to.match(/^web\.[0-9a-f]{16}$/);
    expect(eventTime).to.match(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$/);
    expect(rest).to.deep.equal({
      apiVersion: 'events.k8s.io/v1',
      kind: 'Event',
      reportingController: 'kube-ipvs',
      reportingInstance: 'node-a',
      type: 'Warning',
      reason: 'InvalidService',
      action: 'ReadService',
      regarding: { apiVersion: 'v1', kind: 'Service', namespace: 'default', name: 'web', uid: 'uid-1' },
      note: wrong.note,
    });
  });

  it('tells the same only once while it lasts, and another note by itself', async () => {
    for (let count = 0; count < 10; count += 1) recorder.tell('default/web', wrong);
    await pass(5000);
    recorder.tell('default/web', wrong);
    recorder.tell('default/web', { ...wrong, note: 'another' });
    await pass(5000);
    expect(api.events.map(({ body }) => body['note'])).to.deep.equal([wrong.note, 'another']);
    expect(api.series).to.deep.equal([]);
  });

  it('tells nothing of what is over before it could be told', async () => {
    recorder.tell('default/web', wrong);
    recorder.over('default/web', wrong);
    await pass(minute);
    expect(api.requests).to.deep.equal([]);
    expect(recorder.outstanding).to.equal(0);
  });

  describe('of what comes back', () => {
    async function comeBack(after: number): Promise<void> {
      recorder.over('default/web', wrong);
      await pass(after);
      recorder.tell('default/web', wrong);
      await pass(5000);
    }

    beforeEach(async () => {
      recorder.tell('default/web', wrong);
      await pass(5000);
    });

    it('makes a series of the Event that there is', async () => {
      await comeBack(10 * minute);
      expect(api.events).to.have.length(1);
      expect(api.series).to.have.length(1);
      expect(api.series[0]?.name).to.equal(api.events[0]?.body.metadata.name);
      expect(api.series[0]?.series).to.deep.include({ count: 2 });
    });

    it('only counts it while it comes and goes quickly, and tells the number later', async () => {
      for (let count = 0; count < 5; count += 1) await comeBack(1000);
      expect(api.series).to.deep.equal([]);
      await comeBack(10 * minute);
      expect(api.series.map(({ series }) => (series as { count: number }).count)).to.deep.equal([7]);
    });

    it('writes a new Event where the old one has been forgotten', async () => {
      api.events.length = 0;
      await comeBack(10 * minute);
      expect(api.events).to.have.length(1);
    });

    it('writes a new Event for a service that was made anew', async () => {
      api.uids.set('default/web', 'uid-2');
      await comeBack(10 * minute);
      expect(api.events.map(({ body }) => (body['regarding'] as { uid: string }).uid)).to.deep.equal([
        'uid-1',
        'uid-2',
      ]);
    });
  });

  it('cuts a note to what the API takes, between two characters', async () => {
    recorder.tell('default/web', { ...wrong, note: 'ä'.repeat(2000) });
    await pass(5000);
    const note = String(api.events[0]?.body['note']);
    expect(Buffer.byteLength(note)).to.be.within(1000, 1024);
    expect(note).to.match(/^ä+…$/);
  });

  it('says nothing of a service that is gone, or goes with its namespace', async () => {
    const details = { causes: [{ reason: 'NamespaceTerminating' }] };
    api.spoil = ({ method }) => (method === 'POST' ? failure(403, { details }) : undefined);
    recorder.tell('default/gone', wrong);
    recorder.tell('default/web', wrong);
    await pass(minute);
    expect(api.requests).to.deep.equal(['GET', 'GET', 'POST']);
    expect(errors()).to.deep.equal([]);
    expect(recorder.outstanding).to.equal(0);
  });

  it('takes an event that is there already for written', async () => {
    api.spoil = ({ method }) => (method === 'POST' ? failure(409) : undefined);
    recorder.tell('default/web', wrong);
    await pass(minute);
    expect(api.requests).to.deep.equal(['GET', 'POST']);
    expect(errors()).to.deep.equal([]);
  });

  it('says once which rule is missing where it is forbidden, and tries again rarely until it is allowed', async () => {
    for (const name of ['a', 'b', 'c']) api.uids.set(`default/${name}`, name);
    api.spoil = ({ method }) => (method === 'POST' ? failure(403, { message: 'no way' }) : undefined);
    for (const name of ['a', 'b', 'c']) recorder.tell(`default/${name}`, wrong);
    await pass(60 * minute);
    expect(errors()).to.deep.equal([
      'expected events to be written, got 403 (no way); give this account the rule write-events ' +
        '(create, patch of events.events.k8s.io) by a ClusterRole and its binding',
    ]);
    expect(api.requests.length).to.be.within(6, 12);
    api.spoil = () => undefined;
    await pass(20 * minute);
    expect(api.events).to.have.length(3);
    expect(lines.at(-1)?.msg).to.equal('events are written again');
  });

  it('keeps events in bounded number while the server cannot be reached, and tells them then', async () => {
    api.spoil = () => new ApiError('unreachable', 'nobody is there');
    for (let count = 0; count < 5000; count += 1) {
      api.uids.set(`default/s${count}`, String(count));
      recorder.tell(`default/s${count}`, wrong);
    }
    await pass(60 * minute);
    expect(recorder.outstanding).to.equal(256);
    expect(api.requests.length).to.be.lessThan(300);
    expect(errors()).to.deep.equal(['events cannot be written: nobody is there; it is tried again']);
    api.spoil = () => undefined;
    await pass(5 * minute);
    expect(api.events).to.have.length(256);
    expect(recorder.outstanding).to.equal(0);
  });

  it('leaves it to others to tell that there is no answer, where they have', async () => {
    api.spoil = () => new ReportedError(new Error('nobody is there'));
    recorder.tell('default/web', wrong);
    await pass(minute);
    expect(errors()).to.deep.equal([]);
    expect(recorder.outstanding).to.equal(1);
  });

  it('gives up an event that the server does not stand, after the others', async () => {
    api.uids.set('default/bad', 'bad');
    api.spoil = ({ path }) => (path.endsWith('/bad') ? failure(500) : undefined);
    recorder.tell('default/bad', wrong);
    recorder.tell('default/web', wrong);
    await pass(2 * minute);
    expect(api.events).to.have.length(1);
    await pass(20 * minute);
    expect(recorder.outstanding).to.equal(0);
    expect(errors(), 'before and after the other one').to.have.length(2);
  });

  it('does not try again what the server refuses for good', async () => {
    api.spoil = ({ method }) => (method === 'POST' ? failure(422, { message: 'invalid' }) : undefined);
    recorder.tell('default/web', wrong);
    await pass(minute);
    expect(api.requests).to.deep.equal(['GET', 'POST']);
    expect(errors()).to.have.length(1);
  });

  it('asks for no more than the server is to bear', async () => {
    for (let count = 0; count < 100; count += 1) {
      api.uids.set(`default/s${count}`, String(count));
      recorder.tell(`default/s${count}`, wrong);
    }
    await pass(4000);
    expect(api.events.length).to.be.within(25, 40);
    await pass(20_000);
    expect(api.events).to.have.length(100);
  });

  it('ends in the middle of waiting', async () => {
    api.spoil = () => new ApiError('unreachable', 'nobody is there');
    recorder.tell('default/web', wrong);
    await pass(5000);
    await recorder.stop();
    recorder.tell('default/other', wrong);
    await pass(minute);
    expect(api.requests.length).to.be.lessThan(10);
  });
});
