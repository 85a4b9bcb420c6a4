import type { IpvsDestination } from '../../../native-bindings/ipvs-values.ts';
import type { PlannedVirtualServer, ServicePlan } from '../../model/plan.ts';
import type { RealServer } from '../../model/real-server.ts';
import { forwardingName } from '../services-view.ts';

/** How the kernel holds a real server. */
export type RealServerState =
  | 'as-wanted'
  /** It is wanted, and the kernel does not have it. */
  | 'missing'
  | 'differs'
  /** It is new, and its weight still grows. */
  | 'growing'
  /** It is not wanted any more, and kept for the connections that it has. */
  | 'draining'
  /** It is not wanted, and takes connections. */
  | 'extra';

/** A real server, wanted or held, as it is shown. */
export interface RealServerView {
  readonly address: string;
  readonly port: number;
  readonly state: RealServerState;
  /** `null` where the kernel does not have it. */
  readonly weight: number | null;
  readonly activeConnections: number | null;
  readonly inactiveConnections: number | null;
  /** In which way it differs: `weight is 1, wanted 4`. */
  readonly differences: readonly string[];
}

/** Compares the real servers of a virtual server with those that the kernel has: wanted ones first, each by address. */
export function realServerViews(
  { realServers }: PlannedVirtualServer,
  held: readonly IpvsDestination[],
  { slowStart }: Pick<ServicePlan, 'slowStart'>,
): RealServerView[] {
  const has = new Map(held.map((one) => [placeOf(one), one]));
  const wanted = new Set(realServers.map(placeOf));
  return [
    ...byAddress(realServers).map((server) =>
      wantedView(server, has.get(placeOf(server)), slowStart !== undefined),
    ),
    ...byAddress(held.filter((one) => !wanted.has(placeOf(one)))).map(otherView),
  ];
}

/** Whether a real server is one of those that are planned. */
export function isWanted({ state }: RealServerView): boolean {
  return state !== 'draining' && state !== 'extra';
}

/** A real server that nobody wants here, as the kernel has it. */
function otherView(destination: IpvsDestination): RealServerView {
  const state = destination.weight === 0 ? 'draining' : 'extra';
  return { ...heldPart(destination), state, differences: [] };
}

function byAddress<Server extends { readonly address: string; readonly port: number }>(
  servers: readonly Server[],
): Server[] {
  return servers.toSorted((a, b) =>
    a.address === b.address ? a.port - b.port : a.address < b.address ? -1 : 1,
  );
}

function placeOf({ address, port }: { readonly address: string; readonly port: number }): string {
  return `${address} ${port}`;
}

function wantedView(wanted: RealServer, held: IpvsDestination | undefined, growing: boolean): RealServerView {
  if (held === undefined) {
    const { address, port } = wanted;
    const nothing = { weight: null, activeConnections: null, inactiveConnections: null };
    return { address, port, ...nothing, state: 'missing', differences: [] };
  }
  const differences = differencesOf(wanted, held, growing);
  const grows = growing && held.weight > 0 && held.weight < wanted.weight;
  const state = differences.length > 0 ? 'differs' : grows ? 'growing' : 'as-wanted';
  return { ...heldPart(held), state, differences };
}

function heldPart(
  destination: IpvsDestination,
): Pick<RealServerView, 'address' | 'port' | 'weight' | 'activeConnections' | 'inactiveConnections'> {
  const { address, port, weight, activeConnections = 0, inactiveConnections = 0 } = destination;
  return { address, port, weight, activeConnections, inactiveConnections };
}

function differencesOf(wanted: RealServer, held: IpvsDestination, growing: boolean): string[] {
  const forwarding = forwardingName(held.forwarding);
  const isPart = growing && held.weight > 0 && held.weight < wanted.weight;
  return [
    ...(held.weight === wanted.weight || isPart ? [] : [difference('weight', held.weight, wanted.weight)]),
    ...(forwarding === wanted.forwarding ? [] : [difference('forwarding', forwarding, wanted.forwarding)]),
    ...(['upperThreshold', 'lowerThreshold'] as const)
      .filter((field) => held[field] !== wanted[field])
      .map((field) =>
        difference(
          field === 'upperThreshold' ? 'upper threshold' : 'lower threshold',
          held[field],
          wanted[field],
        ),
      ),
  ];
}

/** `weight is 1, wanted 4`. */
export function difference(what: string, is: string | number, wanted: string | number): string {
  return `${what} is ${is}, wanted ${wanted}`;
}
