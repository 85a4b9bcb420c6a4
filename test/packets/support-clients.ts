import type { Answer } from '../lab/answer.ts';
import type { Asking } from '../lab/asking.ts';
import type { Place } from '../lab/place.ts';
import { hostPort } from './support-objects.ts';
import { counted } from './support.ts';

/** Long enough that only what is lost for good counts as not answered: the machine may be busy with something else. */
const patience = 15_000;

/** The same for a datagram: one that the kernel has dropped is waited for in vain. */
const datagramPatience = 5_000;

/** Seconds that clients go on at most. */
const longest = 120;

/** Somebody who asks one service, and how. */
interface Client {
  readonly kind: 'connections' | 'datagrams' | 'held';
  readonly title: string;
  readonly asking: Asking;
}

/** Clients that go on asking, all by themselves, until they are told to end. */
export class Clients {
  readonly #clients: Client[] = [];
  #began: number | undefined;

  /** Opens new TCP connections, so many a second. */
  connect(place: Place, address: string, port: number, rate: number): void {
    this.#began ??= performance.now();
    const asking = place.asking(address, port, { seconds: longest, rate, timeout: patience });
    this.#add('connections', `${place.name} to ${hostPort(address, port)}`, asking);
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
    await Promise.all(this.#clients.map(({ asking }) => asking.reach(asking.answers.length + count)));
  }

  /** Ends them all and tells what became of their requests. */
  async end(): Promise<Account> {
    const now = performance.now();
    const seconds = (now - (this.#began ?? now)) / 1000;
    await Promise.all(this.#clients.map(({ asking }) => asking.stop()));
    return new Account(
      seconds,
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

/** What became of the requests of some clients. */
export class Account {
  readonly #seconds: number;
  readonly #stories: readonly Story[];

  constructor(seconds: number, stories: readonly Story[]) {
    this.#seconds = seconds;
    this.#stories = stories;
  }

  /** Each connection that was refused, reset, cut or not answered, in words. */
  get failures(): readonly string[] {
    return this.#stories.filter(({ kind }) => kind !== 'datagrams').flatMap(failuresIn);
  }

  /** Each datagram that was not answered, in words. */
  get lost(): readonly string[] {
    return this.#stories.filter(({ kind }) => kind === 'datagrams').flatMap(failuresIn);
  }

  /** New connections a second. */
  get rate(): number {
    return this.#of('connections').length / this.#seconds;
  }

  /** By held connection, the pods that have answered on it. */
  get holders(): readonly (readonly string[])[] {
    const held = this.#stories.filter(({ kind }) => kind === 'held');
    return held.map(({ answers }) => Object.keys(counted(answers).names));
  }

  /** One line for people. */
  toString(): string {
    const [connections, datagrams, held] = [this.#of('connections'), this.#of('datagrams'), this.#of('held')];
    const slowest = connections.reduce((most, { ms }) => Math.max(most, ms), 0);
    const { errors } = counted([...connections, ...datagrams, ...held]);
    const failed = (name: string): string => `${String(errors[name] ?? 0)} ${name}`;
    return [
      `${connections.length} new connections in ${this.#seconds.toFixed(1)} s (${Math.round(this.rate)}/s, slowest ${Math.round(slowest)} ms)`,
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
