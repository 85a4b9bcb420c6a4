import { readFile } from 'node:fs/promises';
import { release } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import type {
  Answer,
  Basis,
  ClockComparison,
  DaemonFacts,
  ExaminedNode,
  IpvsFacts,
  ModuleLists,
  NodeInterface,
  SavedRules,
  Wanted,
} from '../../doctor/examined-node.ts';
import { shellWord } from '../../doctor/mend.ts';
import { commandRunner, type Run } from '../../kernel/command.ts';
import { Firewall } from '../../kernel/firewall.ts';
import type { NftTable } from '../../kernel/nft-table.ts';
import { readTables, type TracedTables } from '../../trace/traced-tables.ts';
import type { Context } from '../context.ts';
import { type Kernel, kernelTables, openKernel } from '../kernel.ts';
import type { Snapshot } from '../sources.ts';
import { compareClocks } from './api-clock.ts';
import { readDaemon } from './daemon-facts.ts';
import { readInterfaces } from './interfaces.ts';
import { readModuleLists } from '../module-lists.ts';
import { readNftTables } from './nft-tables.ts';
import { Once } from './once.ts';
import { probe } from './probe.ts';
import type { FoundProxy } from './proxy-processes.ts';
import { runningOnce } from './run-once.ts';
import { readSavedRules } from './saved-rules.ts';
import type { Subject } from './subject.ts';
import { basisOf, readSnapshot, wantedOf, type WantedOptions } from './wanted.ts';

/** Milliseconds that a program such as iptables-save may take. */
const programLimit = 10_000;

/** The node that this process runs on. Reading takes what each check needs, and changes nothing. */
export class NodeExamination implements ExaminedNode {
  readonly kernelRelease = release();
  readonly #subject: Subject;
  readonly #context: Context;
  readonly #run: Run = runningOnce(commandRunner(programLimit));
  readonly #firewall = new Firewall({ run: this.#run });
  readonly #once = new Once();

  constructor(subject: Subject, context: Context) {
    this.#subject = subject;
    this.#context = context;
  }

  get name(): string {
    return this.#subject.configuration.nodeName;
  }

  get scheduler(): string {
    return this.#subject.configuration.scheduler;
  }

  get runOnce(): string {
    return ['kube-ipvs run --once', ...this.#subject.args.map(shellWord)].join(' ');
  }

  async sysctl(key: string): Promise<string | undefined> {
    try {
      return (await readFile(join('/proc/sys', key), 'utf8')).trim();
    } catch (error) {
      const missing = error instanceof Error && 'code' in error && error.code === 'ENOENT';
      if (missing) return undefined;
      throw error;
    }
  }

  modules(): Promise<ModuleLists> {
    return this.#once.read('modules', () => readModuleLists());
  }

  interfaces(): Promise<readonly NodeInterface[]> {
    return this.#once.read('interfaces', readInterfaces);
  }

  tables(): Promise<TracedTables> {
    return this.#once.read('tables', async () => readTables(kernelTables(await this.#kernel(), [])));
  }

  ipvs(): Promise<IpvsFacts> {
    return this.#once.read('ipvs', async () => {
      const { ipvs } = await this.#kernel();
      const servers = ipvs.services().flatMap((service) => ipvs.destinations(service));
      const connections = servers.reduce((sum, one) => {
        return sum + (one.activeConnections ?? 0) + (one.inactiveConnections ?? 0);
      }, 0);
      return { buckets: ipvs.info().connectionTableSize, connections, tcpTimeout: ipvs.timeouts().tcp };
    });
  }

  rules(): Promise<readonly SavedRules[]> {
    return this.#once.read('rules', () => readSavedRules(this.#run));
  }

  nftTables(): Promise<readonly NftTable[]> {
    return this.#once.read('nft tables', () => readNftTables(this.#run));
  }

  proxyTables(): Promise<readonly string[]> {
    return this.#once.read('proxy tables', async () => {
      const { stdout } = await this.#run('nft', ['list', 'tables']);
      return Array.from(stdout.matchAll(/^table (\S+ kube-proxy)$/gm), ([, table = '']) => table);
    });
  }

  basis(): Promise<Basis> {
    return this.#once.read('basis', async () => {
      return basisOf(await this.#wantedOptions(), this.#subject.told, () => this.#snapshot());
    });
  }

  wanted(): Promise<Wanted> {
    return this.#once.read('wanted', async () => {
      const [options, snapshot, kernel] = await Promise.all([
        this.#wantedOptions(),
        this.#snapshot(),
        this.#kernel(),
      ]);
      return wantedOf(options, snapshot, kernel);
    });
  }

  processes(): Promise<readonly FoundProxy[]> {
    return Promise.resolve(this.#subject.proxies);
  }

  daemon(): Promise<DaemonFacts> {
    return this.#once.read('daemon', () => readDaemon(this.#subject));
  }

  clock(): Promise<ClockComparison> {
    return this.#once.read('clock', () => compareClocks(this.#subject.configuration, this.#context));
  }

  connect(address: string, port: number): Promise<Answer> {
    return probe(address, port);
  }

  /** Gives back what was opened. */
  async close(): Promise<void> {
    const kernel = this.#once.begun<Kernel>('kernel');
    (await kernel?.catch(() => undefined))?.close();
  }

  #kernel(): Promise<Kernel> {
    // eslint-disable-next-line @typescript-eslint/require-await -- what it throws has to become a rejection
    return this.#once.read('kernel', async () => ({
      ...openKernel(undefined),
      firewall: this.#firewall,
    }));
  }

  #snapshot(): Promise<Snapshot> {
    return this.#once.read('snapshot', async () => readSnapshot(await this.#wantedOptions()));
  }

  #wantedOptions(): Promise<WantedOptions> {
    return this.#once.read('options', async () => {
      const randomFully = await this.#firewall.supportsRandomFully();
      const log = pino({ level: 'silent' });
      return { configuration: this.#subject.configuration, input: this.#context, randomFully, log };
    });
  }
}
