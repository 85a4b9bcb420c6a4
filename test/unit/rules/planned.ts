import { Catalog } from '../../../lib/catalog/catalog.ts';
import type { NodeFacts, ReservedAddress } from '../../../lib/model/node-facts.ts';
import type { PlannedVirtualServer, ServicePlan } from '../../../lib/model/plan.ts';
import type { LocalTraffic, PlannerOptions } from '../../../lib/model/planner-options.ts';
import { planService } from '../../../lib/planner/service-plan.ts';
import type { Decoded } from '../../../lib/sources/objects/decoded.ts';
import { decodeEndpointSlice } from '../../../lib/sources/objects/endpoint-slice-decoder.ts';
import { decodeService } from '../../../lib/sources/objects/service-decoder.ts';
import { inAny } from '../../rules/addresses.ts';
import type { World, WorldNode } from '../../rules/world.ts';
import { plannerOptions } from '../fixtures.ts';

/** What is planned for a world's Services: its objects decoded and put into a catalog, each Service planned for the node. */
export function plansOf(world: World): ServicePlan[] {
  const catalog = new Catalog();
  for (const service of world.services) {
    const decoded = valueOf(decodeService(service));
    if (decoded !== undefined) catalog.setService(decoded);
  }
  for (const slice of world.slices) {
    const decoded = valueOf(decodeEndpointSlice(slice));
    if (decoded !== undefined) catalog.setSlice(decoded);
  }
  return [...catalog.keys()].map((key) =>
    planService(catalog.get(key)!, nodeFactsOf(world), plannerOptionsOf(world)),
  );
}

/** The virtual servers of plans by their keys. Of several that want one, the older has it, then the one first by name. */
export function inForce(plans: readonly ServicePlan[]): Map<string, PlannedVirtualServer> {
  const servers = new Map<string, PlannedVirtualServer>();
  const byAge = [...plans].sort((a, b) => a.created - b.created || (a.service < b.service ? -1 : 1));
  for (const { virtualServers } of byAge) {
    for (const planned of virtualServers) {
      if (!servers.has(planned.server.key)) servers.set(planned.server.key, planned);
    }
  }
  return servers;
}

/** The node of a world as the planner is told of it. */
export function nodeFactsOf({ node, settings }: World): NodeFacts {
  const { nodePortAddresses: networks } = settings;
  return {
    name: node.name,
    zone: node.zone ?? '',
    addresses: node.addresses.filter((address) => networks === undefined || inAny(networks, address)),
    localAddresses: node.addresses,
    ...(node.statusAddresses === undefined ? {} : { statusAddresses: node.statusAddresses }),
    reservedAddresses: reservedOf(node),
  };
}

/** The settings of a world as the planner is told of them. */
export function plannerOptionsOf({ settings }: World): PlannerOptions {
  const { families, masqueradeAll, serviceExternalIPs, externalAddressRanges, serviceRanges } = settings;
  return plannerOptions({
    ...(families === undefined ? {} : { families }),
    ...(masqueradeAll === undefined ? {} : { masqueradeAll }),
    ...(serviceExternalIPs === undefined ? {} : { serviceExternalIPs }),
    ...(externalAddressRanges === undefined ? {} : { externalAddressRanges }),
    ...(serviceRanges === undefined ? {} : { serviceRanges }),
    localTraffic: localTrafficOf(settings.ownPods),
  });
}

function localTrafficOf(ownPods: World['settings']['ownPods']): LocalTraffic {
  if (ownPods === undefined) return { by: 'nothing' };
  return ownPods.by === 'interface' ? { by: 'interface', pattern: 'cni0' } : ownPods;
}

function reservedOf({
  defaultGateways = [],
  apiServers = [],
  otherNodes = [],
}: WorldNode): ReservedAddress[] {
  return [
    ...defaultGateways.map((address) => ({ address, port: 0, use: 'default gateway' as const })),
    ...apiServers.map((server) => ({ ...server, use: 'API server' as const })),
    ...otherNodes.map((address) => ({ address, port: 0, use: 'another node' as const })),
  ];
}

/** What is no valid object is a fault of the world: nothing of it may go unnoticed. */
function valueOf<T>({ value, skipped, problems }: Decoded<T>): T | undefined {
  if (value === undefined && skipped === undefined) {
    throw new Error(`expected a valid object, got ${JSON.stringify(problems)}`);
  }
  return value;
}
