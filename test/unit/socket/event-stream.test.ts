import { createServer, type IncomingMessage, request, type Server } from 'node:http';
import { expect } from 'chai';
import type { DaemonEvent } from '../../../lib/socket/event.ts';
import { EventStream } from '../../../lib/socket/event-stream.ts';
import { SocketClient } from '../../../lib/socket/socket-client.ts';
import { until } from '../health/support.ts';
import { socketFolder, type SocketFolder } from './support.ts';

function event(text: string): DaemonEvent {
  return {
    ...{ time: '', kind: 'change', action: '+', table: null, key: null, service: null },
    ...{ text, milliseconds: null, count: null },
  };
}

describe('EventStream', () => {
  let folder: SocketFolder;
  let path: string;
  let server: Server;
  let stream: EventStream;

  beforeEach(async () => {
    folder = socketFolder();
    path = folder.path('a.sock');
    stream = new EventStream(() => 0);
    server = createServer((_request, response) => {
      stream.add(response);
    });
    await new Promise<void>((resolve) => server.listen({ path }, resolve));
  });

  afterEach(() => {
    server.closeAllConnections();
    server.close();
    folder.remove();
  });

  /** Somebody who asks for the events and reads none. */
  function sleeper(): Promise<IncomingMessage> {
    return new Promise((resolve, reject) => {
      request({ socketPath: path, path: '/v1/events', agent: false }, resolve).on('error', reject).end();
    });
  }

  it('gives every reader what comes from then on, and forgets who goes', async () => {
    stream.send(event('before'));
    const ending = new AbortController();
    const read: unknown[] = [];
    const reading = (async () => {
      for await (const line of new SocketClient({ path }).lines('/', ending.signal)) {
        read.push((line as DaemonEvent).text);
        if (read.length === 2) ending.abort();
      }
    })();
    await until(() => stream.watched);
    stream.send(event('one'));
    stream.send(event('two'));
    await reading;
    expect(read).to.deep.equal(['one', 'two']);
    await until(() => !stream.watched);
  });

  it('keeps no more than so much for a reader who sleeps, and tells how many events that reader has lost', async () => {
    const response = await sleeper();
    const sent = 20_000;
    for (let index = 0; index < sent; index += 1) stream.send(event('x'.repeat(1000)));
    let got = '';
    response.setEncoding('utf8').on('data', (part: string) => {
      got += part;
    });
    await until(() => {
      stream.send(event('y'));
      return got.includes('"dropped"');
    });
    const lines = got
      .split('\n')
      .slice(0, -1)
      .map((line) => JSON.parse(line) as DaemonEvent);
    const dropped = lines.find(({ kind }) => kind === 'dropped');
    const before = lines.slice(0, lines.indexOf(dropped!));
    expect(before.length).to.be.lessThan(sent);
    expect(dropped?.count).to.be.at.least(sent - before.length);
    response.destroy();
  });

  it('lets no more than a few read at a time', async () => {
    const readers = await Promise.all(Array.from({ length: 17 }, sleeper));
    expect(readers.map(({ statusCode }) => statusCode).filter((status) => status === 503)).to.have.length(1);
    for (const reader of readers) reader.destroy();
  });
});
