import { join } from 'node:path';
import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { build, type Plugin } from 'esbuild';
import { Ipvs } from '../../native-bindings/ipvs.ts';
import { bundleOptions } from '../../scripts/bundle-options.ts';
import { kubernetesService } from './control.ts';
import type { MeasuredNamespace } from './measured-namespace.ts';
import type { Note } from './probe.ts';
import { usableAfterLists } from './probed.ts';
import { dumpFile, type RunningDaemon } from './running-daemon.ts';

/** What the daemon is measured on. */
export interface Rig {
  /** Whether IPVS is the kernel's, or tables in memory. */
  readonly kernel: 'ipvs' | 'memory';
  /** The file that is run. */
  readonly program: string;
  /** Waits until the first service has a real server; gives when, on the clock of `performance.now`. */
  firstService(daemon: RunningDaemon): Promise<number>;
  /** Whether virtual and real servers are these, sorted lines of `ipvsadm -Sn`. */
  holds(daemon: RunningDaemon, rules: string): Promise<boolean>;
  /** Milliseconds from the last byte of the lists to `default/kubernetes` reachable. */
  usableAfterLists(daemon: RunningDaemon, notes: readonly Note[]): number;
}

const root = join(import.meta.dirname, '../..');

/** Milliseconds between two looks for the first service. */
const lookEvery = 4;

/** The program as it is shipped, on a kernel with IPVS. */
export class IpvsRig implements Rig {
  readonly kernel = 'ipvs';
  readonly program = join(root, 'dist/kube-ipvs.mjs');
  readonly #namespace: MeasuredNamespace;

  constructor(namespace: MeasuredNamespace) {
    this.#namespace = namespace;
  }

  async firstService(): Promise<number> {
    const ipvs = Ipvs.open();
    try {
      while (ipvs.destinations({ protocol: 6, ...kubernetesService }).length === 0) await sleep(lookEvery);
      return performance.now();
    } finally {
      ipvs.close();
    }
  }

  holds(_daemon: RunningDaemon, rules: string): Promise<boolean> {
    return this.#namespace.holds(rules);
  }

  usableAfterLists(_daemon: RunningDaemon, notes: readonly Note[]): number {
    return usableAfterLists(notes, kubernetesService.address);
  }
}

/** Puts `kernel-without-ipvs.ts` in the place of lib/cli/kernel.ts. */
const withoutIpvs: Plugin = {
  name: 'kernel without IPVS',
  setup(bundling) {
    bundling.onResolve({ filter: /^\.\/kernel\.ts$/ }, ({ importer }) =>
      importer.startsWith(join(root, 'lib/cli'))
        ? { path: join(import.meta.dirname, 'kernel-without-ipvs.ts') }
        : null,
    );
  },
};

/** The same program on a machine without IPVS, with tables in memory in its place. */
export class MemoryRig implements Rig {
  readonly kernel = 'memory';
  readonly program = join(root, 'build/bench/kube-ipvs-without-ipvs.mjs');

  /** Bundles the program. */
  async build(): Promise<void> {
    await build({
      ...bundleOptions,
      entryPoints: [join(root, 'lib/cli/main.ts')],
      outfile: this.program,
      define: { embeddedVersion: '"measured"' },
      plugins: [withoutIpvs],
    });
  }

  async firstService(daemon: RunningDaemon): Promise<number> {
    await daemon.logged('measured: real-servers at ');
    return toldTime(daemon, 'real-servers') - performance.timeOrigin;
  }

  async holds(daemon: RunningDaemon, rules: string): Promise<boolean> {
    await daemon.dumped();
    return readFileSync(dumpFile, 'utf8') === rules;
  }

  usableAfterLists(daemon: RunningDaemon, notes: readonly Note[]): number {
    return usableAfterLists(notes, kubernetesService.address, toldTime(daemon, 'addresses'));
  }
}

/** When a table in memory was first written to, in milliseconds since 1970. */
function toldTime(daemon: RunningDaemon, table: string): number {
  const words = `measured: ${table} at `;
  return Number(daemon.lines(words)[0]?.slice(words.length));
}
