import type { NodeFacts } from '../model/node-facts.ts';
import type { ServicePlan } from '../model/plan.ts';
import type { PlannerOptions } from '../model/planner-options.ts';
import type { Service, ServicePort } from '../model/service.ts';
import type { ServiceState } from '../model/service-state.ts';
import type { VirtualServer } from '../model/virtual-server.ts';
import { planService } from '../planner/service-plan.ts';

/** What Kubernetes calls a virtual server. */
export interface ServiceName {
  readonly namespace: string;
  readonly name: string;
  /** `""` where the service has one unnamed port. */
  readonly portName: string;
}

/**
 * What Kubernetes calls each virtual server that these services ask for on this node, by the key of the virtual server.
 * Of two services that want one virtual server the older one has it, as in the kernel.
 */
export function serviceNames(
  states: Iterable<ServiceState>,
  node: NodeFacts,
  options: PlannerOptions,
): ReadonlyMap<string, ServiceName> {
  const planned = [...states].map((state) => ({
    service: state.service,
    plan: planService(state, node, options),
  }));
  planned.sort((a, b) => olderFirst(a.plan, b.plan));
  const names = new Map<string, ServiceName>();
  for (const { service, plan } of planned) {
    for (const { server } of plan.virtualServers) {
      if (!names.has(server.key)) names.set(server.key, nameOf(service, server, node));
    }
  }
  return names;
}

function olderFirst(a: ServicePlan, b: ServicePlan): number {
  return a.created - b.created || (a.service < b.service ? -1 : 1);
}

function nameOf(service: Service, server: VirtualServer, node: NodeFacts): ServiceName {
  const onNode = node.addresses.includes(server.address);
  const ports = onNode ? service.ports : service.ports.filter(({ port }) => port === server.port);
  return { namespace: service.namespace, name: service.name, portName: portNameOf(ports, server) };
}

/** The name of the port that has a virtual server, by its own number or by its node port; `""` where it has none. */
export function portNameOf(
  ports: readonly ServicePort[],
  { protocol, port: number }: Pick<VirtualServer, 'protocol' | 'port'>,
): string {
  const fitting = ports.filter((one) => one.protocol === protocol);
  const port =
    fitting.find((one) => one.port === number) ?? fitting.find(({ nodePort }) => nodePort === number);
  return port?.name ?? '';
}
