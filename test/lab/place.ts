import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { agentPath } from './agent.ts';
import type { Answer, AskOptions } from './answer.ts';
import { askArguments } from './answer.ts';
import { Asking } from './asking.ts';
import type { CounterSpec } from './counter.ts';
import { Counter } from './counter.ts';
import type { Output, Processes, Started } from './processes.ts';
import { Program } from './program.ts';
import type { StreamOptions } from './stream.ts';
import { Stream } from './stream.ts';
import type { Serving } from './topology.ts';
import { bare, ofFamily, serveArguments } from './topology.ts';

/** The other end of a place's cable: an interface of the namespace that has the bridge it is plugged into. */
export interface Socket {
  readonly netns: string;
  readonly bridge: string;
  readonly port: string;
}

/** What every machine of the lab is made with. */
export interface PlaceParts {
  readonly name: string;
  /** As `ip netns` names it. */
  readonly netns: string;
  /** With or without prefix length. */
  readonly addresses: readonly string[];
  readonly processes: Processes;
  readonly socket: Socket;
  /** Gives a folder of its own as /run, and its name as host name, to everything that runs there. */
  readonly run?: string;
}

/** A network namespace with an `eth0`: a node, a pod or a machine outside the cluster. */
export class Place {
  readonly name: string;
  readonly netns: string;
  /** Without prefix lengths. */
  readonly addresses: readonly string[];
  protected readonly processes: Processes;
  readonly #socket: Socket;
  readonly #run: string | undefined;
  readonly #servers: Started[] = [];

  constructor(parts: PlaceParts) {
    this.name = parts.name;
    this.netns = parts.netns;
    this.addresses = parts.addresses.map(bare);
    this.processes = parts.processes;
    this.#socket = parts.socket;
    this.#run = parts.run;
  }

  /** Its IPv4 address. Throws where it has none. */
  get ipv4(): string {
    return this.#address('IPv4');
  }

  /** Its IPv6 address. Throws where it has none. */
  get ipv6(): string {
    return this.#address('IPv6');
  }

  /** Makes requests from here and waits for what became of each. */
  ask(address: string, port: number, options: AskOptions = {}): Promise<readonly Answer[]> {
    return this.asking(address, port, options).done;
  }

  /** Makes requests from here in the background. */
  asking(address: string, port: number, options: AskOptions = {}): Asking {
    const command = [agentPath, 'ask', '--netns', this.netns, ...askArguments(address, port, options)];
    const { child, ended } = this.processes.start(command);
    return new Asking(child, ended);
  }

  /** Opens new connections from here to a `brief` port in the background, so many a second. */
  stream(address: string, port: number, { rate, timeout }: StreamOptions): Stream {
    const options = ['--netns', this.netns, '--rate', String(rate), '--timeout', String(timeout)];
    const { child, ended } = this.processes.start([agentPath, 'stream', ...options, address, String(port)]);
    return new Stream(child, ended);
  }

  /** Runs a program here to its end, whatever that is. */
  exec(program: string, args: readonly string[] = [], stdin = ''): Promise<Output> {
    return this.processes.run(this.commandHere([program, ...args]), stdin);
  }

  /** Runs a program here that must succeed and gives what it printed. */
  must(command: readonly string[], stdin = ''): Promise<string> {
    return this.processes.must(this.commandHere(command), stdin);
  }

  /** Starts a program here. It runs until it ends, is killed or the cluster destroyed. */
  async start(
    command: readonly string[],
    environment: Readonly<Record<string, string>> = {},
  ): Promise<Program> {
    const { child, exited } = this.processes.start(this.commandHere(command), {
      ...process.env,
      ...environment,
    });
    const program = new Program(child, exited);
    await once(child, 'spawn');
    return program;
  }

  /** Writes a file. All places share the lab's file system, but for /run of a node. */
  writeFile(path: string, content: string): Promise<void> {
    return writeFile(path, content);
  }

  /** Starts a server here and waits until it listens. */
  async serve(serving: Serving): Promise<void> {
    const command = [agentPath, 'serve', '--netns', this.netns, ...serveArguments(this.name, serving)];
    const server = this.processes.start(command);
    let complaint = '';
    server.child.stderr.setEncoding('utf8').on('data', (text: string) => (complaint += text));
    const ready = new Promise<boolean>((resolve) => {
      server.child.stdout.once('data', () => {
        resolve(true);
      });
    });
    if (!(await Promise.race([ready, server.ended.then(() => false)])))
      throw new Error(`${this.name} does not serve: ${complaint.trim()}`);
    this.#servers.push(server);
  }

  /** Kills every server here, as a crash would: its ports are refused from then on. */
  async kill(): Promise<void> {
    const servers = this.#servers.splice(0);
    for (const { child } of servers) child.kill('SIGKILL');
    await Promise.all(servers.map(({ ended }) => ended));
  }

  /** Leads packets for a network to a gateway, or onto the link. */
  async addRoute(cidr: string, via?: string): Promise<void> {
    await this.must([
      'ip',
      'route',
      'replace',
      cidr,
      ...(via === undefined ? ['dev', 'eth0'] : ['via', via]),
    ]);
  }

  /** Takes a route away. */
  async removeRoute(cidr: string): Promise<void> {
    await this.must(['ip', 'route', 'del', cidr]);
  }

  /** Pulls the cable: everything sent from here or to here is lost without a word. Addresses and routes stay. */
  async cut(): Promise<void> {
    await this.#batchAtSocket(`link set ${this.#socket.port} nomaster`);
  }

  /** Plugs the cable in again. */
  async restore(): Promise<void> {
    await this.#batchAtSocket(plugLines(this.#socket).join('\n'));
  }

  /** Begins to count packets that pass here. */
  count(spec: CounterSpec): Promise<Counter> {
    return Counter.start(this, spec);
  }

  /** A command that runs another one here. */
  commandHere(command: readonly string[]): string[] {
    const own = this.#run === undefined ? [] : ['--run', this.#run, '--hostname', this.name];
    return [agentPath, 'enter', '--netns', this.netns, ...own, '--', ...command];
  }

  #address(family: 'IPv4' | 'IPv6'): string {
    const address = ofFamily(this.addresses, family);
    if (address === undefined) throw new Error(`${this.name} has no ${family} address`);
    return address;
  }

  async #batchAtSocket(lines: string): Promise<void> {
    await this.processes.must(['ip', '-n', this.#socket.netns, '-batch', '-'], `${lines}\n`);
  }
}

/**
 * `ip -batch` lines that plug a cable into its bridge. Packets may go back out of the port that they came in by, as
 * the usual bridge plugins set it (`hairpinMode`), so that a pod can reach itself through an address of its service.
 */
export function plugLines(socket: Socket): string[] {
  return [
    `link set ${socket.port} master ${socket.bridge}`,
    `link set ${socket.port} type bridge_slave hairpin on`,
    `link set ${socket.port} up`,
  ];
}
