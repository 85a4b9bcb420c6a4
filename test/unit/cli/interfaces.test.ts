import { expect } from 'chai';
import { uplinksIn } from '../../../lib/cli/examination/interfaces.ts';

const nowhere = '0'.repeat(32);

/** A route as proc(5)'s net/ipv6_route has it. */
function ipv6Route(destination: string, length: string, flags: string, name: string): string {
  return `${destination} ${length} ${nowhere} 00 fd000192000000000000000000000064 00000400 00000001 00000000 ${flags} ${name.padStart(8)}\n`;
}

const ipv4 = [
  'Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT',
  'eth0\t00000000\t646FA8C0\t0003\t0\t0\t0\t00000000\t0\t0\t0',
  'eth1\t006FA8C0\t00000000\t0001\t0\t0\t0\t00FFFFFF\t0\t0\t0',
  'tun0\t00000000\t00000000\t0001\t0\t0\t0\t00000080\t0\t0\t0',
].join('\n');

describe('the ways out of a node', () => {
  it('are the interfaces of default routes of either family', () => {
    const ipv6 =
      ipv6Route('fd000192000000000000000000000000', '40', '00000001', 'eth2') +
      ipv6Route(nowhere, '00', '00000003', 'eth3');
    expect([...uplinksIn(ipv4)]).to.deep.equal(['eth0']);
    expect([...uplinksIn(undefined, ipv6)]).to.deep.equal(['eth3']);
    expect([...uplinksIn(ipv4, ipv6)]).to.deep.equal(['eth0', 'eth3']);
  });

  it('are none of the routes that refuse', () => {
    expect([...uplinksIn('', ipv6Route(nowhere, '00', '00200200', 'lo'))]).to.deep.equal([]);
    expect([...uplinksIn()]).to.deep.equal([]);
  });
});
