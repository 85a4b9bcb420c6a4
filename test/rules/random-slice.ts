import fc from 'fast-check';
import { family } from './addresses.ts';
import type { KubeEndpoint, KubeFamily, KubeServicePort, KubeSlice, KubeSlicePort } from './objects.ts';
import type { Pools } from './pools.ts';

/** A pod that endpoints may be. */
type Pod = Pools['pods'][number];

/** The hints of a Service's endpoints. One endpoint has the same ones in every slice. */
export type Hints = (pod: Pod) => KubeEndpoint['hints'];

/** A slice that does not know yet what it belongs to. */
export interface SliceDraft extends Pick<KubeSlice, 'addressType' | 'ports' | 'endpoints'> {
  /** It is of another namespace than the Service of its label. */
  readonly isStray: boolean;
  readonly label: Readonly<Record<string, string>>;
}

/** No hints, hints for zones, for nodes or for both, with some pods left without. */
export function hintsArbitrary(pools: Pools): fc.Arbitrary<Hints> {
  const some = fc.constantFrom(false, true);
  return fc
    .record({ byZone: some, byNode: some, hasAll: some, bare: fc.subarray([...pools.pods]) })
    .map(({ byZone, byNode, hasAll, bare }) => (pod) => {
      if (!hasAll && bare.includes(pod)) return undefined;
      return {
        ...(byZone ? { forZones: [{ name: pod.zone }] } : {}),
        ...(byNode ? { forNodes: [{ name: pod.nodeName }] } : {}),
      };
    });
}

/** A slice for a Service with the ports given. Most of its ports are the Service's, by name and protocol. */
export function sliceArbitrary(
  pools: Pools,
  ports: readonly KubeServicePort[],
  hints: Hints,
): fc.Arbitrary<SliceDraft> {
  return fc.constantFrom<KubeFamily>('IPv4', 'IPv6').chain((addressType) =>
    fc.record({
      addressType: fc.constant(addressType),
      isStray: rarely,
      label: rarely.map((isHeadless): Record<string, string> => {
        return isHeadless ? { 'service.kubernetes.io/headless': '' } : {};
      }),
      ports: fc.tuple(...ports.map((port) => slicePortArbitrary(pools, port))),
      endpoints: fc.array(endpointArbitrary(pools, addressType, hints), { maxLength: 5 }),
    }),
  );
}

const rarely = fc.integer({ min: 0, max: 11 }).map((drawn) => drawn === 11);

function slicePortArbitrary(pools: Pools, { name, protocol }: KubeServicePort): fc.Arbitrary<KubeSlicePort> {
  const own = { ...(name === undefined ? {} : { name }), ...(protocol === undefined ? {} : { protocol }) };
  const port = fc.constantFrom(...pools.targetPorts[protocol ?? 'TCP']);
  return fc.oneof(
    { weight: 10, arbitrary: port.map((number) => ({ ...own, port: number })) },
    { weight: 1, arbitrary: port.map((number) => ({ ...own, protocol: 'UDP' as const, port: number })) },
    { weight: 1, arbitrary: fc.constant(own) },
  );
}

/** An endpoint in any condition, on the node that its address is on or on one that is not told. */
function endpointArbitrary(pools: Pools, wanted: KubeFamily, hints: Hints): fc.Arbitrary<KubeEndpoint> {
  const pods = pools.pods.filter(({ address }) => family(address) === wanted);
  const condition = fc.constantFrom(true, true, false);
  return fc
    .record({
      pod: fc.constantFrom(...pods),
      isPlaced: fc.constantFrom(true, true, true, true, false),
      conditions: fc.record(
        { ready: condition, serving: condition, terminating: fc.boolean() },
        { requiredKeys: [] },
      ),
    })
    .map(({ pod, isPlaced, conditions }) => {
      const given = hints(pod);
      return {
        addresses: [pod.address],
        conditions,
        ...(isPlaced ? { nodeName: pod.nodeName } : {}),
        ...(given === undefined ? {} : { hints: given }),
      };
    });
}
