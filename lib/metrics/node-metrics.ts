import { Gauge, type Registry } from 'prom-client';

/** What runs, for telling nodes of a fleet apart: `version`, `node_version`, `kernel_release`, `ipvs_version`. */
export type BuildFacts = Readonly<
  Record<'version' | 'node_version' | 'kernel_release' | 'ipvs_version', string>
>;

/** Registers which program it is that tells all the others. */
export function registerBuildMetrics(registry: Registry, build: BuildFacts): void {
  new Gauge({
    name: 'kube_ipvs_build_info',
    help: 'What runs, in the labels; always 1.',
    ...{ registers: [registry], labelNames: Object.keys(build) },
  }).set(build, 1);
}

/** How the node stands: whether what Services ask for reaches its kernel, and whether load balancers may send it anybody. */
export interface NodeStanding {
  readonly healthy: boolean;
  readonly eligible: boolean;
}

const standings = [
  ['healthy', 'healthy', 'Whether what Services ask for reaches the kernel, as /livez says: 1 or 0.'],
  [
    'node_eligible',
    'eligible',
    'Whether the Node is to get new connections, as it is not while it is taken away: 1 or 0. /healthz is 200 where both are 1.',
  ],
] as const satisfies readonly (readonly [string, keyof NodeStanding, string])[];

/** Registers how the node stands: the answers of health checks, for those that only scrape. */
export function registerStandingMetrics(registry: Registry, standing: () => NodeStanding): void {
  for (const [name, key, help] of standings) {
    new Gauge({
      ...{ name: `kube_ipvs_${name}`, help, registers: [registry] },
      collect() {
        this.set(Number(standing()[key]));
      },
    });
  }
}
