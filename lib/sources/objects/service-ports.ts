import type { Protocol } from '../../model/protocol.ts';
import type { Service, ServicePort } from '../../model/service.ts';
import { describe } from './findings.ts';
import { type Fields, trimmed } from './fields.ts';

/** The protocols that IPVS balances. */
export const protocols: readonly Protocol[] = ['TCP', 'UDP', 'SCTP'];

/** Longest port name (IANA_SVC_NAME is 15; services may use a DNS label). */
const longestName = 63;

/** core/v1 ServicePort. */
const knownFields = new Set(['appProtocol', 'name', 'nodePort', 'port', 'protocol', 'targetPort']);

/**
 * Reads `spec.ports`. One wrong port breaks the findings: a service without one of its ports would refuse connections
 * that it took before.
 */
export function decodeServicePorts(spec: Fields, type: Service['type'], warnUnknown: boolean): ServicePort[] {
  const items = spec.objects('ports');
  if (items.length === 0 && !spec.findings.broken) {
    spec.fail('ports', {
      expected: 'at least one port',
      got: describe(spec.raw('ports')),
      hint: 'add a port',
    });
  }
  const ports: ServicePort[] = [];
  for (const item of items) {
    if (warnUnknown) item.expectOnly(knownFields);
    const port = decodePort(item, items.length > 1, type);
    if (port === undefined) continue;
    refuseTwins(item, port, ports);
    ports.push(port);
  }
  return trimmed(ports);
}

/** Reads the name of one port among several, or of a single one, which needs none. */
export function decodePortName(port: Fields, required: boolean): string | undefined {
  const name = port.text('name') ?? '';
  if (
    name === '' ? !required : name.length <= longestName && /^[a-z0-9](?:[a-z0-9-]*[a-z0-9])?$/.test(name)
  ) {
    return name;
  }
  port.fail('name', {
    expected: 'a name of lower-case letters, digits and hyphens',
    got: name === '' ? 'nothing' : describe(name),
    hint: name === '' ? 'name every port where there are several' : 'rename the port',
  });
  return undefined;
}

function decodePort(item: Fields, several: boolean, type: Service['type']): ServicePort | undefined {
  const name = decodePortName(item, several);
  const protocol = item.choice('protocol', protocols) ?? 'TCP';
  const port = item.integer('port', 1, 65535);
  if (port === undefined && item.raw('port') === undefined) {
    item.fail('port', { expected: 'a whole number from 1 to 65535', got: 'nothing', hint: 'write the port' });
  }
  checkTargetPort(item);
  const nodePort = decodeNodePort(item, type);
  return name === undefined || port === undefined ? undefined : { name, protocol, port, nodePort };
}

function decodeNodePort(item: Fields, type: Service['type']): number {
  const nodePort = item.integer('nodePort', 0, 65535) ?? 0;
  if (type === 'ClusterIP' && nodePort !== 0) {
    item.findings.warn(item.path('nodePort'), {
      expected: 'no node port in a service of type ClusterIP',
      got: describe(nodePort),
      hint: 'it is not served; set spec.type to NodePort or remove it',
    });
    return 0;
  }
  if (type === 'NodePort' && nodePort === 0 && !item.findings.broken) {
    item.findings.warn(item.path('nodePort'), {
      expected: 'a whole number from 1 to 65535',
      got: describe(item.raw('nodePort')),
      hint: 'only an API server allocates node ports; write one',
    });
  }
  return nodePort;
}

/** `targetPort` is not used, since slices carry the port that endpoints listen on; a wrong one is worth a word. */
function checkTargetPort(item: Fields): void {
  const value = item.raw('targetPort');
  const good =
    value === undefined ||
    (typeof value === 'string' && /^[a-z0-9-]{1,15}$/.test(value) && /[a-z]/.test(value)) ||
    (Number.isInteger(value) && (value as number) >= 0 && (value as number) <= 65535);
  if (good) return;
  item.findings.warn(item.path('targetPort'), {
    expected: 'a whole number from 1 to 65535 or the name of a port',
    got: describe(value),
    hint: 'correct it; the ports of the endpoints are used, whatever stands here',
  });
}

function refuseTwins(item: Fields, port: ServicePort, earlier: readonly ServicePort[]): void {
  for (const other of earlier) {
    if (other.name === port.name) {
      item.fail('name', {
        expected: 'a name that no other port of the service has',
        got: describe(port.name),
        hint: 'rename one of the two',
      });
    }
    if (other.protocol !== port.protocol) continue;
    if (other.port === port.port) {
      item.fail('port', {
        expected: 'a port and protocol that the service has only once',
        got: `${port.port} ${port.protocol}, like port ${describe(other.name)}`,
        hint: 'remove one of the two',
      });
    }
    if (other.nodePort !== 0 && other.nodePort === port.nodePort) {
      item.fail('nodePort', {
        expected: 'a node port and protocol that the service has only once',
        got: `${port.nodePort} ${port.protocol}, like port ${describe(other.name)}`,
        hint: 'choose another node port',
      });
    }
  }
}
