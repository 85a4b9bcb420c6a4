/**
 * Makes chaos: `node test/chaos/run.ts [--seed N] [--operations M] [--runs R] [--without KIND]…`. Each further run has
 * the next seed. Prints what each run was like; ends with status 1 after the first that found something.
 */
import { parseArgs } from 'node:util';
import { Authority } from '../kube/certificates.ts';
import { chaos } from './chaos.ts';
import { fakeChaosKernel } from './chaos-kernel.ts';
import { ChaosFailure } from './failure.ts';
import { everyKind } from './kinds.ts';

const { values } = parseArgs({
  options: {
    seed: { type: 'string', default: String(Date.now() % 1_000_000) },
    operations: { type: 'string', default: '2000' },
    runs: { type: 'string', default: '1' },
    without: { type: 'string', multiple: true, default: [] },
  },
});
const unknown = values.without.find((kind) => !everyKind.includes(kind));
if (unknown !== undefined) {
  throw new Error(`expected --without with one of ${everyKind.join(', ')}, got ${unknown}`);
}
const authority = await Authority.create();
const operations = Number(values.operations);
const first = Number(values.seed);
for (let seed = first; seed < first + Number(values.runs); seed += 1) {
  const began = performance.now();
  try {
    const report = await chaos({
      seed,
      operations,
      without: values.without,
      kernel: fakeChaosKernel(),
      authority,
    });
    const seconds = ((performance.now() - began) / 1000).toFixed(1);
    const { lives, writes, entries, relisted } = report;
    console.log(
      `seed ${seed}: ${operations} operations, ${lives} lives, ${writes} writes, ${entries} entries at the end` +
        `${relisted ? ', listed anew' : ''}, ${seconds} s`,
    );
  } catch (error) {
    if (!(error instanceof ChaosFailure)) throw error;
    console.error(error.message);
    process.exitCode = 1;
    break;
  }
}
