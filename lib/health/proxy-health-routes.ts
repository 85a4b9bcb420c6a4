import type { IpFamily } from '../model/family.ts';
import type { Clock } from '../model/clock.ts';
import type { HealthState, ProxyHealth } from './proxy-health.ts';
import type { Reply } from './reply.ts';

/** What the answers are made of. */
export interface ProxyHealthRoutesOptions {
  readonly health: Pick<ProxyHealth, 'state' | 'programmed'>;
  readonly clock: Pick<Clock, 'now'>;
  /** The families that are served: one program serves them all, so that each stands as the other does. */
  readonly families: readonly IpFamily[];
  /** Whether the Node is to get new connections. */
  readonly nodeEligible: () => boolean;
}

/** What is answered where. */
export type HealthRoutes = Readonly<Record<'/healthz' | '/livez' | '/readyz', () => Reply>>;

/**
 * `/healthz`, for load balancers: 200 where the node is healthy and to get new connections, else 503. `/livez`, for who
 * restarts the program: the same without regard to the Node. The bodies are kube-proxy's: in that of `/healthz` too,
 * `healthy` leaves the Node out. `reasons` is added where it is not healthy.
 *
 * `/readyz`, for who replaces one program after another, is not kube-proxy's: 200 as soon as this program has written
 * everything once, while it is healthy.
 */
export function proxyHealthRoutes(options: ProxyHealthRoutesOptions): HealthRoutes {
  const { health } = options;
  return {
    '/healthz': () => {
      const { state } = health;
      const nodeEligible = options.nodeEligible();
      return reply(state.healthy && nodeEligible, state, { nodeEligible }, options);
    },
    '/livez': () => {
      const { state } = health;
      return reply(state.healthy, state, {}, options);
    },
    '/readyz': () => {
      const { state, programmed } = health;
      return reply(state.healthy && programmed, state, { programmed }, options);
    },
  };
}

function reply(good: boolean, state: HealthState, further: object, options: ProxyHealthRoutesOptions): Reply {
  const { healthy, reasons, lastPass } = state;
  const now = time(options.clock.now());
  const last = time(lastPass);
  const family = { lastUpdated: last, healthy };
  const body = {
    // While all is well that is now, as in kube-proxy: nothing waits to be updated.
    lastUpdated: good ? now : last,
    currentTime: now,
    ...further,
    healthy,
    ...(lastPass !== undefined && {
      status: Object.fromEntries(options.families.map((name) => [name, family])),
    }),
    ...(!healthy && { reasons }),
  };
  return { status: good ? 200 : 503, type: 'application/json', body: JSON.stringify(body) };
}

/** RFC 3339. What never was is Go's zero time. */
function time(milliseconds: number | undefined): string {
  return milliseconds === undefined ? '0001-01-01T00:00:00Z' : new Date(milliseconds).toISOString();
}
