import { expect } from 'chai';
import { examine, namesOf } from '../../../lib/doctor/examine.ts';
import { type Check, type Found, NotExamined } from '../../../lib/doctor/finding.ts';
import { examinedNode } from './healthy-node.ts';

/** A check that finds things of two names, one of them twice. */
const busy: Check<'low' | 'high'> = {
  name: 'busy',
  about: 'It is looked at.',
  kinds: {
    low: { severity: 'info', meaning: 'It is low.' },
    high: { severity: 'error', meaning: 'It is high.' },
  },
  judge: () =>
    Promise.resolve({ found: [found('low', 'a'), found('high', 'b'), found('low', 'c')], seen: 'three' }),
};

const calm: Check<'wrong'> = {
  name: 'calm',
  about: 'It is looked at.',
  kinds: { wrong: { severity: 'warning', meaning: 'It is wrong.' } },
  judge: () => Promise.resolve({ found: [], seen: 'nothing' }),
};

const blind: Check<'dark'> = {
  name: 'blind',
  about: 'It cannot be looked at.',
  kinds: { dark: { severity: 'error', meaning: 'It is dark.' } },
  judge: () => Promise.reject(new NotExamined('there is no light')),
};

const checks = [busy, calm, blind];

function found<Name extends string>(name: Name, evidence: string): Found<Name> {
  return { name, evidence: [evidence], mend: ['mend it'] };
}

/** The names of what is found where some names are chosen. */
async function namesFound(only: readonly string[], skip: readonly string[]): Promise<readonly string[]> {
  const { findings } = await examine(examinedNode(), checks, { only, skip });
  return findings.map(({ name }) => name);
}

describe('an examination', () => {
  it('has the worst first, and one finding of each name with all that was found', async () => {
    const { findings } = await examine(examinedNode(), checks, { only: [], skip: [] });
    expect(findings).to.deep.equal([
      {
        name: 'high',
        check: 'busy',
        severity: 'error',
        meaning: 'It is high.',
        evidence: ['b'],
        mend: ['mend it'],
      },
      {
        name: 'low',
        check: 'busy',
        severity: 'info',
        meaning: 'It is low.',
        evidence: ['a', 'c'],
        mend: ['mend it'],
      },
    ]);
  });

  it('says of each check what came of it, and why one could not be made', async () => {
    const { outcomes } = await examine(examinedNode(), checks, { only: [], skip: [] });
    expect(outcomes).to.deep.equal([
      { check: 'busy', state: 'found', told: 'three' },
      { check: 'calm', state: 'well', told: 'nothing' },
      { check: 'blind', state: 'not-examined', told: 'there is no light' },
    ]);
  });

  it('looks for what is chosen by the name of a check or of a finding', async () => {
    expect(await namesFound(['busy'], [])).to.deep.equal(['high', 'low']);
    expect(await namesFound(['low'], [])).to.deep.equal(['low']);
    expect(await namesFound(['calm', 'high'], [])).to.deep.equal(['high']);
    expect(await namesFound([], ['high'])).to.deep.equal(['low']);
    expect(await namesFound(['busy'], ['busy'])).to.deep.equal([]);
  });

  it('makes no check of which nothing is chosen', async () => {
    const { outcomes } = await examine(examinedNode(), checks, { only: ['wrong'], skip: [] });
    expect(outcomes.map(({ check }) => check)).to.deep.equal(['calm']);
  });

  it('names everything that can be chosen', () => {
    expect(namesOf(checks)).to.deep.equal(['busy', 'low', 'high', 'calm', 'wrong', 'blind', 'dark']);
  });
});
