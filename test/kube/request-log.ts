import { matchesRequest, type RequestMatch, type SeenRequest } from './request-match.ts';

interface Waiter {
  readonly match: RequestMatch;
  readonly count: number;
  readonly resolve: (requests: SeenRequest[]) => void;
}

/** The requests that came, and whoever waits for some. */
export class RequestLog {
  /** Oldest first. */
  readonly all: SeenRequest[] = [];
  #waiters: Waiter[] = [];

  /** Notes a request. */
  add(request: SeenRequest): void {
    this.all.push(request);
    this.#waiters = this.#waiters.filter((waiter) => !this.#serve(waiter));
  }

  /** Gives the requests that match as soon as there are so many. */
  seen(match: RequestMatch, count: number): Promise<SeenRequest[]> {
    return new Promise((resolve) => {
      const waiter: Waiter = { match, count, resolve };
      if (!this.#serve(waiter)) this.#waiters.push(waiter);
    });
  }

  #serve({ match, count, resolve }: Waiter): boolean {
    const found = this.all.filter((request) => matchesRequest(match, request));
    if (found.length < count) return false;
    resolve(found);
    return true;
  }
}
