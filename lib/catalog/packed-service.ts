import type { Service } from '../model/service.ts';
import type { SharedValues } from './shared-values.ts';

const none: readonly never[] = [];

const noAnnotations: Service['annotations'] = {};

/** A service as it is kept: equal, with what most services have in common held once for all of them. */
export function packService(service: Service, shared: SharedValues): Service {
  const { externalIPs, loadBalancerIngress, loadBalancerSourceRanges, ports, annotations } = service;
  return {
    ...service,
    namespace: shared.text(service.namespace),
    externalIPs: orNone(externalIPs),
    loadBalancerIngress: orNone(loadBalancerIngress),
    loadBalancerSourceRanges: orNone(loadBalancerSourceRanges),
    // No two services have a node port in common.
    ports: ports.some(({ nodePort }) => nodePort !== 0) ? ports : shared.servicePorts(ports),
    annotations: Object.keys(annotations).length === 0 ? noAnnotations : annotations,
  };
}

function orNone<Item>(list: readonly Item[]): readonly Item[] {
  return list.length === 0 ? none : list;
}
