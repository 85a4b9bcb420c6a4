import { expect } from 'chai';
import { cidrContains } from '../../../lib/model/cidr.ts';

describe('a CIDR', () => {
  it('contains its own addresses and no others', () => {
    expect(cidrContains('10.244.0.0/16', '10.244.255.255')).to.equal(true);
    expect(cidrContains('10.244.0.0/16', '10.245.0.0')).to.equal(false);
    expect(cidrContains('fd00::/64', 'fd00::1')).to.equal(true);
    expect(cidrContains('fd00::/64', 'fd00:0:0:1::1')).to.equal(false);
  });

  it('contains no address of the other family', () => {
    expect(cidrContains('0.0.0.0/0', 'fd00::1')).to.equal(false);
    expect(cidrContains('::/0', '10.0.0.1')).to.equal(false);
  });
});
