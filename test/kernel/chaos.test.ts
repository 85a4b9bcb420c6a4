import { release } from 'node:os';
import { kernelReleaseOf } from '../../lib/config/planning.ts';
import { type Kernel, kernelTables, openKernel } from '../../lib/cli/kernel.ts';
import { planBase } from '../../lib/planner/base-plan.ts';
import { chaos } from '../chaos/chaos.ts';
import type { ChaosKernel } from '../chaos/chaos-kernel.ts';
import { plannerOptions } from '../unit/fixtures.ts';
import { enterOwnNamespace, output } from './own-namespace.ts';

/** This machine's kernel, in the network namespace of this process. */
async function realKernel(kernel: Kernel): Promise<ChaosKernel> {
  const planner = plannerOptions({
    kernel: kernelReleaseOf(release()),
    randomFully: await kernel.firewall.supportsRandomFully(),
  });
  const tables = kernelTables(kernel, planBase(planner).sysctls);
  return {
    tables,
    planner,
    // Programs are started to read and write the firewall, and the machine may be slow.
    haste: 40,
    held: () => false,
    clear: async () => {
      output('ipvsadm -C');
      output('ip link delete kube-ipvs0');
      for (const [key, before] of await kernel.firewall.read()) {
        await kernel.firewall.apply([{ key, before, after: undefined }]);
      }
      output('ipset destroy');
    },
  };
}

describe('chaos, on a real kernel', () => {
  let kernel: Kernel;

  before(() => {
    enterOwnNamespace();
    kernel = openKernel(undefined);
  });

  after(() => {
    kernel.close();
  });

  const seed = Date.now() % 1_000_000;
  it(`ends, whatever goes wrong, with the tables that a fresh start makes (seed ${seed})`, async () => {
    await chaos({ seed, operations: 500, kernel: await realKernel(kernel) });
  });
});
