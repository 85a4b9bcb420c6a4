import { expect } from 'chai';
import fc from 'fast-check';
import { addressKind, parseAddress, parseCidr } from '../../../lib/model/address.ts';

describe('parseAddress', () => {
  const good: [text: string, address: string, family: string, leadingZeros: boolean][] = [
    ['10.0.0.1', '10.0.0.1', 'IPv4', false],
    ['0.0.0.0', '0.0.0.0', 'IPv4', false],
    ['255.255.255.255', '255.255.255.255', 'IPv4', false],
    ['010.0.0.1', '10.0.0.1', 'IPv4', true],
    ['192.168.001.010', '192.168.1.10', 'IPv4', true],
    ['0255.000.0000.00001', '255.0.0.1', 'IPv4', true],
    ['::', '::', 'IPv6', false],
    ['::1', '::1', 'IPv6', false],
    ['FD00:0010:0096::00B4', 'fd00:10:96::b4', 'IPv6', false],
    ['2001:db8:0:0:1:0:0:1', '2001:db8::1:0:0:1', 'IPv6', false],
    ['2001:db8:0:1:1:1:1:1', '2001:db8:0:1:1:1:1:1', 'IPv6', false],
    ['64:ff9b::10.0.0.1', '64:ff9b::a00:1', 'IPv6', false],
  ];
  for (const [text, address, family, leadingZeros] of good) {
    it(`reads ${text} as ${address}`, () => {
      expect(parseAddress(text)).to.deep.equal({ address, family, leadingZeros });
    });
  }

  const bad: [text: string, reason: string, hint: string][] = [
    ['', 'an empty text', 'write an address or leave the field out'],
    [' 10.0.0.1', 'a text with white space around it', 'remove the white space'],
    ['10.0.0.1\n', 'a text with white space around it', 'remove the white space'],
    ['::ffff:1.2.3.4', 'an IPv4-mapped IPv6 address', 'write the IPv4 address itself: 1.2.3.4'],
    ['::FFFF:0102:0304', 'an IPv4-mapped IPv6 address', 'write the IPv4 address itself: 1.2.3.4'],
    ['fe80::1%eth0', 'an address with a zone', 'remove the zone behind %'],
    ['10.0.0.0/8', 'a network, not an address', 'remove the prefix length behind /'],
    ['10.0.0.1:80', 'an address with brackets or a port', 'write the address alone'],
    ['[fd00::1]', 'an address with brackets or a port', 'write the address alone'],
    ['[fd00::1]:80', 'an address with brackets or a port', 'write the address alone'],
    ['256.0.0.1', 'no IP address', 'write an address such as 10.0.0.1 or fd00::1'],
    ['10.0.1', 'no IP address', 'write an address such as 10.0.0.1 or fd00::1'],
    ['10.0.0.1.', 'no IP address', 'write an address such as 10.0.0.1 or fd00::1'],
    ['167772161', 'no IP address', 'write an address such as 10.0.0.1 or fd00::1'],
    ['0x0a.0.0.1', 'no IP address', 'write an address such as 10.0.0.1 or fd00::1'],
    ['10.0.0.l', 'no IP address', 'write an address such as 10.0.0.1 or fd00::1'],
    ['fd00:::1', 'no IP address', 'write an address such as 10.0.0.1 or fd00::1'],
    ['db.example.com', 'no IP address', 'write an address such as 10.0.0.1 or fd00::1'],
  ];
  for (const [text, reason, hint] of bad) {
    it(`refuses ${JSON.stringify(text)} as ${reason}`, () => {
      expect(parseAddress(text)).to.deep.equal({ reason, hint });
    });
  }

  it('gives back every IPv4 address as it came, with or without leading zeros', () => {
    fc.assert(
      fc.property(fc.ipV4(), fc.integer({ min: 1, max: 3 }), (text, zeros) => {
        const padded = text.replace(/\d+/g, (octet) => '0'.repeat(zeros) + octet);
        expect(parseAddress(text)).to.deep.equal({ address: text, family: 'IPv4', leadingZeros: false });
        expect(parseAddress(padded)).to.deep.equal({ address: text, family: 'IPv4', leadingZeros: true });
      }),
    );
  });

  it('writes IPv6 as the URL standard does, whose serializer follows RFC 5952', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 3 }), { minLength: 8, maxLength: 8 }), (groups) => {
        const text = groups.map((group) => (group * 0x1111).toString(16)).join(':');
        fc.pre(!text.startsWith('0:0:0:0:0:ffff'));
        const expected = new URL(`http://[${text}]/`).hostname.slice(1, -1);
        expect(parseAddress(text)).to.deep.equal({ address: expected, family: 'IPv6', leadingZeros: false });
      }),
    );
  });

  it('never throws, whatever the text', () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        expect(parseAddress(text)).to.be.an('object');
        expect(parseCidr(text)).to.be.an('object');
      }),
    );
  });
});

describe('parseCidr', () => {
  const good: [text: string, cidr: string, leadingZeros: boolean, hostBits: boolean][] = [
    ['192.168.111.0/28', '192.168.111.0/28', false, false],
    ['0.0.0.0/0', '0.0.0.0/0', false, false],
    ['10.1.2.3/32', '10.1.2.3/32', false, false],
    ['10.1.2.3/8', '10.0.0.0/8', false, true],
    ['010.0.0.0/8', '10.0.0.0/8', true, false],
    ['FD00::/64', 'fd00::/64', false, false],
    ['fd00::1/64', 'fd00::/64', false, true],
    ['::/0', '::/0', false, false],
  ];
  for (const [text, cidr, leadingZeros, hostBits] of good) {
    it(`reads ${text} as ${cidr}`, () => {
      const family = cidr.includes(':') ? 'IPv6' : 'IPv4';
      expect(parseCidr(text)).to.deep.equal({ cidr, family, leadingZeros, hostBits });
    });
  }

  const bad: [text: string, reason: string][] = [
    ['10.0.0.1', 'an address without prefix length'],
    ['everyone', 'no CIDR'],
    ['10.0.0.0/33', 'an impossible prefix length'],
    ['fd00::/129', 'an impossible prefix length'],
    ['10.0.0.0/08', 'an impossible prefix length'],
    ['10.0.0.0/', 'an impossible prefix length'],
    ['10.0.0.0/8/8', 'an impossible prefix length'],
    ['10.0.0/8', 'no IP address'],
    ['::ffff:10.0.0.0/104', 'an IPv4-mapped IPv6 address'],
  ];
  for (const [text, reason] of bad) {
    it(`refuses ${text} as ${reason}`, () => {
      expect(parseCidr(text)).to.include({ reason });
    });
  }
});

describe('addressKind', () => {
  const kinds = {
    unspecified: ['0.0.0.0', '::'],
    loopback: ['127.0.0.1', '127.255.0.1', '::1'],
    'link-local': ['169.254.169.254', 'fe80::1', 'febf::1'],
    multicast: ['224.0.0.1', '239.255.255.250', 'ff02::1', 'ff0e::1'],
    broadcast: ['255.255.255.255'],
    unicast: ['10.0.0.1', '128.0.0.1', '223.1.1.1', '240.0.0.1', 'fd00::1', 'fec0::1', 'fe7f::1', '::2'],
  };
  for (const [kind, addresses] of Object.entries(kinds)) {
    it(`calls ${addresses.join(', ')} ${kind}`, () => {
      for (const address of addresses) expect(addressKind(address)).to.equal(kind);
    });
  }
});
