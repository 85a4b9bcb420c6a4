import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { expect } from 'chai';
import { Registry } from 'prom-client';
import { conntrackFailures } from '../../../lib/metrics/conntrack-failures.ts';
import { ipvsTotals } from '../../../lib/metrics/ipvs-totals.ts';
import { registerKernelMetrics } from '../../../lib/metrics/kernel-metrics.ts';

const ipvsStats = `   Total Incoming Outgoing         Incoming         Outgoing
   Conns  Packets  Packets            Bytes            Bytes
      2A       FF       10        100000000               A0

 Conns/s   Pkts/s   Pkts/s          Bytes/s          Bytes/s
       0        0        0                0                0
`;

const conntrack = `entries  clashres found new invalid ignore delete chainlength insert insert_failed drop early_drop icmp_error  expect_new expect_create expect_delete search_restart
00000003  00000000 00000001 00000000 00000000 00000000 00000000 00000002 00000000 0000000a 00000001 00000000 00000000  00000000 00000000 00000000 00000000
00000003  00000000 00000001 00000000 00000000 00000000 00000000 00000002 00000000 00000001 00000010 00000002 00000000  00000000 00000000 00000000 00000000
`;

describe("the kernel's own accounts", () => {
  it('tell what IPVS has balanced', () => {
    expect(ipvsTotals(ipvsStats)).to.deep.equal({
      ...{ connections: 42, inPackets: 255, outPackets: 16, inBytes: 2 ** 32, outBytes: 160 },
    });
  });

  for (const text of ['', 'no such thing', 'a\nb\nc d e f g\n', 'a\nb\n1 2 3 4\n'])
    it(`tell nothing of IPVS where they are ${JSON.stringify(text)}`, () => {
      expect(ipvsTotals(text)).to.equal(undefined);
    });

  it('tell what connection tracking has lost, over all processors', () => {
    expect(conntrackFailures(conntrack)).to.deep.equal({ insert_failed: 11, drop: 17, early_drop: 2 });
  });

  for (const text of ['', 'entries drop\n', 'entries drop\n1 2\n'])
    it(`tell nothing of connection tracking where they are ${JSON.stringify(text)}`, () => {
      expect(conntrackFailures(text)).to.equal(undefined);
    });
});

describe("the metrics of the node's kernel", () => {
  let proc: string;

  beforeEach(() => {
    proc = mkdtempSync(join(tmpdir(), 'proc-'));
  });

  afterEach(() => {
    rmSync(proc, { recursive: true });
  });

  function write(file: string, text: string): void {
    mkdirSync(dirname(join(proc, file)), { recursive: true });
    writeFileSync(join(proc, file), text);
  }

  async function samples(iptables = 'nft'): Promise<string[]> {
    const registry = new Registry();
    const facts = { release: '6.1.0', ipvs_version: '1.2.1', connection_table_size: '4096', iptables };
    registerKernelMetrics(registry, () => facts, proc);
    return (await registry.metrics()).split('\n').filter((line) => line !== '' && !line.startsWith('#'));
  }

  it('are what its files say', async () => {
    write('net/ip_vs_stats', ipvsStats);
    write('net/stat/nf_conntrack', conntrack);
    write('sys/net/ipv4/ip_forward', '0\n');
    write('sys/net/ipv4/vs/run_estimation', '1\n');
    write('sys/net/netfilter/nf_conntrack_count', '17\n');
    write('sys/net/netfilter/nf_conntrack_max', '131072\n');
    expect(await samples()).to.deep.equal([
      'kube_ipvs_kernel_info{release="6.1.0",ipvs_version="1.2.1",connection_table_size="4096",iptables="nft"} 1',
      'kube_ipvs_sysctl{name="net.ipv4.ip_forward"} 0',
      'kube_ipvs_sysctl{name="net.ipv4.vs.run_estimation"} 1',
      'kube_ipvs_connections_total 42',
      'kube_ipvs_packets_total{direction="in"} 255',
      'kube_ipvs_packets_total{direction="out"} 16',
      'kube_ipvs_bytes_total{direction="in"} 4294967296',
      'kube_ipvs_bytes_total{direction="out"} 160',
      'kube_ipvs_conntrack_entries 17',
      'kube_ipvs_conntrack_entries_limit 131072',
      'kube_ipvs_conntrack_failures_total{reason="insert_failed"} 11',
      'kube_ipvs_conntrack_failures_total{reason="drop"} 17',
      'kube_ipvs_conntrack_failures_total{reason="early_drop"} 2',
    ]);
  });

  it('leave out what the kernel does not have', async () => {
    expect(await samples('')).to.deep.equal([
      'kube_ipvs_kernel_info{release="6.1.0",ipvs_version="1.2.1",connection_table_size="4096",iptables=""} 1',
    ]);
  });
});
