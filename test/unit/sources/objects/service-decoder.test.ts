import { expect } from 'chai';
import { formatPath } from '../../../../lib/sources/objects/decoded.ts';
import { decodeService, hasSelector } from '../../../../lib/sources/objects/service-decoder.ts';

type Json = Record<string, unknown>;

/** A good service, with some fields of its spec replaced. */
function service(spec: Json = {}, metadata: Json = {}, status: Json = {}): Json {
  return {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name: 'web', namespace: 'shop', ...metadata },
    spec: { clusterIP: '10.96.0.10', ports: [{ port: 80 }], ...spec },
    status,
  };
}

/** The problems of an object as `severity field: expected …, got …; …`. */
function problemsOf(object: unknown): string[] {
  return decodeService(object).problems.map(
    ({ severity, path, expected, got, hint }) =>
      `${severity} ${formatPath(path)}: expected ${expected}, got ${got}; ${hint}`,
  );
}

const plain = {
  namespace: 'shop',
  name: 'web',
  created: 0,
  type: 'ClusterIP',
  clusterIPs: ['10.96.0.10'],
  externalIPs: [],
  loadBalancerIngress: [],
  loadBalancerSourceRanges: [],
  ports: [{ name: '', protocol: 'TCP', port: 80, nodePort: 0 }],
  affinityTimeout: 0,
  internalTrafficPolicy: 'Cluster',
  externalTrafficPolicy: 'Cluster',
  healthCheckNodePort: 0,
  annotations: {},
};

