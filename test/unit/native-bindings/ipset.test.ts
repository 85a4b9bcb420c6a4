import { expect } from 'chai';
import fc from 'fast-check';
import { ipsetCommands } from '../../../native-bindings/ipset-attributes.ts';
import { formatElement, parseElement } from '../../../native-bindings/ipset-element.ts';
import { IpSets } from '../../../native-bindings/ipset.ts';
import { NetlinkError } from '../../../native-bindings/error.ts';
import { IpSetKernel } from './ip-set-kernel.ts';

describe('an element of a set', () => {
  for (const element of [
    '0',
    '65535',
    '10.96.0.10',
    'fd00::a',
    '10.96.0.10,tcp:80',
    '10.96.0.10,udp:53',
    '10.96.0.10,sctp:9',
    '10.96.0.10,udplite:9',
    '10.96.0.10,1:2048',
    'fd00::a,tcp:80',
    '10.244.0.2,tcp:80,10.244.0.2',
    'fd00::a,tcp:80,fd00::a',
    '10.0.0.1,tcp:80,192.168.0.0/16',
    'fd00::a,tcp:80,fd01::/64',
  ]) {
    it(`is written as it was read: ${element}`, () => {
      expect(formatElement(parseElement(element))).to.equal(element);
    });
  }

  it('has no prefix where that is a whole address', () => {
    expect(formatElement(parseElement('10.0.0.1,tcp:80,1.2.3.4/32'))).to.equal('10.0.0.1,tcp:80,1.2.3.4');
    expect(formatElement(parseElement('fd00::1,tcp:80,fd00::2/128'))).to.equal('fd00::1,tcp:80,fd00::2');
  });

  for (const text of [
    '65536',
    '10.0.0.1,80',
    '10.0.0.1,tcp:',
    '10.0.0.1,tcp:65536',
    '10.0.0.1,tcp:80:90',
    '10.0.0.1,256:80',
    '10.0.0.1,foo:80',
    '10.0.0.1,tcp:80,10.0.0.0/33',
    'fd00::1,tcp:80,fd00::/129',
    '10.0.0.1,tcp:80,10.0.0.0/8/8',
    '10.0.0.1,tcp:80,10.0.0.1,x',
  ]) {
    it(`is not ${text}`, () => {
      expect(() => parseElement(text)).to.throw(NetlinkError, JSON.stringify(text));
    });
  }

  it('is read or refused, and nothing else, whatever the text', () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        try {
          parseElement(text);
        } catch (error) {
          expect(error).to.include({ code: 'invalid-argument' });
        }
      }),
    );
  });
});

