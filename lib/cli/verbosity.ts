import type { IncomingMessage } from 'node:http';
import { text } from '../health/reply.ts';
import type { Route } from '../health/router.ts';

/** The highest verbosity that flags and requests may ask for. */
const highest = 10;

/** pino's name of a verbosity of Kubernetes: from 4 on `debug`, from 6 on `trace`. */
export function levelOf(verbosity: number): string {
  if (verbosity >= 6) return 'trace';
  return verbosity >= 4 ? 'debug' : 'info';
}

/** How much a running program logs: as it was started, until somebody asks for more or less. */
export class Verbosity {
  readonly #log: { level: string; info(fields: object, message: string): void };
  #value: number;

  constructor(log: { level: string; info(fields: object, message: string): void }, value: number) {
    this.#log = log;
    this.#value = value;
  }

  get value(): number {
    return this.#value;
  }

  set(value: number): void {
    if (value === this.#value) return;
    const before = this.#value;
    this.#value = value;
    this.#log.level = levelOf(value);
    this.#log.info({ before, verbosity: value }, 'the verbosity of this log was changed');
  }
}

/**
 * `/debug/flags/v`, as Kubernetes' components have it: GET gives the verbosity, PUT of a number sets it.
 *
 * @param mayChange whether a request may set it; where it may not, it gets 403
 */
export function verbosityRoute(
  verbosity: Verbosity,
  mayChange: (request: IncomingMessage) => boolean,
): Route {
  return {
    get: () => text(200, `${verbosity.value}\n`),
    put: (body, request) => {
      if (!mayChange(request)) {
        const hint = "send it from the node itself to a loopback address, or to kube-ipvs's unix socket";
        return text(403, `expected a request of this machine, got another; ${hint}\n`);
      }
      const written = body.trim();
      const value = /^\d{1,2}$/.test(written) ? Number(written) : NaN;
      if (!(value <= highest)) {
        return text(400, `expected a whole number from 0 to ${highest}, got ${JSON.stringify(written)}\n`);
      }
      verbosity.set(value);
      return text(200, `successfully set klog.logging.verbosity to ${value}\n`);
    },
  };
}

/** Headers by which a proxy says for whom it asks. */
const proxyHeaders = ['forwarded', 'x-forwarded-for', 'x-real-ip', 'via'];

/**
 * Whether a request comes from this machine itself: over loopback, and not on behalf of somebody else. A web page that a
 * browser here shows has an `Origin`, and is somebody else.
 */
export function isFromHere({ socket, headers }: Pick<IncomingMessage, 'socket' | 'headers'>): boolean {
  const { remoteAddress = '' } = socket;
  const isLoopback = /^(?:::ffff:)?127\./.test(remoteAddress) || remoteAddress === '::1';
  return isLoopback && ![...proxyHeaders, 'origin'].some((name) => name in headers);
}
