import { virtualServerId } from '../../kernel/ipvs-identity.ts';
import type { ServicePlan } from '../../model/plan.ts';
import type { IpvsReader } from '../held.ts';
import type { Kernel } from '../kernel.ts';
import type { HeldService } from './way-view.ts';

/** Reads what the kernel holds of a Service: its virtual servers with their real servers, and all that is in sets. */
export async function readHeldService(
  { ipvs, setEntries, addresses }: Pick<Kernel, 'setEntries' | 'addresses'> & { readonly ipvs: IpvsReader },
  plan: ServicePlan,
): Promise<HeldService> {
  const wanted = new Set(plan.virtualServers.map(({ server }) => server.key));
  const own = new Set(plan.addresses.map(({ address }) => address));
  const [entries, bound] = await Promise.all([setEntries.read(), addresses.read()]);
  const servers = ipvs.services({ stats: true }).flatMap((service) => {
    const key = virtualServerId(service)?.key;
    if (key === undefined || !(wanted.has(key) || own.has(service.address))) return [];
    return [[key, { service, destinations: ipvs.destinations(service) }] as const];
  });
  return {
    servers: new Map(servers.filter(([key]) => wanted.has(key))),
    others: new Map(servers.filter(([key]) => !wanted.has(key))),
    setEntries: new Set(entries.keys()),
    addresses: new Set(bound.keys()),
  };
}
