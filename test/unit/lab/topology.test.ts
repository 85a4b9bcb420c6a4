import { expect } from 'chai';
import {
  gatewayOf,
  hardwareAddress,
  interfaceUp,
  isWithin,
  masqueradeProgram,
  networkOf,
  ofFamily,
  prefixed,
  routesToPods,
  serveArguments,
} from '../../lab/topology.ts';

const first = {
  name: 'n1',
  addresses: ['192.168.111.128', 'fd00:192::80'],
  podCIDRs: ['10.244.0.0/24', 'fd00:10:244::/64'],
};
const second = {
  name: 'n2',
  addresses: ['192.168.111.129'],
  podCIDRs: ['10.244.1.0/24', 'fd00:10:244:1::/64'],
};

describe("the lab's topology", () => {
  it('gives an address without prefix length that of the networks of the lab', () => {
    expect(['10.0.0.1', 'fd00::1', '10.0.0.1/16'].map(prefixed)).to.deep.equal([
      '10.0.0.1/24',
      'fd00::1/64',
      '10.0.0.1/16',
    ]);
  });

  it("gives a node the first address of its pods' networks", () => {
    expect(first.podCIDRs.map(gatewayOf)).to.deep.equal(['10.244.0.1/24', 'fd00:10:244::1/64']);
  });

  it('knows the network of an address and what is within it', () => {
    expect(networkOf('192.168.111.128')).to.equal('192.168.111.0/24');
    expect(networkOf('fd00:192::80/48')).to.equal('fd00:192::/48');
    expect(isWithin('192.168.111.10', '192.168.111.0/24')).to.equal(true);
    expect(isWithin('192.168.1.25/26', '192.168.111.0/24')).to.equal(false);
    expect(isWithin('fd00::1', '192.168.111.0/24')).to.equal(false);
  });

  it('finds the address of a family', () => {
    expect(ofFamily(['10.0.0.1/8', 'fd00::1'], 'IPv6')).to.equal('fd00::1');
    expect(ofFamily(['10.0.0.1/8'], 'IPv4')).to.equal('10.0.0.1');
    expect(ofFamily(['10.0.0.1/8'], 'IPv6')).to.equal(undefined);
  });

  it('gives the same hardware address to whoever takes over an IPv4 address', () => {
    expect(hardwareAddress(['fd00::1', '10.244.0.2'], 7)).to.equal('0a:58:0a:f4:00:02');
    expect(hardwareAddress(['fd00::1'], 300)).to.equal('0a:58:00:00:01:2c');
  });

  it('raises an interface with addresses that work at once', () => {
    expect(interfaceUp('eth0', ['10.0.0.1', 'fd00::1'])).to.deep.equal([
      'link set lo up',
      'addr add 10.0.0.1/24 dev eth0 broadcast +',
      'addr add fd00::1/64 dev eth0 nodad',
      'link set eth0 up',
    ]);
  });

  it("leads to other nodes' pods in the families that those nodes have", () => {
    expect(routesToPods(first, [first, second])).to.deep.equal([
      'route replace 10.244.1.0/24 via 192.168.111.129',
    ]);
    expect(routesToPods(second, [first, second])).to.deep.equal([
      'route replace 10.244.0.0/24 via 192.168.111.128',
      'route replace fd00:10:244::/64 via fd00:192::80',
    ]);
  });

  it('masquerades pods on their way out and not on their way to other pods', () => {
    expect(masqueradeProgram([first, second], first, 'IPv6').split('\n')).to.deep.equal([
      '*nat',
      ':LAB-POSTROUTING - [0:0]',
      '-A POSTROUTING -m comment --comment "pods to outside" -j LAB-POSTROUTING',
      '-A LAB-POSTROUTING -d fd00:10:244::/64 -j RETURN',
      '-A LAB-POSTROUTING -d fd00:10:244:1::/64 -j RETURN',
      '-A LAB-POSTROUTING -d ff00::/8 -j RETURN',
      '-A LAB-POSTROUTING -s fd00:10:244::/64 -j MASQUERADE',
      'COMMIT',
      '',
    ]);
  });

  it('opens a port once that is to answer both TCP and HTTP', () => {
    expect(serveArguments('web', { tcp: [80, 81], udp: [53], http: [80] })).to.deep.equal([
      '--name',
      'web',
      '--tcp',
      '81',
      '--udp',
      '53',
      '--http',
      '80',
    ]);
  });
});
