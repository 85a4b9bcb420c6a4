import { get, type IncomingMessage } from 'node:http';
import { text } from 'node:stream/consumers';
import type { Size } from './workload.ts';

/** The address of `default/kubernetes` in the measured cluster. */
export const kubernetesService = { address: '11.255.0.1', port: 443 } as const;

/** What a cluster that is served can be reached with. */
export interface Served {
  /** YAML. */
  readonly kubeconfig: string;
}

/** One endpoint that took the place of another. */
export interface Replacement {
  readonly before: string;
  readonly after: string;
  /** When that was written, in milliseconds of the server's clock since 1970. */
  readonly at: number;
}

/** The other side of `cluster-server.ts`: makes the cluster that is measured, and changes it. */
export class Control {
  readonly #url: string;

  /** @param url `http://192.0.2.1:8001` */
  constructor(url: string) {
    this.#url = url;
  }

  /** Serves a new cluster on a new port instead of the old one. */
  serve({ services, endpoints }: Size): Promise<Served> {
    return this.#get<Served>('serve', { services, endpoints });
  }

  /** What IPVS should hold now, as sorted lines of `ipvsadm -Sn`. */
  rules(): Promise<string> {
    return this.#get<string>('rules');
  }

  /** Replaces one endpoint of a service. */
  replace(service: number): Promise<Replacement> {
    return this.#get<Replacement>('replace', { service });
  }

  /** Replaces one endpoint in each of so many services, as fast as the server goes. */
  burst(count: number): Promise<readonly Replacement[]> {
    return this.#get<readonly Replacement[]>('burst', { count });
  }

  /** Replaces endpoints at an even rate; gives how many, when the time is over. */
  churn(perSecond: number, seconds: number): Promise<number> {
    return this.#get<number>('churn', { perSecond, seconds });
  }

  /** Milliseconds by which the server's clock is ahead of ours, from the quickest of many questions. */
  async clockOffset(): Promise<number> {
    let best = { trip: Infinity, offset: 0 };
    for (let round = 0; round < 30; round += 1) {
      const asked = Date.now();
      const there = await this.#get<number>('time');
      const trip = Date.now() - asked;
      if (trip < best.trip) best = { trip, offset: there - asked - trip / 2 };
    }
    return best.offset;
  }

  /** Each on a connection of its own: the cable moves from one network namespace to another. */
  async #get<Value>(command: string, query: Readonly<Record<string, number>> = {}): Promise<Value> {
    const url = new URL(command, this.#url);
    for (const [name, value] of Object.entries(query)) url.searchParams.set(name, String(value));
    const response = await new Promise<IncomingMessage>((resolve, reject) => {
      get(url, { agent: false }, resolve).once('error', reject);
    });
    const body = await text(response);
    if (response.statusCode !== 200) throw new Error(`${command}: ${body}`);
    return JSON.parse(body) as Value;
  }
}
