import { readFileSync } from 'node:fs';
import { expect } from 'chai';
import { readNftTables } from '../../../lib/cli/examination/nft-tables.ts';
import { allChecks } from '../../../lib/doctor/checks.ts';
import { examine, type Finding } from '../../../lib/doctor/examine.ts';
import { readNftRule } from '../../../lib/doctor/nft-reading.ts';
import { samplesOf } from '../../../lib/doctor/sample.ts';
import type { Run } from '../../../lib/kernel/command.ts';
import type { NftTable } from '../../../lib/kernel/nft-table.ts';
import { examinedNode, nftGuard, tables } from './healthy-node.ts';

/**
 * What nft 1.0.6 printed in a network namespace of its own into which `NAME.nft` had been loaded, with a rule of iptables-nft
 * beside it: `nft -j list chains`, and `nft -j -t list ruleset`, which has what it prints of one table.
 */
function recorded(name: string, lines: string[] = []): Run {
  return (_, args) => {
    lines.push(args.join(' '));
    const part = args.includes('chains') ? '.chains' : '';
    const stdout = readFileSync(`test/fixtures/nft/${name}${part}.json.golden`, 'utf8');
    return Promise.resolve({ status: 0, stdout, stderr: '' });
  };
}

/** What is found on a node that has these tables. */
async function foundWith(nftTables: readonly NftTable[]): Promise<readonly Finding[]> {
  const node = examinedNode({ nftTables: () => Promise.resolve(nftTables) });
  return (await examine(node, allChecks, { only: ['nf-tables'], skip: [] })).findings;
}

const [sample] = samplesOf(tables, new Set(['10.1.5.1']));

function match(left: object, right: unknown, op = '=='): object {
  return { match: { op, left, right } };
}

function field(protocol: string, name: string): object {
  return { payload: { protocol, field: name } };
}

const address = field('ip', 'daddr');
const port = field('tcp', 'dport');

/** What a rule asks of the packets to TCP 10.96.0.10:80, and whether they are so. */
const matches: readonly (readonly [asked: object, likelihood: string])[] = [
  [match(address, '10.96.0.10'), 'yes'],
  [match(address, '10.96.0.11'), 'no'],
  [match(address, { prefix: { addr: '10.96.0.0', len: 16 } }), 'yes'],
  [match(address, { prefix: { addr: '10.96.0.0', len: 16 } }, '!='), 'no'],
  [match(address, { range: ['10.96.0.0', '10.96.0.9'] }), 'maybe'],
  [match(address, { set: ['10.97.0.1', { elem: { val: '10.96.0.10', comment: 'x' } }] }), 'yes'],
  [match(address, '@blocked'), 'maybe'],
  [match(address, '@blocked', '!='), 'maybe'],
  [match(field('ip', 'saddr'), '10.96.0.10'), 'maybe'],
  [match(field('ip', 'protocol'), 'udp'), 'no'],
  [match(field('ip6', 'daddr'), '::1', '!='), 'no'],
  [match(port, 80), 'yes'],
  [match(port, { set: [22, { range: [8000, 9000] }] }), 'no'],
  [match(port, { range: [1, 1023] }), 'yes'],
  [match(port, 1024, '<'), 'maybe'],
  [match(field('th', 'dport'), 443), 'no'],
  [match(field('udp', 'dport'), 80, '!='), 'no'],
  [match(field('icmp', 'type'), 'echo-request'), 'no'],
  [match(field('ether', 'saddr'), '0a:58:00:00:00:01'), 'maybe'],
  [match({ meta: { key: 'l4proto' } }, { set: ['tcp', 'udp'] }), 'yes'],
  [match({ meta: { key: 'nfproto' } }, 'ipv6'), 'no'],
  [match({ meta: { key: 'iifname' } }, 'lo'), 'no'],
  [match({ meta: { key: 'iifname' } }, 'lo', '!='), 'yes'],
  [match({ meta: { key: 'iifname' } }, 'eth0'), 'maybe'],
  [match({ '&': [{ meta: { key: 'mark' } }, 1] }, 1), 'maybe'],
  [match({ ct: { key: 'state' } }, 'invalid', 'in'), 'no'],
  [match({ ct: { key: 'state' } }, { set: ['new', 'untracked'] }), 'yes'],
  [match({ ct: { key: 'status' } }, 'dnat', 'in'), 'no'],
  [{ limit: { rate: 5, per: 'second' } }, 'maybe'],
  [{ xt: { type: 'match', name: 'time' } }, 'maybe'],
  [{ counter: { packets: 0, bytes: 0 } }, 'yes'],
];

