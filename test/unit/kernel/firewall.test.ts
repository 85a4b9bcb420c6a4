import { expect } from 'chai';
import type { CommandResult, Run } from '../../../lib/kernel/command.ts';
import { Firewall } from '../../../lib/kernel/firewall.ts';
import { restoreInput } from '../../../lib/kernel/iptables-restore.ts';
import { ourProgram, parseSave } from '../../../lib/kernel/iptables-save.ts';
import { TableError } from '../../../lib/kernel/table.ts';
import type { FirewallProgram } from '../../../lib/model/firewall-program.ts';
import { sampleProgram } from './firewall-sample.ts';

/** Programs that answer as told: by name, or 127 for those that are not there. */
class FakePrograms {
  readonly calls: { command: string; args: readonly string[]; stdin: string | undefined }[] = [];
  readonly #answers: Readonly<Record<string, Partial<CommandResult>>>;

  constructor(answers: Readonly<Record<string, Partial<CommandResult>>>) {
    this.#answers = answers;
  }

  readonly run: Run = (command, args, stdin) => {
    this.calls.push({ command, args, stdin });
    const answer = this.#answers[command];
    const missing = { status: 127, stdout: '', stderr: `spawn ${command} ENOENT` };
    return Promise.resolve(answer ? { status: 0, stdout: '', stderr: '', ...answer } : missing);
  };
}

const hooks = '*filter\n:INPUT ACCEPT [0:0]\n:FORWARD ACCEPT [0:0]\n:OUTPUT ACCEPT [0:0]\n';

function program(rules: readonly string[], jumps: readonly string[]): FirewallProgram {
  return {
    key: 'IPv4',
    family: 'IPv4',
    chains: [{ table: 'filter', name: 'KUBE-FORWARD', rules }],
    jumps: jumps.map((rule) => ({ table: 'filter', hook: 'FORWARD', rule })),
  };
}

