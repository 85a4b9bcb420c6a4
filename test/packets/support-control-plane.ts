import { randomBytes } from 'node:crypto';
import { mkdir, mkdtemp, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { stringify } from 'yaml';
import { Authority } from '../kube/certificates.ts';
import { kubeconfigText } from '../kube/kubeconfig.ts';
import { kubectlPath } from '../kube/kubectl.ts';
import type { KubeObject } from '../kube/object.ts';
import type { Cluster } from '../lab/cluster.ts';
import type { Guest } from '../lab/guest.ts';
import type { Node } from '../lab/node.ts';
import type { Output } from '../lab/processes.ts';
import type { Program } from '../lab/program.ts';
import { hostPort } from './support-objects.ts';

const port = 6443;

/** How long a server may take to come up on a machine that is busy, in milliseconds. */
const startTime = 60_000;

/** Where a server listens for everybody, and where only for the machine that it is on. */
const listening = { everybody: '::', itself: '127.0.0.1' } as const;

/** How a node's controller is known to the API server, and at which address it asks. */
interface Account {
  readonly node: string;
  readonly by: 'token' | 'certificate';
  readonly server: string;
}

/**
 * A machine on the nodes' network, neither node nor client, with the API server of the tests on it and the real kubectl.
 * The first node's controller comes with a token over IPv4, the others with client certificates over IPv6. What they
 * come with are files, which are replaced as on a real node.
 */
export class ControlPlane {
  readonly host: Guest;
  readonly #folder: string;
  readonly #kubectl: string;
  readonly #accounts: readonly Account[];
  #server: Program | undefined;
  #adminToken = '';

  private constructor(host: Guest, folder: string, kubectl: string, accounts: readonly Account[]) {
    this.host = host;
    this.#folder = folder;
    this.#kubectl = kubectl;
    this.#accounts = accounts;
  }

  /** Adds the machine to a cluster, with an account for the controller of each node. No server runs on it yet. */
  static async build(cluster: Cluster): Promise<ControlPlane> {
    const addresses = ['192.168.111.100', 'fd00:192::64'] as const;
    const host = await cluster.addHost({ name: 'control-plane', addresses });
    const folder = await mkdtemp(join(tmpdir(), 'control-plane-'));
    const accounts = cluster.nodes.map(({ name }, index): Account => {
      const [by, address] =
        index === 0 ? (['token', addresses[0]] as const) : (['certificate', addresses[1]] as const);
      return { node: name, by, server: `https://${hostPort(address, port)}` };
    });
    for (const name of ['state', ...accounts.map(({ node }) => node)]) await mkdir(join(folder, name));
    const plane = new ControlPlane(host, folder, await kubectlPath(), accounts);
    for (const account of accounts) await plane.#writeKubeconfig(account);
    await plane.#issue();
    return plane;
  }

  /** The kubeconfig of a node's controller. */
  kubeconfig(node: Node): string {
    return join(this.#folder, node.name, 'kubeconfig');
  }

  /**
   * Starts the server with what it held when it ended, without the history of that, and waits until it listens.
   * @param dateAheadMs milliseconds that it says to be ahead of the clock of the lab
   */
  async start(where: keyof typeof listening = 'everybody', dateAheadMs = 0): Promise<void> {
    const names = this.host.addresses.flatMap((address) => ['--alt-name', `IP:${address}`]);
    const server = await this.host.start([
      ...['node', 'test/kube/serve.ts', '--address', listening[where], '--port', String(port)],
      // With a bookmark every second, a server that comes back unchanged has nothing that a watcher does not know.
      ...['--state', this.#state, '--bookmark-ms', '1000', '--date-ahead-ms', String(dateAheadMs), ...names],
    ]);
    this.#server = server;
    await server.log(/^https:/, startTime);
  }

  /** Ends the server as a crash does. Its port is refused from then on. */
  async kill(): Promise<void> {
    await this.#server?.kill('SIGKILL');
  }

  /** Tells everybody who watches that what they know is too old: they list everything anew. */
  expireWatches(): void {
    if (this.#server !== undefined) process.kill(this.#server.pid, 'SIGUSR2');
  }

  /**
   * Replaces the authority, and with it every certificate, and every token: in the files of the nodes now, and for the
   * server when it starts again. What was issued before is refused from then on.
   */
  async renewAccess(): Promise<void> {
    for (const name of ['ca.crt', 'ca.key']) await rm(join(this.#state, name));
    await this.#issue();
  }

  /** The token that kubectl comes with. */
  get adminToken(): string {
    return this.#adminToken;
  }

  /** Runs kubectl on the machine, whatever comes of it. */
  tryKubectl(
    args: readonly string[],
    stdin = '',
    environment: Readonly<Record<string, string>> = {},
  ): Promise<Output> {
    const variables = Object.entries(environment).map(([name, value]) => `${name}=${value}`);
    const [config, cache] = [join(this.#folder, 'admin.conf'), join(this.#folder, 'cache')];
    const command = [this.#kubectl, '--kubeconfig', config, '--cache-dir', cache, ...args];
    return this.host.exec('env', [...variables, ...command], stdin);
  }

  /** Runs kubectl on the machine, which must succeed, and gives what it printed. */
  async kubectl(
    args: readonly string[],
    stdin = '',
    environment: Readonly<Record<string, string>> = {},
  ): Promise<string> {
    const { code, stdout, stderr } = await this.tryKubectl(args, stdin, environment);
    if (code !== 0) throw new Error(`kubectl ${args.join(' ')}: exit status ${code}: ${stderr || stdout}`);
    return stdout;
  }

  /** `kubectl apply -f -` of objects or of a manifest. */
  apply(what: readonly object[] | string): Promise<string> {
    const text = typeof what === 'string' ? what : what.map((object) => JSON.stringify(object)).join('\n');
    return this.kubectl(['apply', '-f', '-'], text);
  }

  /** Every object that the server holds, read where it keeps them. */
  async held(): Promise<readonly KubeObject[]> {
    const text = await readFile(join(this.#state, 'objects.json'), 'utf8');
    return (JSON.parse(text) as { objects: readonly KubeObject[] }).objects;
  }

  /** Every object of some resources, such as `services,endpointslices`, as kubectl gets them. */
  async objects(resources: string): Promise<readonly KubeObject[]> {
    const list = await this.kubectl(['get', resources, '--all-namespaces', '-o', 'json']);
    return (JSON.parse(list) as { items: readonly KubeObject[] }).items;
  }

  /** Removes its files. The machine and the server go with the cluster. */
  async destroy(): Promise<void> {
    await rm(this.#folder, { recursive: true });
  }

  get #state(): string {
    return join(this.#folder, 'state');
  }

  /** Writes everybody's credentials, of the authority that there is, or of a new one. */
  async #issue(): Promise<void> {
    const authority = await Authority.kept(this.#state);
    const tokens = ['admin', ...this.#accounts.map(({ node }) => node)].map(
      (user) => [randomBytes(16).toString('hex'), user] as const,
    );
    await writeFile(join(this.#state, 'tokens.csv'), tokens.map((one) => `${one.join()}\n`).join(''));
    const tokenOf = (user: string): string => tokens.find(([, owner]) => owner === user)?.[0] ?? '';
    this.#adminToken = tokenOf('admin');
    const admin = kubeconfigText({
      url: `https://127.0.0.1:${port}`,
      authority: authority.certificate,
      user: 'admin',
      credential: { token: this.#adminToken },
    });
    await writeFile(join(this.#folder, 'admin.conf'), admin);
    for (const { node, by } of this.#accounts) {
      if (by === 'token') await this.#replace(node, 'token', tokenOf(node));
      else {
        const { certificate, key } = await authority.sign({ commonName: node });
        await this.#replace(node, 'client.crt', certificate);
        await this.#replace(node, 'client.key', key);
      }
      await this.#replace(node, 'ca.crt', authority.certificate);
    }
  }

  /** Puts a file of a node in the place of the old one in one step. */
  async #replace(node: string, name: string, content: string): Promise<void> {
    const path = join(this.#folder, node, name);
    await writeFile(`${path}.new`, content, { mode: 0o600 });
    await rename(`${path}.new`, path);
  }

  async #writeKubeconfig({ node, by, server }: Account): Promise<void> {
    const user =
      by === 'token'
        ? { tokenFile: 'token' }
        : { 'client-certificate': 'client.crt', 'client-key': 'client.key' };
    const config = {
      apiVersion: 'v1',
      kind: 'Config',
      clusters: [{ name: 'lab', cluster: { server, 'certificate-authority': 'ca.crt' } }],
      users: [{ name: node, user }],
      contexts: [{ name: 'lab', context: { cluster: 'lab', user: node } }],
      'current-context': 'lab',
    };
    await writeFile(join(this.#folder, node, 'kubeconfig'), stringify(config));
  }
}
