import type { Explanation } from '../explanation/explanation.ts';
import { ageText } from './age.ts';
import type { StatusLine } from './status-lines.ts';

/** What a Service asks for, one line for each thing. */
export function askedLines(explanation: Explanation): StatusLine[] {
  const { asked, drainTimeout, slowStart } = explanation;
  return [
    ['Type', asked.type],
    ['Cluster IPs', asked.clusterIPs.join(', ')],
    ...listed('External IPs', asked.externalIPs),
    ...listed('Load balancer', asked.loadBalancerIngress.map(ingressWords)),
    ...listed('Its sources', asked.loadBalancerSourceRanges),
    ...asked.ports.map((port, index): StatusLine => [index === 0 ? 'Ports' : '', portWords(port)]),
    ['Policies', policyWords(explanation)],
    ['Affinity', affinityWords(explanation)],
    ['Scheduler', schedulerWords(explanation)],
    ...(drainTimeout === null ? [] : [['Draining', `for ${ageText(drainTimeout)} at most`] as const]),
    ...(slowStart === null ? [] : [['Slow start', `for ${ageText(slowStart)}`] as const]),
    ...asked.annotations.map(({ name, value, followed, text }, index): StatusLine => [
      index === 0 ? 'Annotations' : '',
      `${name}=${value} (${followed ? 'followed' : `not followed: ${text}`})`,
    ]),
    ...healthLines(explanation),
    ...loopLines(explanation),
  ];
}

type Asked = Explanation['asked'];

function listed(name: string, values: readonly string[]): StatusLine[] {
  return values.length === 0 ? [] : [[name, values.join(', ')]];
}

function ingressWords({ address, ipMode }: Asked['loadBalancerIngress'][number]): string {
  return ipMode === 'Proxy' ? `${address} (ipMode Proxy: the load balancer itself answers there)` : address;
}

function portWords({ name, port, protocol, nodePort }: Asked['ports'][number]): string {
  const named = name === '' ? '' : `${name} `;
  return `${named}${port}/${protocol}${nodePort === 0 ? '' : `, node port ${nodePort}`}`;
}

function policyWords({ asked }: Explanation): string {
  const outside = asked.type === 'ClusterIP' && asked.externalIPs.length === 0;
  return `internal ${asked.internalTrafficPolicy}${outside ? '' : `, external ${asked.externalTrafficPolicy}`}`;
}

function affinityWords({ asked: { affinityTimeout } }: Explanation): string {
  return affinityTimeout === 0 ? 'none' : `a client stays on one endpoint for ${affinityTimeout} s`;
}

function schedulerWords({ scheduling: { scheduler, flags, why } }: Explanation): string {
  return `${scheduler}${flags.length === 0 ? '' : ` (${flags.join(', ')})`}, ${why}`;
}

function healthLines({ health, sets }: Explanation): StatusLine[] {
  if (health === null) return [];
  const { port, localEndpoints } = health;
  const who = localEndpoints === 1 ? 'one ready endpoint is' : `${localEndpoints} ready endpoints are`;
  const missing = sets.some(({ element, held }) => !held && element === String(port));
  const shut = missing ? '; it is not in KUBE-HEALTH-CHECK-NODE-PORT, which lets it in' : '';
  return [['Health check', `port ${port} ${answerWords(health)}: ${who} on this node${shut}`]];
}

function answerWords({ status, answered }: NonNullable<Explanation['health']>): string {
  if (answered === status) return `answers ${status}`;
  return `should answer ${status} and ${answered === null ? 'gives no answer' : `answers ${answered}`}`;
}

function loopLines({ sets }: Explanation): StatusLine[] {
  const loops = sets.filter(({ set }) => set.endsWith('LOOP-BACK'));
  if (loops.length === 0) return [];
  const missing = loops.filter(({ held }) => !held).length;
  const lost = missing === 0 ? '' : `, of which the kernel lacks ${missing}`;
  const many =
    loops.length === 1
      ? 'one endpoint of this node may ask itself'
      : `${loops.length} endpoints of this node may ask themselves`;
  return [['Loop back', `${many} (KUBE-LOOP-BACK)${lost}`]];
}