describe('the firewall', () => {
  const wanted = program(['-j ACCEPT'], ['-m comment --comment a -j KUBE-FORWARD']);
  const change = { key: 'IPv4', before: undefined, after: wanted };

  describe('what it writes', () => {
    it('is one restore of a family in which every table is complete', async () => {
      const programs = new FakePrograms({ 'iptables-nft-save': {}, 'iptables-nft-restore': {} });
      const firewall = new Firewall({ run: programs.run, flavour: 'nft' });
      expect((await firewall.apply([change])).size).to.equal(0);
      const [, restore, ...more] = programs.calls;
      expect(more).to.deep.equal([]);
      expect(restore?.command).to.equal('iptables-nft-restore');
      expect(restore?.args).to.deep.equal(['--noflush', '-w', '5']);
      expect(restore?.stdin).to.equal(
        [
          '*filter',
          ':KUBE-FORWARD - [0:0]',
          '-A KUBE-FORWARD -j ACCEPT',
          '-I FORWARD -m comment --comment a -j KUBE-FORWARD',
          'COMMIT',
          '',
        ].join('\n'),
      );
    });

    it('puts only what is missing before the jumps that stand right', () => {
      const saved = parseSave(`${hooks}-A FORWARD -j CNI\n-A FORWARD -m mark --mark 0x2 -j KUBE-FORWARD\n`);
      const input = restoreInput(
        saved,
        program([], ['-m mark --mark 1 -j KUBE-FORWARD', '-m mark --mark 2/0xffffffff -j KUBE-FORWARD']),
      );
      expect(input).to.contain('-I FORWARD -m mark --mark 1 -j KUBE-FORWARD');
      expect(input.match(/^-[ID]/gm)).to.have.length(1);
    });

    it('makes the jumps of a hook anew when their order is wrong, and leaves foreign rules', () => {
      const saved = parseSave(
        `${hooks}-A FORWARD -i a -j KUBE-FORWARD\n-A FORWARD -j CNI\n-A FORWARD -i b -j KUBE-FORWARD\n`,
      );
      const input = restoreInput(saved, program([], ['-i b -j KUBE-FORWARD', '-i a -j KUBE-FORWARD']));
      expect(input.match(/^-[ID].*$/gm)).to.deep.equal([
        '-D FORWARD -i a -j KUBE-FORWARD',
        '-D FORWARD -i b -j KUBE-FORWARD',
        '-I FORWARD -i a -j KUBE-FORWARD',
        '-I FORWARD -i b -j KUBE-FORWARD',
      ]);
    });

    it('is nothing when there is nothing of ours to remove', async () => {
      const programs = new FakePrograms({ 'iptables-save': { stdout: `${hooks}-A FORWARD -j CNI\n` } });
      const firewall = new Firewall({ run: programs.run, flavour: 'plain' });
      expect((await firewall.apply([{ ...change, after: undefined }])).size).to.equal(0);
      expect(programs.calls.map((call) => call.command)).to.deep.equal(['iptables-save']);
    });

    it('empties a stale chain that others refer to, and removes the rest', () => {
      const saved = parseSave(
        `${hooks}:CNI - [0:0]\n:KUBE-FORWARD - [0:0]\n:KUBE-IPVS-FILTER - [0:0]\n` +
          '-A FORWARD -j KUBE-FORWARD\n-A CNI -j KUBE-IPVS-FILTER\n-A KUBE-IPVS-FILTER -j DROP\n',
      );
      expect(restoreInput(saved, undefined).split('\n')).to.deep.equal([
        '*filter',
        ':KUBE-FORWARD - [0:0]',
        ':KUBE-IPVS-FILTER - [0:0]',
        '-D FORWARD -j KUBE-FORWARD',
        '-X KUBE-FORWARD',
        'COMMIT',
        '',
      ]);
    });
  });

  describe('what it reads', () => {
    it('is our chains and the jumps into them, and nothing foreign', () => {
      const read = ourProgram(
        'IPv4',
        parseSave(
          `${hooks}:CNI - [0:0]\n:KUBE-FORWARD - [0:0]\n-A FORWARD -j CNI\n` +
            '-A FORWARD -j KUBE-FORWARD\n-A KUBE-FORWARD -j ACCEPT\n-A CNI -j ACCEPT\nCOMMIT\n',
        ),
      );
      expect(read).to.deep.equal(program(['-j ACCEPT'], ['-j KUBE-FORWARD']));
    });

    it('is nothing where only the shared chain is there', () => {
      const text =
        '*nat\n:OUTPUT ACCEPT [0:0]\n:KUBE-MARK-MASQ - [0:0]\n-A KUBE-MARK-MASQ -j MARK --or-mark 1\n';
      expect(ourProgram('IPv4', parseSave(`${text}-A OUTPUT -j KUBE-MARK-MASQ\nCOMMIT\n`))).to.equal(
        undefined,
      );
    });

    it('is no IPv6 program where the kernel has no IPv6', async () => {
      const programs = new FakePrograms({ 'iptables-save': {}, 'ip6tables-save': { status: 3 } });
      const firewall = new Firewall({ run: programs.run, flavour: 'plain', proc: '/does/not/exist' });
      expect((await firewall.read()).size).to.equal(0);
      expect(programs.calls.map((call) => call.command)).to.deep.equal(['iptables-save']);
      const after = { ...wanted, key: 'IPv6', family: 'IPv6' as const };
      const refusals = await firewall.apply([{ key: 'IPv6', before: undefined, after }]);
      expect(refusals.get('IPv6')?.code).to.equal('no-family');
    });
  });

  describe('what it reads ahead', () => {
    const saves = (programs: FakePrograms): number =>
      programs.calls.filter(({ command }) => command.endsWith('-save')).length;
    const change = [{ key: 'IPv4', before: undefined, after: program(['-j ACCEPT'], []) }];

    function firewallAt(clock: { now: number }): { firewall: Firewall; programs: FakePrograms } {
      const programs = new FakePrograms({
        'iptables-nft-save': { stdout: `${hooks}:KUBE-FORWARD - [0:0]\n-A KUBE-FORWARD -j DROP\nCOMMIT\n` },
        'iptables-nft-restore': {},
      });
      return {
        programs,
        firewall: new Firewall({ run: programs.run, proc: '/nowhere', now: () => clock.now }),
      };
    }

    it('is what the flavour was found by, and serves one reading and the write behind it', async () => {
      const { firewall, programs } = firewallAt({ now: 0 });
      await firewall.readAhead();
      const before = saves(programs);
      expect((await firewall.read()).get('IPv4')?.chains[0]?.rules).to.deep.equal(['-j DROP']);
      await firewall.apply(change);
      expect([before, saves(programs)]).to.deep.equal([4, 4]);
      await firewall.read();
      expect(saves(programs)).to.equal(5);
      await firewall.apply(change);
      expect(saves(programs)).to.equal(6);
    });

    it('serves one reading only, and no write behind another', async () => {
      const { firewall, programs } = firewallAt({ now: 0 });
      await firewall.readAhead();
      await firewall.read();
      await firewall.read();
      await firewall.apply(change);
      expect(saves(programs)).to.equal(6);
    });

    it('is out of date after ten seconds', async () => {
      const clock = { now: 0 };
      const { firewall, programs } = firewallAt(clock);
      await firewall.readAhead();
      clock.now = 10_001;
      await firewall.read();
      await firewall.apply(change);
      expect(saves(programs)).to.equal(6);
    });

    it('rejects as reading does', async () => {
      const programs = new FakePrograms({ 'iptables-save': { status: 4, stderr: 'Permission denied' } });
      const firewall = new Firewall({ run: programs.run, proc: '/nowhere', flavour: 'plain' });
      const error: unknown = await firewall.readAhead().catch((reason: unknown) => reason);
      expect(error).to.be.instanceOf(TableError);
    });
  });

  describe('equality', () => {
    const firewall = new Firewall({ flavour: 'plain' });
    const sample = sampleProgram('IPv4');

    it('does not depend on the order of chains, nor on that of hooks', () => {
      const other = {
        ...sample,
        chains: sample.chains.toReversed(),
        jumps: sample.jumps.toSorted((a, b) => a.hook.localeCompare(b.hook)),
      };
      expect(firewall.equals(sample, other)).to.equal(true);
    });

    it('depends on the order of rules within a chain and of jumps within a hook', () => {
      const [first, ...chains] = sample.chains;
      const turned = { ...first!, rules: first!.rules.toReversed() };
      expect(firewall.equals(sample, { ...sample, chains: [turned, ...chains] })).to.equal(false);
      expect(firewall.equals(sample, { ...sample, jumps: sample.jumps.toReversed() })).to.equal(false);
    });

    it('depends on every chain, the empty one too', () => {
      const chains = sample.chains.filter((chain) => chain.rules.length > 0);
      expect(firewall.equals(sample, { ...sample, chains })).to.equal(false);
    });
  });

  describe('failures', () => {
    const cases: readonly (readonly [what: string, code: string, result: Partial<CommandResult>])[] = [
      ['a missing program', 'iptables-missing', { status: 127 }],
      ['a program that does not end', 'iptables-timeout', { status: 124 }],
      [
        'a lock that others hold',
        'xtables-lock',
        { status: 4, stderr: 'Another app is currently holding the xtables lock. Stopped waiting after 5s.' },
      ],
      [
        'a lock file that cannot be opened',
        'xtables-lock-file',
        { status: 4, stderr: "Fatal: can't open lock file /run/xtables.lock: Read-only file system" },
      ],
      [
        'a lack of capabilities',
        'EPERM',
        { status: 4, stderr: 'Could not fetch rule set generation id: Permission denied (you must be root)' },
      ],
      [
        'a missing table',
        'no-table',
        { status: 3, stderr: "can't initialize iptables table `nat': Table does not exist" },
      ],
      [
        'a missing module',
        'missing-module',
        { status: 1, stderr: 'Warning: Extension set revision 0 not supported, missing kernel module?' },
      ],
      ['a missing set', 'missing-set', { status: 2, stderr: "iptables-restore: Set KUBE-X doesn't exist." }],
      ['anything else', 'iptables', { status: 2, stderr: 'unknown option "--frob"' }],
    ];
    for (const [what, code, result] of cases) {
      it(`refuses ${what} as ${code}, with the text of the program`, async () => {
        const programs = new FakePrograms({ 'iptables-save': {}, 'iptables-restore': result });
        const firewall = new Firewall({ run: programs.run, flavour: 'plain' });
        const refusal = (await firewall.apply([change])).get('IPv4');
        expect(refusal?.code).to.equal(code);
        expect(refusal?.message).to.contain(result.stderr ?? `exit status ${result.status}`);
        expect(refusal?.message).to.match(/^expected iptables-restore to succeed, got ".*"; \w/);
      });
    }

    it('in reading reject with a TableError', async () => {
      const firewall = new Firewall({ run: new FakePrograms({}).run, flavour: 'plain' });
      const error = await firewall.read().catch((reason: unknown) => reason);
      expect(error).to.include({ name: 'TableError', code: 'iptables-missing' });
    });

    it('include a table that iptables cannot read', async () => {
      const stdout = "# Table `nat' is incompatible, use 'nft' tool.\n";
      const firewall = new Firewall({
        run: new FakePrograms({ 'iptables-save': { stdout } }).run,
        flavour: 'plain',
      });
      const error = await firewall.read().catch((reason: unknown) => reason);
      expect(error).to.include({ name: 'TableError', code: 'incompatible-table' });
    });
  });

  describe('the flavour', () => {
    const hint = '*mangle\n:KUBE-IPTABLES-HINT - [0:0]\nCOMMIT\n';
    const rules = '-A FORWARD -j CNI\n'.repeat(3);
    const cases: readonly (readonly [
      what: string,
      flavour: string,
      Record<string, Partial<CommandResult>>,
    ])[] = [
      [
        'has the hint',
        'legacy',
        { 'iptables-legacy-save': { stdout: hint }, 'iptables-nft-save': { stdout: rules } },
      ],
      ['has the hint in IPv6', 'nft', { 'ip6tables-nft-save': { stdout: hint }, 'iptables-legacy-save': {} }],
      ['has more rules', 'nft', { 'iptables-nft-save': { stdout: rules }, 'iptables-legacy-save': {} }],
      ['has more rules', 'legacy', { 'iptables-nft-save': {}, 'iptables-legacy-save': { stdout: rules } }],
      ['is the only one there', 'legacy', { 'iptables-legacy-save': {} }],
      [
        'is the only one that works',
        'legacy',
        { 'iptables-legacy-save': {}, 'iptables-nft-save': { status: 1 } },
      ],
      ['has the bare name', 'plain', { 'iptables-legacy-save': {}, 'iptables-nft-save': {}, iptables: {} }],
      ['is newer', 'nft', { 'iptables-legacy-save': {}, 'iptables-nft-save': {} }],
      ['has the bare name and no other', 'plain', { iptables: {} }],
    ];
    for (const [what, flavour, answers] of cases) {
      it(`is ${flavour} where that ${what}`, async () => {
        expect(await new Firewall({ run: new FakePrograms(answers).run }).flavour()).to.equal(flavour);
      });
    }

    it('is looked for once', async () => {
      const programs = new FakePrograms({});
      const firewall = new Firewall({ run: programs.run });
      await firewall.flavour();
      const calls = programs.calls.length;
      await firewall.flavour();
      expect(programs.calls).to.have.length(calls);
    });
  });

  describe('--random-fully', () => {
    for (const [version, known] of [
      ['iptables v1.6.1', false],
      ['iptables v1.6.2', true],
      ['iptables v1.4.21', false],
      ['iptables v1.8.9 (nf_tables)', true],
      ['iptables v2.0.0', true],
      ['gibberish', false],
    ] as const) {
      it(`is ${known ? 'known' : 'not known'} to ${version}`, async () => {
        const programs = new FakePrograms({ iptables: { stdout: `${version}\n` } });
        const firewall = new Firewall({ run: programs.run, flavour: 'plain' });
        expect(await firewall.supportsRandomFully()).to.equal(known);
      });
    }
  });
});
