import { expect } from 'chai';
import { allChecks } from '../../../lib/doctor/checks.ts';
import { examine, type Finding } from '../../../lib/doctor/examine.ts';
import type { ExaminedNode } from '../../../lib/doctor/examined-node.ts';
import { brokenNodes as cases, withProgram } from './broken-nodes.ts';
import { examinedNode } from './healthy-node.ts';

const everything = { only: [], skip: [] };

/** The findings of a node, of one name. */
async function found(node: Partial<ExaminedNode>, name: string): Promise<readonly Finding[]> {
  const { findings } = await examine(examinedNode(node), allChecks, everything);
  return findings.filter((finding) => finding.name === name);
}

describe('the checks of a node', () => {
  it('find nothing on a healthy one, and all can be made', async () => {
    const { findings, outcomes } = await examine(examinedNode(), allChecks, everything);
    expect(findings).to.deep.equal([]);
    expect(outcomes.filter(({ state }) => state !== 'well')).to.deep.equal([]);
    expect(outcomes).to.have.length(allChecks.length);
  });

  it('have a case here for everything that they can find', () => {
    const kinds = allChecks.flatMap((check) => Object.keys(check.kinds));
    expect([...new Set(cases.map(({ finds }) => finds))].sort()).to.deep.equal(kinds.sort());
  });

  for (const { finds, where, node, evidence, mend } of cases)
    it(`find ${finds} where ${where}`, async () => {
      const [finding, ...others] = await found(node, finds);
      expect(others).to.deep.equal([]);
      expect(finding!.evidence.join('\n')).to.include(evidence);
      if (mend.startsWith('#')) expect(finding!.mend.join('\n')).to.include(mend);
      else expect(finding!.mend).to.include(mend);
    });

  it('say nothing of rules that nobody has told the configuration of', async () => {
    const changed = withProgram(({ chains }) => ({
      chains: chains.map((chain) =>
        chain.name === 'KUBE-FORWARD' ? { ...chain, rules: ['-j DROP'] } : chain,
      ),
    }));
    const basis = async (): ReturnType<ExaminedNode['basis']> => ({
      ...(await examinedNode().basis()),
      told: false,
    });
    expect(await found({ ...changed, basis }, 'chain-edited')).to.deep.equal([]);
    expect(await found(changed, 'chain-edited')).to.have.length(1);
  });

  it('do not say of a proxy that may be in another network that it is in the way', async () => {
    const processes = (): ReturnType<ExaminedNode['processes']> =>
      Promise.resolve([{ pid: 9, program: 'kube-proxy', commandLine: 'kube-proxy', here: false }]);
    const { findings, outcomes } = await examine(examinedNode({ processes }), allChecks, {
      ...everything,
      only: ['other-proxies'],
    });
    expect(findings).to.deep.equal([]);
    expect(outcomes[0]).to.deep.include({ state: 'not-examined' });
    expect(outcomes[0]!.told).to.include('kube-proxy runs as process 9');
  });

  it('ask an endpoint that refuses once more', async () => {
    const asked: string[] = [];
    const connect = (address: string): ReturnType<ExaminedNode['connect']> => {
      asked.push(address);
      return Promise.resolve(
        address === '10.1.5.1' && asked.filter((one) => one === address).length === 1
          ? 'refused'
          : 'connected',
      );
    };
    expect(await found({ connect }, 'endpoint-refuses')).to.deep.equal([]);
    expect(asked.sort()).to.deep.equal(['10.1.5.1', '10.1.5.1', '10.1.6.2']);
  });

  it('say of what Services ask for that it is not known, where nothing tells it', async () => {
    const node = examinedNode({ wanted: () => Promise.reject(new Error('no API server')) });
    const { findings, outcomes } = await examine(node, allChecks, everything);
    expect(findings).to.deep.equal([]);
    const left = outcomes.filter(({ state }) => state === 'not-examined');
    expect(left.map(({ check, told }) => `${check}: ${told}`)).to.deep.equal([
      'drift: no API server',
      'local-traffic: no API server',
    ]);
    expect(outcomes.find(({ check }) => check === 'addresses')?.told).to.include(
      'foreign ones cannot be told',
    );
  });
});
