import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { ApiServer } from '../kube/server.ts';
import { enterOwnNamespace, output } from './own-namespace.ts';
import { eventually, kubeIpvs, kubeIpvsBeside, startKubeIpvs } from './cli-program.ts';
import type { Ran } from './cli-program.ts';

const name = 'ycwang-ubuntu';

/** A Service with one TCP port, and a node port where there is one. */
const service = (clusterIP: string, nodePort?: number) => ({
  apiVersion: 'v1',
  kind: 'Service',
  metadata: { name: `of-${clusterIP.replaceAll('.', '-')}`, namespace: 'default' },
  spec: {
    type: nodePort === undefined ? 'ClusterIP' : 'NodePort',
    clusterIP,
    clusterIPs: [clusterIP],
    ports: [{ protocol: 'TCP', port: 80, targetPort: 8080, ...(nodePort !== undefined && { nodePort }) }],
  },
});

/** The Node of this machine. */
const node = (changes: { zone?: string; podCIDRs?: string[]; address?: string } = {}) => ({
  apiVersion: 'v1',
  kind: 'Node',
  metadata: { name, labels: { 'topology.kubernetes.io/zone': changes.zone ?? 'zone-a' } },
  spec: changes.podCIDRs === undefined ? {} : { podCIDR: changes.podCIDRs[0], podCIDRs: changes.podCIDRs },
  status: { addresses: [{ type: 'InternalIP', address: changes.address ?? '192.168.111.128' }] },
});

describe('kube-ipvs with an API server', () => {
  let directory = '';
  let kubeconfig = '';
  let server: ApiServer;

  const flags = (...more: string[]): string[] => [
    ...['--kubeconfig', kubeconfig, '--hostname-override', name],
    ...more,
  ];

  function virtualServers(): string[] {
    return output('ipvsadm -Sn')
      .split('\n')
      .filter((line) => line.startsWith('-A'));
  }

  before(() => {
    enterOwnNamespace();
    output('ip link add eth0 type dummy');
    output('ip address add 192.168.111.128/24 dev eth0');
    output('ip address add 192.168.111.129/24 dev eth0');
    output('ip link set eth0 up');
  });

  beforeEach(async () => {
    directory = mkdtempSync(join(tmpdir(), 'cluster-'));
    kubeconfig = join(directory, 'kubeconfig');
    server = await ApiServer.start();
    server.store.create(node());
    server.store.create(service('10.96.0.10'));
    writeFileSync(kubeconfig, server.kubeconfig('kube-ipvs'));
  });

  afterEach(async () => {
    await server.stop();
    kubeIpvs('cleanup');
    rmSync(directory, { recursive: true });
  });

  describe('run --once and diff', () => {
    it('program and compare what it has', async () => {
      const before = await kubeIpvsBeside(['diff', ...flags()]);
      expect(before.out.split('\n')).to.include('+ virtual server TCP 10.96.0.10:80 rr');
      const { status, err }: Ran = await kubeIpvsBeside(['run', '--once', ...flags()]);
      expect(status, err).to.equal(0);
      expect(virtualServers()).to.deep.equal(['-A -t 10.96.0.10:80 -s rr']);
      const after = await kubeIpvsBeside(['diff', ...flags()]);
      expect(after).to.deep.equal({ status: 0, out: '', err: '' });
    });
  });

  describe('run', () => {
    it('follows changes, and ends when told to', async () => {
      const running = startKubeIpvs('run', ...flags());
      try {
        await eventually(virtualServers, (lines) => lines.length === 1);
        server.store.create(service('10.96.0.11', 30_000));
        await eventually(virtualServers, (lines) => lines.length === 4);
      } finally {
        expect(await running.stop(), running.log()).to.equal(0);
      }
      expect(virtualServers()).to.have.length(4);
    });
  });
});
