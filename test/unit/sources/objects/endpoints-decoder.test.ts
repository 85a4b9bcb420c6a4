import { expect } from 'chai';
import { formatPath } from '../../../../lib/sources/objects/decoded.ts';
import { decodeEndpoints } from '../../../../lib/sources/objects/endpoints-decoder.ts';

function endpoints(subsets: unknown, metadata: object = {}): object {
  return { apiVersion: 'v1', kind: 'Endpoints', metadata: { name: 'db', ...metadata }, subsets };
}

function problemsOf(object: unknown): string[] {
  return decodeEndpoints(object).problems.map(
    ({ severity, path, expected, got, hint }) =>
      `${severity} ${formatPath(path)}: expected ${expected}, got ${got}; ${hint}`,
  );
}

describe('decodeEndpoints', () => {
  it('reads subsets with ready and not ready addresses', () => {
    const decoded = decodeEndpoints(
      endpoints([
        {
          addresses: [{ ip: '10.0.0.1', nodeName: 'a' }],
          notReadyAddresses: [{ ip: 'FD00::1' }],
          ports: [{ port: 3306 }],
        },
      ]),
    );
    expect(decoded).to.deep.equal({
      value: {
        namespace: 'default',
        name: 'db',
        subsets: [
          {
            addresses: [
              { address: '10.0.0.1', family: 'IPv4', ready: true, nodeName: 'a' },
              { address: 'fd00::1', family: 'IPv6', ready: false, nodeName: '' },
            ],
            ports: [{ name: '', protocol: 'TCP', port: 3306 }],
          },
        ],
        triggered: 0,
      },
      problems: [],
    });
  });

  it('takes an object without subsets for what it is', () => {
    expect(decodeEndpoints(endpoints(undefined)).value?.subsets).to.deep.equal([]);
  });

  it('skips what is not to be mirrored', () => {
    const labelled = endpoints([], { labels: { 'endpointslice.kubernetes.io/skip-mirror': 'true' } });
    const election = endpoints([], { annotations: { 'control-plane.alpha.kubernetes.io/leader': '{}' } });
    expect(decodeEndpoints(labelled)).to.deep.equal({ skipped: 'labelled skip-mirror', problems: [] });
    expect(decodeEndpoints(election)).to.deep.equal({ skipped: 'a leader election', problems: [] });
  });

  it('mirrors an object whose skip-mirror label is not "true"', () => {
    const labelled = endpoints([], { labels: { 'endpointslice.kubernetes.io/skip-mirror': 'false' } });
    expect(decodeEndpoints(labelled).value).to.be.an('object');
  });

  it('leaves out a wrong address and keeps the others', () => {
    const object = endpoints([{ addresses: [{ ip: '10.0.0.1' }, { ip: '::1' }], ports: [{ port: 80 }] }]);
    expect(problemsOf(object)).to.deep.equal([
      'error subsets[0].addresses[1].ip: expected an address that traffic can be sent to, got "::1", a loopback address; write a unicast address that is not special to the node',
    ]);
    expect(decodeEndpoints(object).value?.subsets[0]?.addresses).to.have.length(1);
  });

  const invalid: [title: string, subset: object, problem: string][] = [
    [
      'an impossible port',
      { ports: [{ port: -1 }] },
      'error subsets[0].ports[0].port: expected a whole number from 1 to 65535, got -1; write a number in this range',
    ],
    [
      'a port without number',
      { ports: [{ name: 'a' }] },
      'error subsets[0].ports[0].port: expected a whole number from 1 to 65535, got nothing; write the port',
    ],
    [
      'several ports without names',
      { ports: [{ name: 'a', port: 80 }, { port: 81 }] },
      'error subsets[0].ports[1].name: expected a name of lower-case letters, digits and hyphens, got nothing; name every port where there are several',
    ],
  ];
  for (const [title, subset, problem] of invalid) {
    it(`refuses an object with ${title}`, () => {
      expect(problemsOf(endpoints([subset]))).to.deep.equal([problem]);
      expect(decodeEndpoints(endpoints([subset]))).to.have.all.keys('problems');
    });
  }

  it('refuses an object of which no address of a list is right, so that the last good version stays', () => {
    expect(problemsOf(endpoints([{ addresses: [{ ip: 'x' }], ports: [{ port: 80 }] }]))[1]).to.equal(
      'error subsets[0].addresses: expected at least one address that can be used, got 1 that cannot; correct them; until then the last good version is served',
    );
  });

  it('warns of misspelt fields', () => {
    const object = endpoints([{ adresses: [{ ip: '10.0.0.1' }], ports: [{ port: 80 }] }]);
    expect(problemsOf(object)).to.deep.equal([
      'warning subsets[0].adresses: expected a field of the API type, got the unknown field "adresses"; it is not read; did you mean addresses?',
    ]);
  });
});
