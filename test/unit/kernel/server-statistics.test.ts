import { expect } from 'chai';
import { ServerStatistics } from '../../../lib/kernel/server-statistics.ts';
import type { IpvsReadOptions } from '../../../native-bindings/ipvs-decoding.ts';
import type { IpvsDestination, IpvsService, IpvsServiceId } from '../../../native-bindings/ipvs-values.ts';

const stats = {
  ...{ connections: 1, inPackets: 2, outPackets: 3, inBytes: 4, outBytes: 5 },
  ...{ connectionRate: 0, inPacketRate: 0, outPacketRate: 0, inByteRate: 0, outByteRate: 0 },
};
const counters = { connections: 1, inPackets: 2, outPackets: 3, inBytes: 4, outBytes: 5 };
const zeros = { connections: 0, inPackets: 0, outPackets: 0, inBytes: 0, outBytes: 0 };
const web = { protocol: 'TCP', address: '10.96.0.1', port: 443 } as const;
const held: IpvsService = {
  ...{ protocol: 6, address: '10.96.0.1', port: 443, scheduler: 'rr', flags: 0, timeout: 0, netmask: 32 },
};
const pod: IpvsDestination = {
  ...{ address: '10.244.0.1', port: 8443, weight: 0, forwarding: 0, upperThreshold: 0, lowerThreshold: 0 },
  ...{ activeConnections: 8, inactiveConnections: 9 },
};

/** An IPVS with this virtual server alone, that tells counters where they are asked for. */
function ipvs(service: IpvsService | undefined, destinations: readonly IpvsDestination[], tells = true) {
  const told = <Entry>(entry: Entry, options?: IpvsReadOptions): Entry =>
    options?.stats === true && tells ? { ...entry, stats } : entry;
  return {
    service: (id: IpvsServiceId, options?: IpvsReadOptions) => {
      expect(id).to.deep.equal({ protocol: 6, address: '10.96.0.1', port: 443 });
      return service && told(service, options);
    },
    destinations: (_id: IpvsServiceId, options?: IpvsReadOptions) =>
      destinations.map((destination) => told(destination, options)),
  };
}

describe('ServerStatistics', () => {
  const endpoint = { address: '10.244.0.1', port: 8443, weight: 0, active: 8, inactive: 9 };

  it('read the counters of a virtual server, and those of its endpoints where they are wanted', () => {
    const reader = new ServerStatistics(ipvs(held, [pod]));
    expect(reader.read(web, true)).to.deep.equal({ ...counters, endpoints: [{ ...endpoint, ...counters }] });
    expect(reader.read(web, false)).to.deep.equal({ ...counters, endpoints: [{ ...endpoint, ...zeros }] });
  });

  it('give zeros where the kernel tells none, and nothing where it has no such virtual server', () => {
    expect(new ServerStatistics(ipvs(held, [], false)).read(web, true)).to.deep.equal({
      ...zeros,
      endpoints: [],
    });
    expect(new ServerStatistics(ipvs(undefined, [])).read(web, true)).to.equal(undefined);
  });
});
