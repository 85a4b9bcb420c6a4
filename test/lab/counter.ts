import type { IpFamily } from '../../lib/model/family.ts';
import type { Place } from './place.ts';

/** Which packets to count. */
export interface CounterSpec {
  /** Default IPv4. */
  readonly family?: IpFamily;
  /** Where in a packet's way: a chain of the mangle table. */
  readonly chain: 'PREROUTING' | 'INPUT' | 'FORWARD' | 'OUTPUT' | 'POSTROUTING';
  /** What iptables matches on: `['-p', 'tcp', '--dport', '80']`. Every packet without it. */
  readonly match?: readonly string[];
}

/** Packets that passed. */
export interface PacketCount {
  readonly packets: number;
  readonly bytes: number;
}

/** Counts packets at one point of a place, with a rule of iptables that does nothing else. */
export class Counter {
  readonly #place: Place;
  readonly #program: string;
  readonly #chain: string;
  readonly #match: readonly string[];
  readonly #mark: string;

  private constructor(place: Place, spec: CounterSpec, mark: string) {
    this.#place = place;
    this.#program = spec.family === 'IPv6' ? 'ip6tables' : 'iptables';
    this.#chain = spec.chain;
    this.#match = [...(spec.match ?? []), '-m', 'comment', '--comment', mark];
    this.#mark = mark;
  }

  /** Begins to count. */
  static async start(place: Place, spec: CounterSpec): Promise<Counter> {
    const counter = new Counter(place, spec, `lab-counter-${crypto.randomUUID()}`);
    await counter.#iptables('-I', counter.#chain, ...counter.#match);
    return counter;
  }

  /** What passed since the beginning. */
  async read(): Promise<PacketCount> {
    const listing = await this.#iptables('-L', this.#chain, '-n', '-v', '-x');
    const rule = listing.split('\n').find((line) => line.includes(this.#mark));
    const [packets = NaN, bytes = NaN] = (rule?.trim().split(/\s+/) ?? []).slice(0, 2).map(Number);
    if (!Number.isInteger(packets) || !Number.isInteger(bytes))
      throw new Error(`expected the rule of a counter in ${this.#chain}, got:\n${listing}`);
    return { packets, bytes };
  }

  /** Takes the rule away. */
  async remove(): Promise<void> {
    await this.#iptables('-D', this.#chain, ...this.#match);
  }

  #iptables(...args: readonly string[]): Promise<string> {
    return this.#place.must([this.#program, '-w', '-t', 'mangle', ...args]);
  }
}
