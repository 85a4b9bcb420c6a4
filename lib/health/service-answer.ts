import type { ServiceKey } from '../model/service.ts';
import type { Reply } from './reply.ts';

/**
 * What the health check port of a service answers, to every method and at every path: kube-proxy's body to the byte. 200
 * where the node is healthy and has an endpoint of the service, else 503.
 */
export function serviceAnswer(service: ServiceKey, localEndpoints: number, healthy: boolean): Reply {
  const [namespace = '', name = ''] = service.split('/');
  const lines = [
    '{',
    '\t"service": {',
    `\t\t"namespace": ${JSON.stringify(namespace)},`,
    `\t\t"name": ${JSON.stringify(name)}`,
    '\t},',
    `\t"localEndpoints": ${localEndpoints},`,
    `\t"serviceProxyHealthy": ${healthy}`,
    '}',
  ];
  return {
    status: localEndpoints > 0 && healthy ? 200 : 503,
    type: 'application/json',
    body: lines.join('\n'),
    headers: { 'X-Load-Balancing-Endpoint-Weight': String(localEndpoints) },
  };
}
