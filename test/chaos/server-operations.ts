import type { EventFault } from '../kube/event-fault.ts';
import type { Misbehaviour } from '../kube/misbehaviour.ts';
import type { Dice } from './dice.ts';
import { account, type TroubledServer } from './troubled-server.ts';

/** Something that goes wrong with the API server, or that is done to it. */
export interface ServerOperation {
  readonly kind: string;
  readonly weight: number;
  /**
   * How a client may miss something by it without any sign: `always`, or where a connection `breaks` at the wrong moment.
   * What no client can see, none can mend before the next list.
   */
  readonly loses?: 'always' | 'broken';
  /** Whether it breaks connections, or has clients break them. */
  readonly breaks?: boolean;
  readonly run: (server: TroubledServer, dice: Dice) => Promise<void> | void;
}

/** Everything that can be wrong with the server. */
export const serverOperations: readonly ServerOperation[] = [
  wrong('hang', () => ({ kind: 'hang' }), { breaks: true }),
  wrong('disconnect', () => ({ kind: 'disconnect' }), { breaks: true }),
  wrong('half-open', (dice) => ({ kind: 'half-open', afterBytes: dice.below(3000) }), { breaks: true }),
  wrong('cut', (dice) => ({ kind: 'cut', afterBytes: dice.below(3000) }), { breaks: true }),
  wrong('drip', (dice) => ({ kind: 'drip', bytes: dice.between(200, 1000), everyMs: 1 })),
  wrong('stale', (dice) => ({ kind: 'stale', behind: dice.between(1, 50) }), { breaks: true }),
  wrong('garble', () => ({ kind: 'garble' }), { breaks: true }),
  wrong('no-bookmarks', () => ({ kind: 'no-bookmarks' })),
  refusal('throttle', [429], (dice) => dice.between(1, 3)),
  refusal('unauthorized', [401]),
  refusal('forbidden', [403]),
  refusal('missing', [404]),
  refusal('expired', [410]),
  refusal('server-error', [500, 503, 504]),
  refusal('bad-request', [400, 422]),
  spoilt('lost-event', 'lost', { loses: 'always' }),
  spoilt('late-event', 'out-of-order', { loses: 'broken' }),
  spoilt('duplicate-event', 'duplicate'),
  spoilt('unknown-event', 'unknown-type', { breaks: true }),
  spoilt('unversioned-event', 'no-resource-version', { breaks: true }),
  spoilt('broken-event', 'broken-line', { breaks: true }),
  once('compact', 2, (server) => {
    server.api.compact();
  }),
  once('bookmark', 2, (server) => {
    server.api.bookmark();
  }),
  once('expire-watches', 1, (server) => {
    server.api.expireWatches();
  }),
  once('end-watches', 1, (server) => {
    server.api.endWatches();
  }),
  once('drop-connections', 1, (server) => {
    server.api.dropConnections();
  }),
  once('go-away', 0.5, (server, dice) => server.leave(dice.between(1, 60), 'gone')),
  once('go-deaf', 0.3, (server, dice) => server.leave(dice.between(1, 60), 'deaf')),
  restart('restart', 1, {}),
  restart('restart-compacted', 0.5, { compacted: true }),
  restart('rotate-certificate', 0.2, { newCertificate: true }),
  once('rotate-certificate-alive', 0.2, (server) => server.api.rotateCertificate()),
  once('rotate-authority', 0.1, rotateAuthority),
  once('rotate-token', 0.5, rotateToken),
  once('restore-bumped', 0.3, async (server, dice) => {
    if (server.serving) await server.api.restart({ restoreTo: backup(server, dice), bump: 1_000_000 });
  }),
];

/** The revision of a backup that is a little old. */
export function backup({ api: { store } }: TroubledServer, dice: Dice): number {
  return Math.max(store.history.oldest, store.revision - dice.between(1, 60));
}

type Traits = Pick<ServerOperation, 'loses' | 'breaks'>;

function once(
  kind: string,
  weight: number,
  run: (server: TroubledServer, dice: Dice) => Promise<void> | void,
): ServerOperation {
  return { kind, weight, breaks: true, run };
}

function restart(
  kind: string,
  weight: number,
  options: { readonly compacted?: boolean; readonly newCertificate?: boolean },
): ServerOperation {
  return once(kind, weight, async ({ api, serving }) => {
    if (serving) await api.restart(options);
  });
}

/** Requests go wrong for a while: of one resource or all, watches or lists or both, some or each. */
function wrong(kind: string, does: (dice: Dice) => Misbehaviour, traits: Traits = {}): ServerOperation {
  return {
    kind,
    weight: 1,
    ...traits,
    run: (server, dice) => {
      const verb = dice.pick([undefined, 'list', 'watch']);
      const resource = dice.pick([undefined, undefined, 'services', 'endpointslices', 'nodes']);
      const match = { ...(verb !== undefined && { verb }), ...(resource !== undefined && { resource }) };
      server.misbehave(does(dice), dice.between(5, 80), { match, probability: dice.pick([0.3, 0.7, 1]) });
    },
  };
}

function refusal(
  kind: string,
  codes: readonly number[],
  retryAfter: (dice: Dice) => number | undefined = () => undefined,
): ServerOperation {
  return wrong(
    kind,
    (dice) => {
      const retryAfterSeconds = retryAfter(dice);
      const code = dice.pick(codes);
      return { kind: 'refuse', code, ...(retryAfterSeconds !== undefined && { retryAfterSeconds }) };
    },
    { breaks: true },
  );
}

function spoilt(kind: string, fault: EventFault, traits: Traits = {}): ServerOperation {
  return wrong(kind, (dice) => ({ kind: 'events', fault, every: dice.between(1, 6) }), traits);
}

/** The old token ceases to count some time before clients can read the new one. */
function rotateToken(server: TroubledServer, dice: Dice): void {
  server.api.authentication.rotateToken(account);
  server.after(dice.below(10), () => {
    server.writeToken();
  });
}

/** Clients learn of the new authority only after a while. */
async function rotateAuthority(server: TroubledServer, dice: Dice): Promise<void> {
  if (!server.serving) return;
  await server.api.restart({ newAuthority: true });
  server.after(dice.below(10), () => {
    server.writeAuthority();
  });
}
