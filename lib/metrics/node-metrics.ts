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
