import { cpus, release, totalmem } from 'node:os';

/** What was measured on. */
export interface Machine {
  readonly date: string;
  readonly processor: string;
  readonly cores: number;
  readonly memory: string;
  readonly kernel: string;
  /** The kernel whose IPVS was measured. */
  readonly labKernel: string;
  readonly node: string;
}

/** This machine, and the lab's kernel by its release. */
export function machineOf(labKernel: string): Machine {
  return {
    date: new Date().toISOString().slice(0, 10),
    processor: cpus()[0]?.model.trim() ?? 'unknown',
    cores: cpus().length,
    memory: `${Math.round(totalmem() / 2 ** 30)} GiB`,
    kernel: release(),
    labKernel,
    node: process.version,
  };
}
