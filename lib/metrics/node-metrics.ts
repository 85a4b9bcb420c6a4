import { readFileSync } from 'node:fs';
import { Gauge, type Registry } from 'prom-client';

/** What runs, for telling nodes of a fleet apart: `version`, `node_version`, `kernel_release`, `ipvs_version`. */
export type BuildFacts = Readonly<
  Record<'version' | 'node_version' | 'kernel_release' | 'ipvs_version', string>
>;

const conntrack: readonly (readonly [name: string, help: string, file: string])[] = [
  [
    'conntrack_entries',
    'Connections that the kernel tracks in this network namespace.',
    '/proc/sys/net/netfilter/nf_conntrack_count',
  ],
  [
    'conntrack_entries_limit',
    'How many it tracks at most; packets of new ones are dropped beyond.',
    '/proc/sys/net/netfilter/nf_conntrack_max',
  ],
];

/** Registers what is true of the node and the program, whatever becomes of services. */
export function registerNodeMetrics(registry: Registry, build: BuildFacts): void {
  new Gauge({
    name: 'kube_ipvs_build_info',
    help: 'What runs, in the labels; always 1.',
    ...{ registers: [registry], labelNames: Object.keys(build) },
  }).set(build, 1);
  for (const [name, help, file] of conntrack) {
    new Gauge({
      ...{ name: `kube_ipvs_${name}`, help, registers: [registry] },
      collect() {
        const value = numberIn(file);
        if (value === undefined) this.remove();
        else this.set(value);
      },
    });
  }
}

/** Undefined where the kernel does not track connections yet. */
function numberIn(file: string): number | undefined {
  try {
    return Number(readFileSync(file, 'utf8'));
  } catch {
    return undefined;
  }
}