describe('decodeService', () => {
  it("fills in Kubernetes' defaults", () => {
    expect(decodeService(service())).to.deep.equal({ value: plain, problems: [] });
  });

  it('puts an object without namespace into default', () => {
    expect(decodeService(service({}, { namespace: undefined })).value?.namespace).to.equal('default');
  });

  it('reads everything that a service can ask for', () => {
    const decoded = decodeService(
      service(
        {
          type: 'LoadBalancer',
          clusterIP: '10.96.0.10',
          clusterIPs: ['10.96.0.10', 'FD00::00A'],
          ipFamilies: ['IPv4', 'IPv6'],
          externalIPs: ['198.51.100.1', '2001:db8::1', '198.51.100.1'],
          loadBalancerSourceRanges: [' 10.0.0.0/8', '2001:db8::/32'],
          sessionAffinity: 'ClientIP',
          internalTrafficPolicy: 'Local',
          externalTrafficPolicy: 'Local',
          healthCheckNodePort: 30009,
          ports: [
            { name: 'web', port: 80, targetPort: 'http', nodePort: 30080, appProtocol: 'http' },
            { name: 'dns', port: 80, targetPort: 53, nodePort: 30080, protocol: 'UDP' },
          ],
        },
        {
          creationTimestamp: '2026-01-31T12:00:00Z',
          annotations: { 'kube-ipvs.io/scheduler': 'mh', 'example.com/other': 'x' },
        },
        {
          loadBalancer: {
            ingress: [{ ip: '203.0.113.1' }, { hostname: 'lb' }, { ip: '203.0.113.2', ipMode: 'Proxy' }],
          },
        },
      ),
    );
    expect(decoded.problems).to.deep.equal([]);
    expect(decoded.value).to.deep.equal({
      namespace: 'shop',
      name: 'web',
      created: Date.UTC(2026, 0, 31, 12),
      type: 'LoadBalancer',
      clusterIPs: ['10.96.0.10', 'fd00::a'],
      externalIPs: ['198.51.100.1', '2001:db8::1'],
      loadBalancerIngress: [
        { address: '203.0.113.1', ipMode: 'VIP' },
        { address: '203.0.113.2', ipMode: 'Proxy' },
      ],
      loadBalancerSourceRanges: ['10.0.0.0/8', '2001:db8::/32'],
      ports: [
        { name: 'web', protocol: 'TCP', port: 80, nodePort: 30080 },
        { name: 'dns', protocol: 'UDP', port: 80, nodePort: 30080 },
      ],
      affinityTimeout: 10800,
      internalTrafficPolicy: 'Local',
      externalTrafficPolicy: 'Local',
      healthCheckNodePort: 30009,
      annotations: { 'kube-ipvs.io/scheduler': 'mh' },
    });
  });

  const skipped: [title: string, object: Json, reason: string][] = [
    ['a headless service', service({ clusterIP: 'None' }), 'headless'],
    ['a headless service by its list', service({ clusterIP: 'None', clusterIPs: ['None'] }), 'headless'],
    [
      'an ExternalName service',
      { metadata: { name: 'x' }, spec: { type: 'ExternalName', externalName: 'a.b' } },
      'ExternalName',
    ],
    [
      'a service for another proxy',
      service({}, { labels: { 'service.kubernetes.io/service-proxy-name': 'cilium' } }),
      'labelled for another proxy',
    ],
    [
      'a service labelled headless, with whatever value',
      service({}, { labels: { 'service.kubernetes.io/headless': null } }),
      'labelled headless',
    ],
  ];
  for (const [title, object, reason] of skipped) {
    it(`skips ${title} without a word`, () => {
      expect(decodeService(object)).to.deep.equal({ skipped: reason, problems: [] });
    });
  }

  const invalid: [title: string, object: unknown, problem: string][] = [
    ['that is no object', 'web', 'error metadata: expected an object, got nothing; write metadata.name'],
    [
      'without a name',
      service({}, { name: undefined }),
      'error metadata.name: expected a name of at most 253 lower-case letters, digits and hyphens, got nothing; name the object',
    ],
    [
      'with a name in capitals',
      service({}, { name: 'Web' }),
      'error metadata.name: expected a name of at most 253 lower-case letters, digits and hyphens, got "Web"; rename the object',
    ],
    [
      'without spec',
      { metadata: { name: 'web' } },
      'error spec: expected an object, got nothing; write spec with clusterIP and ports',
    ],
    [
      'without cluster address',
      service({ clusterIP: undefined }),
      'error spec.clusterIP: expected an IP address or None, got nothing; only an API server allocates cluster addresses; write one, or None for a headless service',
    ],
    [
      'with a loopback cluster address',
      service({ clusterIP: '127.0.0.1' }),
      'error spec.clusterIP: expected an address that traffic can be sent to, got "127.0.0.1", a loopback address; write a unicast address that is not special to the node',
    ],
    [
      'with an IPv4-mapped cluster address',
      service({ clusterIP: '::ffff:10.96.0.10' }),
      'error spec.clusterIP: expected an IP address, got "::ffff:10.96.0.10", an IPv4-mapped IPv6 address; write the IPv4 address itself: 10.96.0.10',
    ],
    [
      'with two cluster addresses of one family',
      service({ clusterIPs: ['10.96.0.10', '10.96.0.11'] }),
      'error spec.clusterIPs[1]: expected at most one cluster address a family, got "10.96.0.11" behind 10.96.0.10; remove one of the two',
    ],
    [
      'with two primary cluster addresses',
      service({ clusterIPs: ['10.96.0.11'] }),
      'error spec.clusterIP: expected the address in clusterIPs[0], 10.96.0.11, got "10.96.0.10"; write the same address in both',
    ],
    [
      'with an address of the wrong family',
      service({ ipFamilies: ['IPv6'] }),
      'error spec.ipFamilies[0]: expected IPv4, the family of the cluster address 10.96.0.10, got IPv6; write an address of that family, or correct ipFamilies',
    ],
    [
      'with a family that does not exist',
      service({ ipFamilies: ['ipv4'] }),
      'error spec.ipFamilies[0]: expected IPv4 or IPv6, got "ipv4"; write the family of the cluster address, or leave ipFamilies out',
    ],
    [
      'without ports',
      service({ ports: [] }),
      'error spec.ports: expected at least one port, got an empty list; add a port',
    ],
    [
      'with ports that are no list',
      service({ ports: { port: 80 } }),
      'error spec.ports: expected a list, got an object; write items below it, each behind "- "',
    ],
    [
      'with a port that is no object',
      service({ ports: [80] }),
      'error spec.ports[0]: expected an object, got 80; write fields, such as "- port: 80"',
    ],
    [
      'with an impossible port',
      service({ ports: [{ port: 70000 }] }),
      'error spec.ports[0].port: expected a whole number from 1 to 65535, got 70000; write a number in this range',
    ],
    [
      'with a cluster address that is no text',
      service({ clusterIP: { ip: '10.0.0.1' } }),
      'error spec.clusterIP: expected an IP address, got an object; write an address in quotes',
    ],
    [
      'with port 0',
      service({ ports: [{ port: 0 }] }),
      'error spec.ports[0].port: expected a whole number from 1 to 65535, got 0; write a number in this range',
    ],
    [
      'with a port in quotes',
      service({ ports: [{ port: '80' }] }),
      'error spec.ports[0].port: expected a whole number from 1 to 65535, got "80"; write a decimal number, without quotes or leading zeros',
    ],
    [
      'with a port left out',
      service({ ports: [{ targetPort: 80 }] }),
      'error spec.ports[0].port: expected a whole number from 1 to 65535, got nothing; write the port',
    ],
    [
      'with an impossible node port',
      service({ type: 'NodePort', ports: [{ port: 80, nodePort: 65536 }] }),
      'error spec.ports[0].nodePort: expected a whole number from 0 to 65535, got 65536; write a number in this range',
    ],
    [
      'with an unknown protocol',
      service({ ports: [{ port: 80, protocol: 'tcp' }] }),
      'error spec.ports[0].protocol: expected one of TCP, UDP, SCTP, got "tcp"; did you mean TCP?',
    ],
    [
      'with two ports and a name missing',
      service({ ports: [{ name: 'a', port: 80 }, { port: 81 }] }),
      'error spec.ports[1].name: expected a name of lower-case letters, digits and hyphens, got nothing; name every port where there are several',
    ],
    [
      'with a port name that is a number',
      service({ ports: [{ name: 8080, port: 80 }] }),
      'error spec.ports[0].name: expected a string, got 8080; write it in quotes',
    ],
    [
      'with two ports of one name',
      service({
        ports: [
          { name: 'a', port: 80 },
          { name: 'a', port: 81 },
        ],
      }),
      'error spec.ports[1].name: expected a name that no other port of the service has, got "a"; rename one of the two',
    ],
    [
      'with one port twice',
      service({
        ports: [
          { name: 'a', port: 80 },
          { name: 'b', port: 80 },
        ],
      }),
      'error spec.ports[1].port: expected a port and protocol that the service has only once, got 80 TCP, like port "a"; remove one of the two',
    ],
    [
      'with one node port twice',
      service({
        type: 'NodePort',
        ports: [
          { name: 'a', port: 80, nodePort: 30000 },
          { name: 'b', port: 81, nodePort: 30000 },
        ],
      }),
      'error spec.ports[1].nodePort: expected a node port and protocol that the service has only once, got 30000 TCP, like port "a"; choose another node port',
    ],
    [
      'of an unknown type',
      service({ type: 'Nodeport' }),
      'error spec.type: expected one of ClusterIP, NodePort, LoadBalancer, ExternalName, got "Nodeport"; did you mean NodePort?',
    ],
    [
      'with an unknown policy',
      service({ externalTrafficPolicy: 'Node' }),
      'error spec.externalTrafficPolicy: expected one of Cluster, Local, got "Node"; write one of these',
    ],
    [
      'with an impossible affinity time',
      service({ sessionAffinity: 'ClientIP', sessionAffinityConfig: { clientIP: { timeoutSeconds: 0 } } }),
      'error spec.sessionAffinityConfig.clientIP.timeoutSeconds: expected a whole number from 1 to 86400, got 0; write a number in this range',
    ],
    [
      'with a source range that is a number',
      service({ loadBalancerSourceRanges: [10] }),
      'error spec.loadBalancerSourceRanges[0]: expected a CIDR, got 10; write a network as address/prefix in quotes',
    ],
    [
      'with a source range that is none, rather than let everyone in',
      service({ loadBalancerSourceRanges: ['10.0.0.0/8', '192.168.1.1'] }),
      'error spec.loadBalancerSourceRanges[1]: expected a CIDR, got "192.168.1.1", an address without prefix length; add the prefix length: /32, or /128 for IPv6',
    ],
  ];
  for (const [title, object, problem] of invalid) {
    it(`refuses a service ${title}`, () => {
      expect(problemsOf(object)).to.deep.equal([problem]);
      expect(decodeService(object)).to.have.all.keys('problems');
    });
  }

  const partly: [title: string, object: Json, problem: string, field: keyof typeof plain, value: unknown][] =
    [
      [
        'leaves out an external address that is none',
        service({ externalIPs: ['198.51.100.1', 'x'] }),
        'error spec.externalIPs[1]: expected an IP address, got "x", no IP address; write an address such as 10.0.0.1 or fd00::1',
        'externalIPs',
        ['198.51.100.1'],
      ],
      [
        'leaves out a link-local external address',
        service({ externalIPs: ['169.254.169.254'] }),
        'error spec.externalIPs[0]: expected an address that traffic can be sent to, got "169.254.169.254", a link-local address; write a unicast address that is not special to the node',
        'externalIPs',
        [],
      ],
      [
        'leaves out an external address of a family that the service does not have',
        service({ externalIPs: ['2001:db8::1'] }),
        'error spec.externalIPs[0]: expected an IPv4 address, as the service has no cluster address of another family, got "2001:db8::1"; give the service a cluster address of that family, or remove this one',
        'externalIPs',
        [],
      ],
      [
        'reads leading zeros as decimal and says so',
        service({ clusterIP: '010.096.0.10' }),
        'warning spec.clusterIP: expected an IP address without leading zeros, got "010.096.0.10"; it is read in decimal as 10.96.0.10; write that',
        'clusterIPs',
        ['10.96.0.10'],
      ],
      [
        'clears the bits behind the prefix of a source range and says so',
        service({ loadBalancerSourceRanges: ['10.1.2.3/8'] }),
        'warning spec.loadBalancerSourceRanges[0]: expected a CIDR without bits behind its prefix, got "10.1.2.3/8"; it is read as 10.0.0.0/8; write that',
        'loadBalancerSourceRanges',
        ['10.0.0.0/8'],
      ],
      [
        'warns of a misspelt field of the spec',
        service({ externalTraficPolicy: 'Local' }),
        'warning spec.externalTraficPolicy: expected a field of the API type, got the unknown field "externalTraficPolicy"; it is not read; did you mean externalTrafficPolicy?',
        'externalTrafficPolicy',
        'Cluster',
      ],
      [
        'warns of a misspelt field of a port',
        service({ ports: [{ port: 80, nodeport: 30000 }] }),
        'warning spec.ports[0].nodeport: expected a field of the API type, got the unknown field "nodeport"; it is not read; did you mean nodePort?',
        'ports',
        [{ name: '', protocol: 'TCP', port: 80, nodePort: 0 }],
      ],
      [
        'warns of an unknown field that is like no other',
        service({ hello: 1 }),
        'warning spec.hello: expected a field of the API type, got the unknown field "hello"; it is not read; remove it',
        'type',
        'ClusterIP',
      ],
      [
        'does not serve a node port of a ClusterIP service',
        service({ ports: [{ port: 80, nodePort: 30000 }] }),
        'warning spec.ports[0].nodePort: expected no node port in a service of type ClusterIP, got 30000; it is not served; set spec.type to NodePort or remove it',
        'ports',
        [{ name: '', protocol: 'TCP', port: 80, nodePort: 0 }],
      ],
      [
        'warns of a NodePort service without node port',
        service({ type: 'NodePort' }),
        'warning spec.ports[0].nodePort: expected a whole number from 1 to 65535, got nothing; only an API server allocates node ports; write one',
        'type',
        'NodePort',
      ],
      [
        'warns of an impossible target port, which nothing depends on',
        service({ ports: [{ port: 80, targetPort: 70000 }] }),
        'warning spec.ports[0].targetPort: expected a whole number from 1 to 65535 or the name of a port, got 70000; correct it; the ports of the endpoints are used, whatever stands here',
        'ports',
        [{ name: '', protocol: 'TCP', port: 80, nodePort: 0 }],
      ],
      [
        'does not serve a health check port that has no place',
        service({ healthCheckNodePort: 30009 }),
        'warning spec.healthCheckNodePort: expected no health check port unless type is LoadBalancer and externalTrafficPolicy is Local, got 30009; it is not served; set these two or remove it',
        'healthCheckNodePort',
        0,
      ],
      [
        'leaves out an annotation of ours that is no string',
        service({}, { annotations: { 'kube-ipvs.io/weight': 5, other: 6 } }),
        'error metadata.annotations["kube-ipvs.io/weight"]: expected a string, got 5; write the value in quotes; the annotation is left out',
        'annotations',
        {},
      ],
      [
        'reads a wrong creation time as none',
        service({}, { creationTimestamp: 'yesterday' }),
        'warning metadata.creationTimestamp: expected a time such as 2026-01-31T12:00:00Z, got "yesterday"; correct it or leave it out; it is read as unknown',
        'created',
        0,
      ],
    ];
  for (const [title, object, problem, field, value] of partly) {
    it(title, () => {
      expect(problemsOf(object)).to.deep.equal([problem]);
      expect(decodeService(object).value?.[field]).to.deep.equal(value);
    });
  }

  it('accepts unknown fields where an API server has checked them', () => {
    expect(decodeService(service({ hello: 1 }), { unknownFields: 'accept' }).problems).to.deep.equal([]);
  });

  it('tells the labels of a service that can be used', () => {
    const told: unknown[] = [];
    const read = (object: Json): void => {
      decodeService(object, { unknownFields: 'warn', labelled: (...labels) => told.push(labels) });
    };
    read(service({}, { labels: { app: 'web', wrong: 7 } }));
    read(service());
    read(service({ clusterIP: 'None' }, { labels: { app: 'headless' } }));
    read(service({ ports: [] }, { labels: { app: 'invalid' } }));
    expect(told).to.deep.equal([
      ['shop/web', { app: 'web' }],
      ['shop/web', {}],
    ]);
  });

  it('is not misled by names that every JavaScript object has', () => {
    expect(
      problemsOf({ metadata: { name: 'web' }, spec: JSON.parse('{"constructor":1}') as unknown }),
    ).to.include(
      'warning spec.constructor: expected a field of the API type, got the unknown field "constructor"; it is not read; remove it',
    );
  });
});

describe('hasSelector', () => {
  it('is true only where there is something to select by', () => {
    expect(hasSelector(service({ selector: { app: 'web' } }))).to.equal(true);
    expect(hasSelector(service({ selector: {} }))).to.equal(false);
    expect(hasSelector(service())).to.equal(false);
    expect(hasSelector(null)).to.equal(false);
  });
});
