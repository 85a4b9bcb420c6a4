import { expect } from 'chai';
import { readOrigin, readTarget } from '../../../lib/cli/trace-target.ts';

describe('the target of a trace', () => {
  const targets: readonly [text: string, target: object][] = [
    ['10.96.0.1:443', { kind: 'place', address: '10.96.0.1', port: 443, protocol: 'TCP' }],
    ['10.96.0.10:53/udp', { kind: 'place', address: '10.96.0.10', port: 53, protocol: 'UDP' }],
    ['[FD00::A]:9000/SCTP', { kind: 'place', address: 'fd00::a', port: 9000, protocol: 'SCTP' }],
    [
      'default/web',
      { kind: 'service', namespace: 'default', name: 'web', port: undefined, protocol: undefined },
    ],
    [
      'default/web:http',
      { kind: 'service', namespace: 'default', name: 'web', port: 'http', protocol: undefined },
    ],
    [
      'kube-system/kube-dns:53/udp',
      { kind: 'service', namespace: 'kube-system', name: 'kube-dns', port: '53', protocol: 'UDP' },
    ],
    [
      'default/udp',
      { kind: 'service', namespace: 'default', name: 'udp', port: undefined, protocol: undefined },
    ],
  ];
  for (const [text, target] of targets) {
    it(`is read from ${text}`, () => {
      expect(readTarget(text)).to.deep.equal(target);
    });
  }

  const wrong: readonly [text: string, hint: string][] = [
    ['10.96.0.1', 'add a port: 10.96.0.1:80'],
    ['fd00::a', 'add a port: [fd00::a]:80'],
    ['web', 'write it as'],
    ['10.96.0.1:0', 'write it as'],
    ['10.96.0.1:70000', 'write it as'],
  ];
  for (const [text, hint] of wrong) {
    it(`is not ${text}, and what to write is told`, () => {
      expect(() => readTarget(text))
        .to.throw()
        .with.nested.property('problems[0].hint')
        .that.contains(hint);
    });
  }

  it('is sent to by this node or an address', () => {
    expect(readOrigin('node')).to.equal('node');
    expect(readOrigin('FD00::1')).to.equal('fd00::1');
    expect(() => readOrigin('web-1')).to.throw('--from');
  });
});
