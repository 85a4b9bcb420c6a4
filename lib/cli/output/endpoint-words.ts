import type { Endpoint } from '../../model/endpoint-slice.ts';
import type { EndpointVerdict, JudgedEndpoint } from '../../planner/endpoint-verdicts.ts';

/** Why traffic goes to an endpoint or does not, by what is to be said of it. */
const words: Readonly<Record<EndpointVerdict, (endpoint: Endpoint) => string>> = {
  chosen: () => 'ready',
  'last-resort': () => 'terminates, but still serves, and none is ready',
  'not-ready': ({ terminating }) => (terminating ? 'terminates and serves no more' : 'not ready'),
  terminating: () => 'terminates, and others are ready',
  'other-node': ({ nodeName }) =>
    `on ${nodeName === '' ? 'a node that is not known' : nodeName}; the policy Local asks for this node`,
  'hinted-elsewhere': ({ nodeHints, zoneHints }) =>
    `hinted for ${[...nodeHints, ...zoneHints].join(', ')}, not for here`,
};

/** Why traffic goes to an endpoint or does not, for people. */
export function endpointWords({ verdict, endpoint }: JudgedEndpoint): string {
  return words[verdict](endpoint);
}