describe('ip sets', () => {
  let kernel: IpSetKernel;
  let sets: IpSets;

  beforeEach(() => {
    kernel = new IpSetKernel();
    sets = IpSets.open({ transport: kernel.transport });
    const batch = sets.batch();
    batch.create({ name: 'A', type: 'hash:ip,port', family: 'IPv4', revision: 5, maximumElements: 1000 });
    batch.create({ name: 'P', type: 'bitmap:port', family: 'IPv6', revision: 3 });
    expect(batch.run()).to.deep.equal([undefined, undefined]);
  });

  const service = (index: number): string => `10.0.${index >> 8}.${index & 255},tcp:80`;

  it('are listed without their elements', () => {
    expect(sets.list()).to.deep.equal([
      {
        name: 'A',
        type: 'hash:ip,port',
        revision: 5,
        family: 'IPv4',
        hashSize: 1024,
        maximumElements: 1000,
        elements: 0,
        references: 0,
      },
      {
        name: 'P',
        type: 'bitmap:port',
        revision: 3,
        family: undefined,
        hashSize: undefined,
        maximumElements: undefined,
        elements: 0,
        references: 0,
      },
    ]);
  });

  it('give all elements, however many messages these take', () => {
    const batch = sets.batch();
    const elements = Array.from({ length: 5 }, (_, index) => service(index));
    for (const element of elements) batch.add('A', element);
    batch.run();
    expect(sets.members('A')).to.deep.equal(elements);
    expect(sets.members('P')).to.deep.equal([]);
  });

  it('take many elements in few messages, as long as set and verb stay the same', () => {
    const batch = sets.batch();
    for (let index = 0; index < 300; index += 1) batch.add('A', service(index));
    batch.add('P', '80');
    batch.delete('A', service(0));
    batch.delete('A', service(1));
    expect(batch.size).to.equal(303);
    expect(batch.run().every((outcome) => outcome === undefined)).to.equal(true);
    expect(batch.size).to.equal(0);
    expect(kernel.commands.slice(2)).to.deep.equal([
      [ipsetCommands.ADD, 256],
      [ipsetCommands.ADD, 44],
      [ipsetCommands.ADD, 1],
      [ipsetCommands.DEL, 2],
    ]);
    expect(sets.members('A')).to.have.length(298);
  });

  it('tell the refused element from its neighbours', () => {
    const batch = sets.batch();
    const elements = [service(0), service(1), 'fd00::1,tcp:80', service(2)];
    for (const element of elements) batch.add('A', element);
    expect(batch.run().map((outcome) => outcome?.code)).to.deep.equal([
      undefined,
      undefined,
      'IPSET_ERR_PROTOCOL',
      undefined,
    ]);
    expect(sets.members('A')).to.deep.equal([service(0), service(1), service(2)]);
  });

  it('are changed in the order of the batch, whatever is refused in between', () => {
    const batch = sets.batch();
    batch.create({ name: 'B', type: 'hash:ip,port', family: 'IPv4', revision: 5 });
    batch.add('B', 'fd00::1,tcp:80');
    batch.add('B', service(1));
    batch.swap('A', 'B');
    batch.destroy('B');
    batch.destroy('B');
    expect(batch.run().map((outcome) => outcome?.code)).to.deep.equal([
      undefined,
      'IPSET_ERR_PROTOCOL',
      undefined,
      undefined,
      undefined,
      'ENOENT',
    ]);
    expect(sets.members('A')).to.deep.equal([service(1)]);
  });

  it('refuse with the kernel’s own code and its meaning', () => {
    const batch = sets.batch();
    for (let index = 0; index <= 1000; index += 1) batch.add('A', service(index));
    const error = batch.run()[1000];
    expect(error).to.include({ code: 'IPSET_ERR_HASH_FULL', errno: 4352 });
    expect(error?.message).to.equal(
      'add element to set A: IPSET_ERR_HASH_FULL (the set is full: it holds as many elements as its maxelem allows)',
    );
  });

  it('mean something else by the same number where the set is a bitmap', () => {
    kernel.refusal = 4352;
    const batch = sets.batch();
    batch.add('P', '80');
    expect(batch.run()[0]?.code).to.equal('IPSET_ERR_BITMAP_RANGE');
  });

  it('do not take what is no element, and keep the rest of the batch', () => {
    const batch = sets.batch();
    batch.add('A', service(1));
    for (const text of ['10.0.0.1,tcp', 'web,tcp:80', '10.0.0.256,tcp:80']) {
      expect(() => {
        batch.add('A', text);
      }).to.throw(NetlinkError);
    }
    batch.add('A', service(2));
    batch.run();
    expect(sets.members('A')).to.deep.equal([service(1), service(2)]);
  });

  it('tell the revisions of a type, and that there is no such type', () => {
    expect(sets.typeRevision('hash:ip,port', 'IPv4')).to.deep.equal({ lowest: 0, highest: 7 });
    expect(() => sets.typeRevision('hash:mac', 'IPv4')).to.throw(NetlinkError, 'IPSET_ERR_FIND_TYPE');
  });

  it('tell that a set does not exist', () => {
    expect(() => sets.members('B'))
      .to.throw(NetlinkError)
      .that.includes({ code: 'ENOENT', operation: 'list set B' });
  });

  it('are traced by name', () => {
    const lines: string[] = [];
    const traced = IpSets.open({ transport: kernel.transport, trace: (line) => lines.push(line) });
    const batch = traced.batch();
    batch.add('A', '10.0.0.1,tcp:80');
    batch.add('A', '10.0.0.2,tcp:80');
    batch.run();
    expect(lines[0]).to.contain('ipset ADD').and.contain('name=A').and.contain('address=10.0.0.2');
  });

  it('close what they were opened on', () => {
    sets.close();
    expect(kernel.transport.closed).to.equal(true);
  });
});
