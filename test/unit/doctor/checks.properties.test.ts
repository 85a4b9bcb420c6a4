import { expect } from 'chai';
import fc from 'fast-check';
import { addressesCheck } from '../../../lib/doctor/checks/addresses.ts';
import { foreignRulesCheck } from '../../../lib/doctor/checks/foreign-rules.ts';
import { ownRulesCheck } from '../../../lib/doctor/checks/own-rules.ts';
import { setsCheck } from '../../../lib/doctor/checks/sets.ts';
import { examine } from '../../../lib/doctor/examine.ts';
import { planBase } from '../../../lib/planner/base-plan.ts';
import { plannedTables } from '../../../lib/trace/traced-tables.ts';
import { worldArbitrary } from '../../rules/random-world.ts';
import type { World } from '../../rules/world.ts';
import { plannerOptionsOf, plansOf } from '../rules/planned.ts';
import { examinedNode, networkInterface, savedRulesOf } from './healthy-node.ts';

const checks = [setsCheck, ownRulesCheck, foreignRulesCheck, addressesCheck];

/** Errors and warnings that are found on a node whose kernel holds what a world's Services ask for, and no rule of others. */
async function complaints(world: World): Promise<readonly string[]> {
  const options = plannerOptionsOf(world);
  const plan = planBase(options);
  const plans = plansOf(world).sort((a, b) => a.created - b.created || (a.service < b.service ? -1 : 1));
  const tables = plannedTables(plan, plans);
  const prefixes = world.node.addresses.map((address) => ({ address, prefix: 24 }));
  const node = examinedNode({
    tables: () => Promise.resolve(tables),
    basis: () => Promise.resolve({ plan, localTraffic: options.localTraffic, told: true }),
    rules: () => Promise.resolve(plan.firewall.map((program) => savedRulesOf(program))),
    interfaces: () => Promise.resolve([networkInterface('eth0', { addresses: prefixes })]),
  });
  const { findings } = await examine(node, checks, { only: [], skip: [] });
  return findings
    .filter(({ severity }) => severity !== 'info')
    .flatMap(({ name, evidence }) => evidence.map((line) => `${name}: ${line}`));
}

describe('the checks of tables and rules', () => {
  it('find nothing wrong with what is planned, whatever Services ask for', async () => {
    await fc.assert(
      fc.asyncProperty(worldArbitrary(), async (world) => {
        expect(await complaints(world)).to.deep.equal([]);
      }),
      { numRuns: 100 },
    );
  });
});
