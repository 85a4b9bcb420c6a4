import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';

const root = join(import.meta.dirname, '../../..');

/** The names of the values that a module exports, of those ways to say it that are in use here. */
function exportedValues(file: string): string[] {
  const text = readFileSync(join(root, file), 'utf8');
  const declared = [...text.matchAll(/^export (?:async )?(?:function|const|class) (\w+)/gm)];
  const handedOn = [...text.matchAll(/^export \{([^}]*)\}/gm)].flatMap(([, names = '']) => names.split(','));
  return [...declared.map(([, name = '']) => name), ...handedOn.map((name) => name.trim())].sort();
}

describe('the program that is measured on a machine without IPVS', () => {
  it('has a stand-in for everything that the room of the kernel gives', () => {
    const real = exportedValues('lib/cli/kernel.ts');
    expect(real).to.include('openKernel');
    expect(exportedValues('test/bench/kernel-without-ipvs.ts')).to.deep.equal(real);
  });
});
