import { byNetwork, here, show, sliceOf, there, web } from './cases.ts';

const everywhere = '10.1.1.1:8080 kept, 10.1.2.1:8080 kept';
const hidden = '10.1.1.1:8080 node, 10.1.2.1:8080 node';
const notReady = { ready: false };
const going = { ready: false, serving: true, terminating: true };
const loadBalancer = { type: 'LoadBalancer', externalTrafficPolicy: 'Local' } as const;
const ingress = [{ ip: '203.0.113.1' }];

describe('the rules of Services', () => {
  describe('cluster IPs (Service API; virtual IPs and service proxies)', () => {
    show({
      'lead to every endpoint, and pods keep their source': {
        packet: 'TCP own pod > 10.96.0.1:80',
        becomes: everywhere,
      },
      'are of each family by themselves': {
        packet: 'TCP own pod > fd00:96::1:80',
        slices: [sliceOf([here()]), sliceOf([there({ addresses: ['fd00:10:1:2::1'] })])],
        becomes: 'fd00:10:1:2::1:8080 kept',
      },
      'have one number for several protocols': ['TCP', 'UDP', 'SCTP'].map((protocol, index) => ({
        packet: `${protocol} own pod > 10.96.0.1:53`,
        spec: {
          ports: [
            { name: 'a', port: 53 },
            { name: 'b', port: 53, protocol: 'UDP' },
            { name: 'c', port: 53, protocol: 'SCTP' },
          ],
        },
        slices: [
          sliceOf([here()], {
            ports: [
              { name: 'a', port: 1000 },
              { name: 'b', port: 1001, protocol: 'UDP' },
              { name: 'c', port: 1002, protocol: 'SCTP' },
            ],
          }),
        ],
        becomes: `10.1.1.1:${1000 + index} kept`,
      })),
      'follow a named target port to another number in each slice': {
        packet: 'TCP own pod > 10.96.0.1:80',
        slices: [sliceOf([here()]), sliceOf([there()], { ports: [{ port: 9090 }] })],
        becomes: '10.1.1.1:8080 kept, 10.1.2.1:9090 kept',
      },
      'do not lead to ports of another name or protocol, nor to one without a number': {
        packet: 'TCP own pod > 10.96.0.1:80',
        slices: [
          sliceOf([here()], { ports: [{ name: 'x', port: 1 }, { protocol: 'UDP', port: 1 }, {}] }),
          sliceOf([here()], { metadata: { namespace: 'other', name: 'web-2' } }),
        ],
        becomes: 'refused',
      },
      'refuse without endpoints (e2e: should be rejected when no endpoints exist)': [
        { packet: 'TCP own pod > 10.96.0.1:80', endpoints: [], becomes: 'refused' },
        {
          packet: 'TCP node (any) > 10.96.0.1:80',
          endpoints: [here({ conditions: notReady })],
          becomes: 'refused',
        },
      ],
      'refuse other ports, but for those of health checks (KUBE-IPVS-FILTER)': [
        { packet: 'TCP outside > 10.96.0.1:81', becomes: 'refused' },
        { packet: 'UDP own pod > 10.96.0.1:80', becomes: 'refused' },
        { packet: 'TCP own pod > 10.96.0.2:80', becomes: 'none' },
        {
          packet: 'TCP own pod > 10.96.0.1:32000',
          spec: { ...loadBalancer, healthCheckNodePort: 32_000 },
          becomes: 'none',
        },
      ],
      'keep clients where the Service asks for affinity, three hours if it does not say': [
        {
          packet: 'TCP own pod > 10.96.0.1:80',
          spec: { sessionAffinity: 'ClientIP' },
          becomes: `${everywhere}, for 10800 s`,
        },
        {
          packet: 'TCP own pod > 10.96.0.1:80',
          spec: { sessionAffinity: 'ClientIP', sessionAffinityConfig: { clientIP: { timeoutSeconds: 5 } } },
          becomes: `${everywhere}, for 5 s`,
        },
      ],
    });
  });

  describe('whose source is replaced on the way to a cluster IP (detectLocalMode, masqueradeAll)', () => {
    const packet = 'TCP own pod > 10.96.0.1:80';
    show({
      'nobody’s where pods are not told': { packet: 'TCP outside > 10.96.0.1:80', becomes: everywhere },
      'that of whoever is no pod of this node, by network or by interface': [
        { packet, settings: byNetwork, becomes: everywhere },
        { packet: 'TCP outside > 10.96.0.1:80', settings: byNetwork, becomes: hidden },
        { packet: 'TCP other pod > 10.96.0.1:80', settings: byNetwork, becomes: hidden },
        { packet, settings: { ownPods: { by: 'interface' } }, becomes: everywhere },
        { packet: 'TCP outside > 10.96.0.1:80', settings: { ownPods: { by: 'interface' } }, becomes: hidden },
      ],
      'nobody’s in a family without a network of pods': {
        packet: 'TCP outside > 10.96.0.1:80',
        settings: { ownPods: { by: 'source', cidrs: ['fd00:10::/32'] } },
        becomes: everywhere,
      },
      'everybody’s with masqueradeAll': { packet, settings: { masqueradeAll: true }, becomes: hidden },
      'a pod’s that comes back to itself, once its node is or may be this one (hairpin)': [
        {
          packet: 'TCP own pod (10.1.1.1) > 10.96.0.1:80',
          becomes: '10.1.1.1:8080 node, 10.1.2.1:8080 kept',
        },
        {
          packet: 'TCP own pod (10.1.1.1) > 10.96.0.1:80',
          endpoints: [{ addresses: ['10.1.1.1'] }],
          becomes: '10.1.1.1:8080 node',
        },
        { packet: 'TCP other pod (10.1.2.1) > 10.96.0.1:80', becomes: everywhere },
      ],
      'nobody’s on the way to the node itself': {
        packet: 'TCP outside > 10.96.0.1:80',
        endpoints: [here({ addresses: ['192.168.0.1'] })],
        settings: byNetwork,
        becomes: '192.168.0.1:8080 kept',
      },
    });
  });

  describe('which endpoints (discovery/v1 EndpointConditions; KEP-1669)', () => {
    const packet = 'TCP own pod > 10.96.0.1:80';
    const unready = { conditions: notReady };
    const terminating = { conditions: going };
    show({
      'the ready ones alone': { packet, endpoints: [here(), there(unready)], becomes: '10.1.1.1:8080 kept' },
      'none that terminates while another is ready': {
        packet,
        endpoints: [here(terminating), there()],
        becomes: '10.1.2.1:8080 kept',
      },
      'those that serve until they end, where none is ready': {
        packet,
        endpoints: [here(terminating), there({ conditions: { ...going, serving: false } })],
        becomes: '10.1.1.1:8080 kept',
      },
      'ready ones that terminate (publishNotReadyAddresses)': {
        packet,
        spec: { publishNotReadyAddresses: true },
        endpoints: [here({ conditions: { ...going, ready: true } }), there(terminating)],
        becomes: '10.1.1.1:8080 kept',
      },
      'each once, and the ready one of two slices (docs/decisions/firewall.md)': {
        packet,
        slices: [sliceOf([here(unready)]), sliceOf([here({ nodeName: 'node-2' }), there()])],
        becomes: everywhere,
      },
      'none of a slice labelled headless': {
        packet,
        slices: [
          sliceOf([here()], {
            metadata: {
              namespace: 'default',
              name: 'web-1',
              labels: { 'kubernetes.io/service-name': 'web', 'service.kubernetes.io/headless': '' },
            },
          }),
        ],
        becomes: 'refused',
      },
    });
  });

  describe('hints (KEP-2433 for zones, KEP-3015 for nodes)', () => {
    const packet = 'TCP own pod > 10.96.0.1:80';
    const zones = (name: string) => ({ hints: { forZones: [{ name }] } });
    const both = (node: string, zone: string) => ({
      hints: { forNodes: [{ name: node }], forZones: [{ name: zone }] },
    });
    show({
      'lead to the zone': {
        packet,
        endpoints: [here(zones('zone-b')), there(zones('zone-a'))],
        becomes: '10.1.2.1:8080 kept',
      },
      'lead to the node before the zone': {
        packet,
        endpoints: [here(both('this-node', 'zone-b')), there(both('node-2', 'zone-a'))],
        becomes: '10.1.1.1:8080 kept',
      },
      'do not count where an endpoint has none, where none is for this zone, or it is not known': [
        { packet, endpoints: [here(zones('zone-a')), there()], becomes: everywhere },
        { packet, endpoints: [here(zones('zone-b')), there(zones('zone-c'))], becomes: everywhere },
        {
          packet,
          endpoints: [here(zones('zone-a')), there(zones('zone-b'))],
          node: { zone: '' },
          becomes: everywhere,
        },
      ],
      'have no say with a policy Local': {
        packet,
        spec: { internalTrafficPolicy: 'Local' },
        endpoints: [here(zones('zone-b')), there(zones('zone-a'))],
        becomes: '10.1.1.1:8080 kept',
      },
    });
  });

  describe('internalTrafficPolicy Local (KEP-2086)', () => {
    const packet = 'TCP own pod > 10.96.0.1:80';
    const spec = { internalTrafficPolicy: 'Local' } as const;
    show({
      'leads to endpoints of this node': { packet, spec, becomes: '10.1.1.1:8080 kept' },
      'to those that terminate, where none of this node is ready': {
        packet,
        spec,
        endpoints: [here({ conditions: going }), there()],
        becomes: '10.1.1.1:8080 kept',
      },
      'refuses without one on the node ("behaves as if it has zero endpoints")': {
        packet,
        spec,
        endpoints: [there()],
        becomes: 'refused',
      },
      'says nothing of addresses from outside': {
        packet: 'TCP outside > 203.0.113.1:80',
        spec: { ...spec, externalIPs: ['203.0.113.1'] },
        endpoints: [there()],
        becomes: '10.1.2.1:8080 node',
      },
    });
  });

  describe('addresses from outside with policy Cluster (Service API, externalTrafficPolicy)', () => {
    show({
      'external IPs, load balancers and node ports hide the source, of pods too': [
        {
          packet: 'TCP outside > 203.0.113.9:80',
          spec: { externalIPs: ['203.0.113.9'] },
          becomes: hidden,
        },
        { packet: 'TCP own pod > 203.0.113.1:80', spec: { type: 'LoadBalancer' }, ingress, becomes: hidden },
        { packet: 'TCP outside > 192.168.0.1:30080', spec: { type: 'NodePort' }, becomes: hidden },
      ],
      'addresses of load balancers in mode Proxy and host names are not for nodes (KEP-1860)': {
        packet: 'TCP own pod > 203.0.113.1:80',
        spec: { type: 'LoadBalancer' },
        ingress: [{ ip: '203.0.113.1', ipMode: 'Proxy' }, { hostname: 'lb.example.org' }],
        becomes: 'none',
      },
      'node ports are on every address of the node, or in nodePortAddresses': [
        { packet: 'TCP outside > 172.20.0.1:30080', becomes: hidden },
        {
          packet: 'TCP outside > 172.20.0.1:30080',
          settings: { nodePortAddresses: ['192.168.0.0/24'] },
          becomes: 'none',
        },
      ],
      'a service’s own address has no node ports': {
        packet: 'TCP outside > 10.96.0.1:30080',
        becomes: 'refused',
      },
      'a load balancer may be without node ports (allocateLoadBalancerNodePorts)': {
        packet: 'TCP outside > 203.0.113.1:80',
        spec: { type: 'LoadBalancer', allocateLoadBalancerNodePorts: false, ports: [{ port: 80 }] },
        ingress,
        becomes: hidden,
      },
      'a family without a cluster IP has no other address either': {
        packet: 'TCP outside > 2001:db8::9:80',
        spec: { clusterIPs: ['10.96.0.1'], externalIPs: ['2001:db8::9'] },
        becomes: 'none',
      },
    });
  });

  describe('externalTrafficPolicy Local (docs/decisions/local-policy.md)', () => {
    const [packet, spec] = ['TCP outside > 203.0.113.1:80', loadBalancer];
    const endpoints = [there()];
    show({
      'leads to endpoints of this node and keeps the source': [
        { packet, spec, ingress, becomes: '10.1.1.1:8080 kept' },
        { packet: 'TCP outside > 192.168.0.1:30080', spec, becomes: '10.1.1.1:8080 kept' },
      ],
      'says nothing of cluster IPs': { packet: 'TCP own pod > 10.96.0.1:80', spec, becomes: everywhere },
      'refuses those from outside where the node has no endpoint, other nodes’ pods among them': [
        { packet, spec, ingress, endpoints, settings: byNetwork, becomes: 'refused' },
        {
          packet: 'TCP other pod > 192.168.0.1:30080',
          spec,
          endpoints,
          settings: byNetwork,
          becomes: 'refused',
        },
      ],
      'serves pods and the node itself all the same, without their source': [
        {
          packet: 'TCP own pod > 203.0.113.1:80',
          spec,
          ingress,
          endpoints,
          settings: byNetwork,
          becomes: '10.1.2.1:8080 node',
        },
        {
          packet: 'TCP node (any) > 203.0.113.1:80',
          spec,
          ingress,
          endpoints,
          settings: byNetwork,
          becomes: '10.1.2.1:8080 node',
        },
      ],
      'does as kube-proxy where pods cannot be told': {
        packet,
        spec,
        ingress,
        endpoints,
        becomes: '10.1.2.1:8080 kept',
      },
      'refuses everybody without any endpoint': {
        packet: 'TCP own pod > 203.0.113.1:80',
        spec,
        ingress,
        endpoints: [],
        becomes: 'refused',
      },
    });
  });

  describe('loadBalancerSourceRanges (Service API; docs/decisions/firewall.md)', () => {
    const spec = { type: 'LoadBalancer', loadBalancerSourceRanges: [' 198.51.100.0/24 '] } as const;
    show({
      'let in whoever is in them and drop the others': [
        { packet: 'TCP outside > 203.0.113.1:80', spec, ingress, becomes: hidden },
        { packet: 'TCP own pod > 203.0.113.1:80', spec, ingress, becomes: 'dropped' },
        { packet: 'TCP node (any) > 203.0.113.1:80', spec, ingress, becomes: 'dropped' },
      ],
      'let a node’s processes in where an address of the node is in them, from whichever they ask': [
        {
          packet: 'TCP node (any) > 203.0.113.1:80',
          spec: { ...spec, loadBalancerSourceRanges: ['192.168.0.1/32'] },
          ingress,
          becomes: hidden,
        },
        {
          packet: 'TCP node (172.20.0.1) > 203.0.113.1:80',
          spec: { ...spec, loadBalancerSourceRanges: ['192.168.0.1/32'] },
          ingress,
          becomes: hidden,
        },
      ],
      'say nothing of node ports, external IPs and the other family': [
        { packet: 'TCP own pod > 192.168.0.1:30080', spec, becomes: hidden },
        {
          packet: 'TCP own pod > 203.0.113.9:80',
          spec: { ...spec, externalIPs: ['203.0.113.9'] },
          becomes: hidden,
        },
        {
          packet: 'TCP outside > 2001:db8::9:80',
          spec,
          ingress: [{ ip: '2001:db8::9' }],
          endpoints: [here({ addresses: ['fd00:10:1:1::1'] })],
          becomes: 'fd00:10:1:1::1:8080 node',
        },
      ],
      'or having no endpoint, either may be the answer': {
        packet: 'TCP own pod > 203.0.113.1:80',
        spec,
        ingress,
        endpoints: [],
        becomes: 'refused or dropped',
      },
    });
  });

  describe('which Services are none of the proxy’s (KEP-2447; headless; ExternalName)', () => {
    const packet = 'TCP own pod > 10.96.0.1:80';
    show({
      'those of another proxy, whatever its name': [
        { packet, metadata: { labels: { 'service.kubernetes.io/service-proxy-name': '' } }, becomes: 'none' },
        { packet, metadata: { labels: { 'service.kubernetes.io/headless': '' } }, becomes: 'none' },
      ],
      'headless ones, and mere names': [
        { packet, spec: { clusterIP: 'None', clusterIPs: ['None'] }, becomes: 'none' },
        { packet, spec: { type: 'ExternalName', externalName: 'example.org' }, becomes: 'none' },
      ],
      'those of a family that the host does not have': {
        packet,
        settings: { families: ['IPv6'] },
        becomes: 'none',
      },
    });
  });

  describe('which external addresses are served (docs/decisions/refused-addresses.md)', () => {
    const to = (address: string) => ({
      packet: `TCP own pod > ${address}:80`,
      spec: { externalIPs: [address] },
    });
    const pods = { ownPods: { by: 'source', cidrs: ['10.1.0.0/16'] } } as const;
    show({
      'not those of gateways, API servers and other nodes': [
        { ...to('192.168.0.254'), node: { defaultGateways: ['192.168.0.254'] }, becomes: 'none' },
        {
          ...to('192.168.0.9'),
          node: { apiServers: [{ address: '192.168.0.9', port: 6443 }] },
          becomes: 'none',
        },
        { ...to('192.168.0.2'), node: { otherNodes: ['192.168.0.2'] }, becomes: 'none' },
      ],
      'the node’s own, unless a port of the Service is the API server’s': [
        {
          ...to('192.168.0.1'),
          node: { apiServers: [{ address: '192.168.0.1', port: 6443 }] },
          becomes: hidden,
        },
        {
          ...to('192.168.0.1'),
          node: { apiServers: [{ address: '192.168.0.1', port: 80 }] },
          becomes: 'none',
        },
      ],
      'not those that a load balancer lists together with nodes': {
        packet: 'TCP own pod > 192.168.0.2:80',
        spec: { type: 'LoadBalancer' },
        ingress: [{ ip: '192.168.0.1' }, { ip: '192.168.0.2' }],
        becomes: 'none',
      },
      'no external IPs with AllowServiceExternalIPs=false (KEP-5707)': {
        ...to('203.0.113.9'),
        settings: { serviceExternalIPs: false },
        becomes: 'none',
      },
      'none outside of the allowed ranges': {
        ...to('203.0.113.9'),
        settings: { externalAddressRanges: ['203.0.113.0/29'] },
        becomes: 'none',
      },
      'none among cluster IPs': [
        { ...to('10.96.0.7'), settings: { serviceRanges: ['10.96.0.0/16'] }, becomes: 'none' },
        { ...to('10.96.0.1'), becomes: everywhere },
      ],
      'none of a pod, unless its range is allowed': [
        { ...to('10.1.3.3'), settings: pods, becomes: 'none' },
        { ...to('10.1.3.3'), settings: { ...pods, externalAddressRanges: ['10.1.3.0/24'] }, becomes: hidden },
      ],
      'none that nobody can serve': [
        { ...to('127.0.0.1'), becomes: 'none' },
        { ...to('169.254.1.1'), becomes: 'none' },
      ],
    });
  });

  describe('one address and port of two Services', () => {
    show({
      'is the older one’s, then that of the first by name': [
        {
          packet: 'TCP outside > 203.0.113.9:80',
          spec: { externalIPs: ['203.0.113.9'] },
          others: [
            web(
              { externalIPs: ['203.0.113.9'], clusterIPs: ['10.96.0.2'] },
              { name: 'older', creationTimestamp: '2025-01-01T00:00:00Z' },
            ),
          ],
          becomes: 'refused',
        },
        {
          packet: 'TCP outside > 203.0.113.9:80',
          spec: { externalIPs: ['203.0.113.9'] },
          others: [web({ externalIPs: ['203.0.113.9'], clusterIPs: ['10.96.0.2'] }, { name: 'xyz' })],
          becomes: hidden,
        },
      ],
    });
  });
});
