import { expect } from 'chai';
import { ServiceReading, type ServiceReadingOptions } from '../../../lib/metrics/service-reading.ts';
import type { EndpointTraffic, ServiceTraffic } from '../../../lib/model/traffic.ts';

const endpoint: EndpointTraffic = {
  ...{ address: '10.244.1.2', port: 8080, weight: 1, active: 3, inactive: 4 },
  ...{ connections: 10, inPackets: 60, outPackets: 50, inBytes: 6000, outBytes: 5000 },
};

const dns: ServiceTraffic = {
  ...{ namespace: 'kube-system', name: 'dns', protocol: 'UDP', address: '10.96.0.10', port: 53 },
  ...{ connections: 25, inPackets: 120, outPackets: 110, inBytes: 2 ** 40, outBytes: 2 ** 53 - 1 },
  endpoints: [endpoint, { ...endpoint, address: 'fd00::2', weight: 0, active: 1, inactive: 0 }],
};

/** The samples and the comments of a reading. */
function lines(options: ServiceReadingOptions, ...services: readonly ServiceTraffic[]): string[] {
  const reading = new ServiceReading(options);
  for (const service of services) reading.add(service);
  return [...reading.text()].join('').trimEnd().split('\n');
}

const samples = (all: readonly string[]): string[] => all.filter((line) => !line.startsWith('#'));

describe('what goes through services', () => {
  const labels = 'namespace="kube-system",service="dns",protocol="UDP",address="10.96.0.10",port="53"';

  it('is told of each virtual server, counters as large as a double holds exactly', () => {
    expect(samples(lines({ level: 'service', limit: 100 }, dns))).to.deep.equal([
      `kube_ipvs_service_connections_total{${labels}} 25`,
      `kube_ipvs_service_packets_total{${labels},direction="in"} 120`,
      `kube_ipvs_service_packets_total{${labels},direction="out"} 110`,
      `kube_ipvs_service_bytes_total{${labels},direction="in"} 1099511627776`,
      `kube_ipvs_service_bytes_total{${labels},direction="out"} 9007199254740991`,
      `kube_ipvs_service_active_connections{${labels}} 4`,
      `kube_ipvs_service_inactive_connections{${labels}} 4`,
      `kube_ipvs_service_endpoints{${labels},state="ready"} 1`,
      `kube_ipvs_service_endpoints{${labels},state="draining"} 1`,
      'kube_ipvs_service_metrics_dropped 0',
    ]);
  });

  it('is told of each endpoint too where that is asked for', () => {
    const all = samples(lines({ level: 'endpoint', limit: 100 }, dns));
    expect(all).to.have.length(9 + 2 * 8 + 1);
    expect(all).to.include.members([
      `kube_ipvs_endpoint_connections_total{${labels},endpoint="10.244.1.2:8080"} 10`,
      `kube_ipvs_endpoint_packets_total{${labels},endpoint="10.244.1.2:8080",direction="out"} 50`,
      `kube_ipvs_endpoint_bytes_total{${labels},endpoint="[fd00::2]:8080",direction="in"} 6000`,
      `kube_ipvs_endpoint_active_connections{${labels},endpoint="10.244.1.2:8080"} 3`,
      `kube_ipvs_endpoint_inactive_connections{${labels},endpoint="10.244.1.2:8080"} 4`,
      `kube_ipvs_endpoint_weight{${labels},endpoint="[fd00::2]:8080"} 0`,
    ]);
  });

  it('has all samples of one metric in one group, behind what it is, however many services there are', () => {
    const many = Array.from({ length: 300 }, (_, index) => ({ ...dns, name: `dns-${index}` }));
    const names = lines({ level: 'endpoint', limit: 1e6 }, ...many).map(
      (line) => /^(?:# \w+ )?(\w+)/.exec(line)?.[1] ?? '',
    );
    const groups = names.filter((name, index) => name !== names[index - 1]);
    expect(groups).to.have.length(new Set(groups).size);
    expect(groups).to.have.length(6 + 6 + 1);
    expect(names).to.have.length(300 * (9 + 2 * 8) + 12 * 2 + 3);
  });

  it('leaves out whole virtual servers for which there is no room, and says how many series those are', () => {
    const small = { ...dns, name: 'small', endpoints: [] };
    const all = samples(
      lines({ level: 'endpoint', limit: 9 + 2 * 8 + 9 }, dns, { ...dns, name: 'large' }, small),
    );
    expect(all).to.include('kube_ipvs_service_metrics_dropped 25');
    expect(all.filter((line) => line.includes('service="large"'))).to.deep.equal([]);
    expect(all.filter((line) => line.includes('service="small"'))).to.have.length(9);
    expect(all.filter((line) => line.includes('service="dns"'))).to.have.length(25);
  });

  it('has no sample of any service where there is none', () => {
    expect(samples(lines({ level: 'endpoint', limit: 100 }))).to.deep.equal([
      'kube_ipvs_service_metrics_dropped 0',
    ]);
  });

  it('escapes what Prometheus has a meaning for', () => {
    const [first] = samples(lines({ level: 'service', limit: 100 }, { ...dns, name: 'a"b\\c\nd' }));
    expect(first).to.include(String.raw`service="a\"b\\c\nd"`);
  });
});
