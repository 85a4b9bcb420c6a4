import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ApiServer, type ApiServerOptions } from '../kube/server.ts';
import { output } from './own-namespace.ts';

/** The name of the Node of this machine. */
export const nodeName = 'ycwang-ubuntu';

/** What a Node may be made with. */
export interface NodeChanges {
  readonly zone?: string;
  readonly podCIDRs?: readonly string[];
  readonly address?: string;
}

/** The Node of this machine, without pod networks unless told. */
export function node({ zone = 'zone-a', podCIDRs = [], address = '192.168.111.128' }: NodeChanges = {}) {
  return {
    apiVersion: 'v1',
    kind: 'Node',
    metadata: { name: nodeName, labels: { 'topology.kubernetes.io/zone': zone } },
    spec: podCIDRs.length === 0 ? {} : { podCIDR: podCIDRs[0], podCIDRs: [...podCIDRs] },
    status: { addresses: [{ type: 'InternalIP', address }] },
  };
}

/** A Service with the TCP port 80, and a node port where one is given. */
export function service(clusterIP: string, nodePort?: number) {
  return {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: {
      name: `at-${clusterIP.replaceAll('.', '-')}`,
      namespace: 'default',
      labels: { address: clusterIP },
    },
    spec: {
      type: nodePort === undefined ? 'ClusterIP' : 'NodePort',
      clusterIP,
      clusterIPs: [clusterIP],
      ports: [{ protocol: 'TCP', port: 80, targetPort: 8080, ...(nodePort !== undefined && { nodePort }) }],
    },
  };
}

/** Endpoints of a Service of `service`, each in the zone that it is hinted at. */
export function slice(clusterIP: string, endpoints: Readonly<Record<string, string>>) {
  const { name, namespace } = service(clusterIP).metadata;
  return {
    apiVersion: 'discovery.k8s.io/v1',
    kind: 'EndpointSlice',
    metadata: { name: `${name}-x`, namespace, labels: { 'kubernetes.io/service-name': name } },
    addressType: 'IPv4',
    ports: [{ name: '', protocol: 'TCP', port: 8080 }],
    endpoints: Object.entries(endpoints).map(([address, zone]) => ({
      addresses: [address],
      conditions: { ready: true },
      zone,
      hints: { forZones: [{ name: zone }] },
    })),
  };
}

/** Gives this machine an interface with two addresses: the node's, and one more. */
export function addInterface(): void {
  output('ip link add eth0 type dummy');
  output('ip address add 192.168.111.128/24 dev eth0');
  output('ip address add 192.168.111.129/24 dev eth0');
  output('ip link set eth0 up');
}

/** A node with a cluster: an API server in this process and a directory for what is written to reach it. */
export class ClusterSite {
  readonly server: ApiServer;
  readonly #directory = mkdtempSync(join(tmpdir(), 'cluster-'));

  private constructor(server: ApiServer) {
    this.server = server;
    this.write('kubeconfig', server.kubeconfig('kube-ipvs'));
  }

  /** A server with the Node of this machine, unless told otherwise, and a Service at 10.96.0.10. */
  static async open(
    options: ApiServerOptions = {},
    objects: readonly ReturnType<typeof node | typeof service>[] = [node(), service('10.96.0.10')],
  ): Promise<ClusterSite> {
    const server = await ApiServer.start(options);
    for (const object of objects) server.store.create(object);
    return new ClusterSite(server);
  }

  /** A file of the directory. */
  path(file: string): string {
    return join(this.#directory, file);
  }

  /** Writes a file of the directory and gives its path. */
  write(file: string, text: string): string {
    writeFileSync(this.path(file), text);
    return this.path(file);
  }

  /** The flags with which the program asks this server, and further ones. */
  flags(...more: string[]): string[] {
    return ['--kubeconfig', this.path('kubeconfig'), '--hostname-override', nodeName, ...more];
  }

  /** Ends the server and removes the directory. The kernel stays as it is. */
  async close(): Promise<void> {
    await this.server.stop();
    rmSync(this.#directory, { recursive: true });
  }
}

/** The virtual servers that the kernel holds, as ipvsadm tells them. */
export function virtualServers(): string[] {
  return output('ipvsadm -Sn')
    .split('\n')
    .filter((line) => line.startsWith('-A'));
}
