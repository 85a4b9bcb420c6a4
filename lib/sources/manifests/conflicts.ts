import type { Problem } from '../../model/problem.ts';
import type { Protocol } from '../../model/protocol.ts';
import type { Service, ServicePort } from '../../model/service.ts';
import { virtualServerKey } from '../../model/virtual-server.ts';
import { type FieldPath, formatPath } from '../objects/decoded.ts';
import type { ManifestObject } from './manifest-file.ts';

/** Something that only one service can have, and the field that asks for it. */
interface Claim {
  /** Said of the thing, and its identity: `TCP 10.96.0.10:80`, `TCP node port 30080`. */
  readonly thing: string;
  readonly path: FieldPath;
}

/**
 * Finds services that ask for the same address and port, or the same node port. The older service has it, then the one
 * with the smaller key, as the ledger decides; the problem is the other's, once for each field.
 */
export function findConflicts(objects: Iterable<ManifestObject>): Problem[] {
  const owners = new Map<string, ManifestObject>();
  const problems: Problem[] = [];
  for (const { object, service } of bySeniority(objects)) {
    let reported: FieldPath = [];
    for (const { thing, path } of claimsOf(service)) {
      const owner = owners.get(thing);
      if (owner === undefined) owners.set(thing, object);
      else if (owner !== object && path !== reported) {
        problems.push(contested(object, owner, thing, path));
        reported = path;
      }
    }
  }
  return problems;
}

function bySeniority(objects: Iterable<ManifestObject>): { object: ManifestObject; service: Service }[] {
  const services: { object: ManifestObject; service: Service }[] = [];
  for (const object of objects) {
    if (object.service !== undefined) services.push({ object, service: object.service });
  }
  return services.sort(
    (a, b) => a.service.created - b.service.created || (a.object.key < b.object.key ? -1 : 1),
  );
}

function* claimsOf(service: Service): IterableIterator<Claim> {
  const addresses = [
    ...service.clusterIPs,
    ...service.externalIPs,
    ...service.loadBalancerIngress.filter(({ ipMode }) => ipMode === 'VIP').map(({ address }) => address),
  ];
  for (const [index, port] of service.ports.entries()) {
    const path = ['spec', 'ports', index, 'port'];
    for (const address of addresses) {
      yield { thing: virtualServerKey({ protocol: port.protocol, address, port: port.port }), path };
    }
    yield* nodePortClaim(port, ['spec', 'ports', index, 'nodePort']);
  }
  if (service.healthCheckNodePort !== 0) {
    yield { thing: nodePort('TCP', service.healthCheckNodePort), path: ['spec', 'healthCheckNodePort'] };
  }
}

function* nodePortClaim(port: ServicePort, path: FieldPath): IterableIterator<Claim> {
  if (port.nodePort !== 0) yield { thing: nodePort(port.protocol, port.nodePort), path };
}

function nodePort(protocol: Protocol, port: number): string {
  return `${protocol} node port ${port}`;
}

function contested(object: ManifestObject, owner: ManifestObject, thing: string, path: FieldPath): Problem {
  return {
    where: object.locate(path),
    object: object.id,
    field: formatPath(path),
    expected: `an address and port that no other service has`,
    got: `${thing}, which ${owner.id} has (${owner.locate(path)})`,
    hint: 'give one of the two another; the older service is served there, then the first by name',
    severity: 'error',
  };
}
