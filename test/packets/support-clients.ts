import type { Answer } from '../lab/answer.ts';
import type { Asking } from '../lab/asking.ts';
import type { Place } from '../lab/place.ts';
import type { Stream, StreamReport } from '../lab/stream.ts';
import { rateOf } from '../lab/stream.ts';
import { hostPort } from './support-objects.ts';
import { counted, until } from './support.ts';

/** Long enough that only what is lost for good counts as not answered: the machine may be busy with something else. */
const patience = 15_000;

/** The same for a datagram: one that the kernel has dropped is waited for in vain. */
const datagramPatience = 5_000;

/** Seconds that clients go on at most. */
const longest = 120;

/**
 * New connections a second that a steady stream has at least. A lab that has a processor to itself carries more than ten
 * times as many, so that one that shares it with others has room, and leaves most of it to what the test is about.
 */
export const leastRate = 200;

/** New connections a second that tests begin by the clock, all streams together: what is late can be made up for. */
export const begunRate = 250;

/** Somebody who asks one service, and how. */
interface Client {
  readonly kind: 'datagrams' | 'held';
  readonly title: string;
  readonly asking: Asking;
}

/** Somebody who opens one new connection after the other. */
interface Caller {
  readonly title: string;
  readonly stream: Stream;
}

/** Clients that go on asking, all by themselves, until they are told to end. */
export class Clients {
  readonly #callers: Caller[] = [];
  readonly #clients: Client[] = [];

  /** Opens new TCP connections to services of `brief` ports, so many a second by the clock, an equal part to each. */
  connect(rate: number, ways: readonly (readonly [from: Place, address: string, port: number])[]): void {
    for (const [from, address, port] of ways) {
      const stream = from.stream(address, port, { rate: rate / ways.length, timeout: patience });
      this.#callers.push({ title: `${from.name} to ${hostPort(address, port)}`, stream });
    }
  }

  /** Sends datagrams from a port that it keeps. */
  send(place: Place, address: string, port: number, sourcePort: number): void {
    const limits = { seconds: longest, rate: 20, timeout: datagramPatience };
    const title = `${place.name}:${sourcePort} to ${hostPort(address, port)} by UDP`;
    this.#add('datagrams', title, place.asking(address, port, { protocol: 'udp', sourcePort, ...limits }));
  }

  /** Opens a TCP connection and keeps it, asking over it again and again. */
  async hold(place: Place, address: string, port: number): Promise<void> {
    const asking = place.asking(address, port, { hold: 50, seconds: longest, timeout: patience });
    this.#add('held', `${place.name} holding ${hostPort(address, port)}`, asking);
    await asking.reach(1);
  }

  /** Waits until each has had so many more answers. */
  async more(count: number): Promise<void> {
    await Promise.all([
      ...this.#clients.map(({ asking }) => asking.reach(asking.answers.length + count)),
      ...this.#callers.map(({ stream }) => {
        const wanted = stream.report.well + count;
        return stream.until(({ well }) => well >= wanted);
      }),
    ]);
  }

  /**
   * Goes on until new connections have begun and ended well at the least rate of a steady stream over the whole time:
   * where the machine was busy meanwhile, the stream makes up for it. Fails where it never does.
   */
  async steady(): Promise<void> {
    await until(
      () => this.#callers.reduce((sum, { stream }) => sum + stream.rate, 0),
      (rate) => rate >= leastRate,
      60_000,
    );
  }

  /** Ends them all and tells what became of their requests. */
  async end(): Promise<Account> {
    const callers = this.#callers.map(async ({ title, stream }) => ({ title, report: await stream.stop() }));
    await Promise.all(this.#clients.map(({ asking }) => asking.stop()));
    return new Account(
      await Promise.all(callers),
      this.#clients.map(({ kind, title, asking }) => ({ kind, title, answers: asking.answers })),
    );
  }

  #add(kind: Client['kind'], title: string, asking: Asking): void {
    this.#clients.push({ kind, title, asking });
  }
}

/** What one client was answered. */
interface Story extends Pick<Client, 'kind' | 'title'> {
  readonly answers: readonly Answer[];
}

/** What became of the connections of one caller. */
interface Streamed extends Pick<Caller, 'title'> {
  readonly report: StreamReport;
}

/** What became of the requests of some clients. */
export class Account {
  readonly #streams: readonly Streamed[];
  readonly #stories: readonly Story[];

  constructor(streams: readonly Streamed[], stories: readonly Story[]) {
    this.#streams = streams;
    this.#stories = stories;
  }

  /** Each connection that was refused, reset, cut or not answered, in words. */
  get failures(): readonly string[] {
    return [
      ...this.#streams.flatMap(({ title, report: { errors, begun } }) =>
        Object.entries(errors).map(([error, count]) => `${title}: ${error}, ${count} of ${begun}`),
      ),
      ...this.#stories.filter(({ kind }) => kind !== 'datagrams').flatMap(failuresIn),
    ];
  }

  /** Each datagram that was not answered, in words. */
  get lost(): readonly string[] {
    return this.#stories.filter(({ kind }) => kind === 'datagrams').flatMap(failuresIn);
  }

  /** New connections that began and ended well a second, from the first to the end of the last one. */
  get rate(): number {
    return this.#streams.reduce((sum, { report }) => sum + rateOf(report), 0);
  }

  /** The pods that have answered new connections. */
  get answering(): readonly string[] {
    return [...new Set(this.#streams.flatMap(({ report }) => Object.keys(report.names)))].sort();
  }

  /** By held connection, the pods that have answered on it. */
  get holders(): readonly (readonly string[])[] {
    const held = this.#stories.filter(({ kind }) => kind === 'held');
    return held.map(({ answers }) => Object.keys(counted(answers).names));
  }

  /** One line for people. */
  toString(): string {
    const reports = this.#streams.map(({ report }) => report);
    const [datagrams, held] = [this.#of('datagrams'), this.#of('held')];
    const { errors } = counted([...datagrams, ...held]);
    const failed = (name: string): string =>
      `${reports.reduce((sum, report) => sum + (report.errors[name] ?? 0), errors[name] ?? 0)} ${name}`;
    const seconds = Math.max(...reports.map((report) => report.seconds));
    const slowest = Math.max(...reports.map((report) => report.slowest));
    return [
      `${reports.reduce((sum, { begun }) => sum + begun, 0)} new connections in ${seconds.toFixed(1)} s`,
      `${Math.round(this.rate)}/s`,
      `slowest answer ${Math.round(slowest)} ms`,
      `${datagrams.length} datagrams`,
      `${held.length} answers over ${this.holders.length} held connections`,
      ...['refused', 'reset', 'timeout', 'closed'].map(failed),
    ].join(', ');
  }

  #of(kind: Client['kind']): readonly Answer[] {
    return this.#stories.filter((story) => story.kind === kind).flatMap(({ answers }) => answers);
  }
}

function failuresIn({ title, answers }: Story): string[] {
  return answers.flatMap((answer, index) =>
    answer.ok ? [] : [`${title}: ${answer.error}, request ${index + 1} of ${answers.length}`],
  );
}