describe('rules of nf_tables', () => {
  for (const [asked, likelihood] of matches) {
    it(`are judged: ${likelihood} for ${JSON.stringify(asked)}`, () => {
      const [reading] = readNftRule(sample!, [asked, { drop: null }]);
      expect(reading).to.deep.equal({ matches: likelihood, target: { kind: 'drop' } });
    });
  }

  it('do nothing without a verdict, and it is not known what some do', () => {
    expect(readNftRule(sample!, [match(port, 80), { counter: {} }])).to.deep.equal([]);
    expect(readNftRule(sample!, [{ queue: { num: 1 } }])).to.deep.equal([
      { matches: 'yes', target: 'unknown' },
    ]);
  });

  it('are read without those of iptables, and no more of them than has to be', async () => {
    const lines: string[] = [];
    const read = await readNftTables(recorded('firewalld', lines));
    expect(lines).to.deep.equal(['-j -t list chains', '-j -t list table inet firewalld']);
    expect(read.map((one) => one.bases.map(({ chain, hook }) => `${chain} ${hook}`))).to.deep.equal([
      ['filter_INPUT INPUT', 'filter_FORWARD FORWARD', 'filter_OUTPUT OUTPUT'],
    ]);
  });

  it('of firewalld that reject new connections are found, whatever interface they come in on', async () => {
    const [finding, ...others] = await foundWith(await readNftTables(recorded('firewalld')));
    expect(others).to.deep.equal([]);
    expect(finding).to.deep.include({
      ...{ name: 'nft-drop', severity: 'error' },
      evidence: [
        'rule 37 of chain filter_IN_public (inet firewalld, input) takes: packets to TCP 10.96.0.10:80',
      ],
    });
    expect(finding!.mend[0]).to.equal('nft delete rule inet firewalld filter_IN_public handle 37');
    expect(finding!.mend[1]).to.include('firewall-cmd');
  });

  it('of which something is not known are told as such, and a policy that may be met is not', async () => {
    const [finding, ...others] = await foundWith(await readNftTables(recorded('forms')));
    expect([finding?.name, ...others]).to.deep.equal([undefined]);
    const guarded = nftGuard(
      'INPUT',
      'drop',
      [match(field('ip', 'saddr'), '@blocked'), { drop: null }],
      [{ accept: null }],
    );
    expect((await foundWith([guarded])).map(({ name, evidence }) => [name, ...evidence])).to.deep.equal([
      ['nft-drop-unjudged', 'rule 1 of chain guarding (inet guard, input)'],
    ]);
  });

  it('are found by the policy of their chain, where nothing accepts before', async () => {
    const closed = nftGuard('INPUT', 'drop', [match(port, 22), { accept: null }]);
    const [finding] = await foundWith([closed]);
    expect(finding).to.deep.include({ name: 'nft-drop' });
    expect(finding!.evidence[0]).to.match(/^the policy of chain guarding \(inet guard, input\) takes: /);
    expect(finding!.mend[0]).to.equal("nft chain inet guard guarding '{ policy accept; }'");
    expect(await foundWith([nftGuard('INPUT', 'drop', [match(port, 80), { accept: null }])])).to.deep.equal(
      [],
    );
  });

  it('cannot be told without nft, which is said', async () => {
    const missing: Run = () => Promise.resolve({ status: 127, stdout: '', stderr: 'spawn nft ENOENT' });
    const node = examinedNode({ nftTables: () => readNftTables(missing) });
    const { outcomes } = await examine(node, allChecks, { only: ['nf-tables'], skip: [] });
    expect(outcomes).to.deep.equal([
      {
        check: 'nf-tables',
        state: 'not-examined',
        told: 'nft is not installed here, and nothing else tells what is in nf_tables',
      },
    ]);
  });
});
