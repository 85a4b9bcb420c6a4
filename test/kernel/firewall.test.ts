import { expect } from 'chai';
import { commandRunner } from '../../lib/kernel/command.ts';
import type { CommandResult } from '../../lib/kernel/command.ts';
import { Firewall } from '../../lib/kernel/firewall.ts';
import { iptablesProgram } from '../../lib/kernel/iptables-flavour.ts';
import type { Refusals } from '../../lib/kernel/table.ts';
import { ipFamilies } from '../../lib/model/family.ts';
import type { IpFamily } from '../../lib/model/family.ts';
import type { FirewallProgram } from '../../lib/model/firewall-program.ts';
import { type KubeSet, kubeSets, setName } from '../../lib/model/ip-set.ts';
import type { PlannerOptions } from '../../lib/model/planner-options.ts';
import { firewallProgram } from '../../lib/planner/firewall-program.ts';
import { sampleProgram } from '../unit/kernel/firewall-sample.ts';
import { enterOwnNamespace } from './own-namespace.ts';

const run = commandRunner();

const plannerOptions: PlannerOptions = {
  families: ipFamilies,
  scheduler: 'rr',
  masqueradeAll: false,
  masqueradeBit: 14,
  randomFully: true,
  localTraffic: { by: 'source', cidrs: ['10.244.0.0/16', 'fd00:10:244::/56'] },
  strictArp: false,
  kernel: { major: 6, minor: 1 },
};

/** Runs a command line of plain words and insists that it works. */
async function must(line: string, stdin = ''): Promise<string> {
  const [command = '', ...args] = line.split(' ');
  const result = await run(command, args, stdin);
  expect(result.status, `${line}: ${result.stderr}`).to.equal(0);
  return result.stdout;
}

/** The rules of a family as they stand, without counters and dates. */
async function rulesOf(family: IpFamily, flavour: 'legacy' | 'nft'): Promise<string> {
  const text = await must(iptablesProgram(family, flavour, 'save'));
  return text.replace(/^#.*\n/gm, '').replace(/\[\d+:\d+\]/g, '');
}

/** The flavours that this kernel can hold rules in. */
async function usableFlavours(): Promise<('legacy' | 'nft')[]> {
  const flavours = ['legacy', 'nft'] as const;
  const tries = await Promise.all(flavours.map((flavour) => run(`iptables-${flavour}`, ['-t', 'nat', '-S'])));
  return flavours.filter((_, index) => tries[index]?.status === 0);
}

async function write(firewall: Firewall, family: IpFamily, after?: FirewallProgram): Promise<Refusals> {
  return firewall.apply([{ key: family, before: undefined, after }]);
}

const flavours = await usableFlavours();

describe('the firewall on a real kernel', () => {
  before(async () => {
    enterOwnNamespace();
    for (const family of ipFamilies) {
      for (const set of Object.keys(kubeSets) as KubeSet[]) {
        const type = kubeSets[set];
        const kind =
          type === 'bitmap:port' ? 'range 0-65535' : `family ${family === 'IPv4' ? 'inet' : 'inet6'}`;
        await must(`ipset create ${setName(set, family)} ${type} ${kind}`);
      }
    }
  });

  after(async () => {
    for (const family of ipFamilies) {
      for (const set of Object.keys(kubeSets) as KubeSet[])
        await must(`ipset destroy ${setName(set, family)}`);
    }
  });

  for (const flavour of flavours) {
    for (const family of ipFamilies) describeFlavour(flavour, family);
  }

  it('has at least one flavour to be tested with', () => {
    expect(flavours).not.to.be.empty;
  });

  function describeFlavour(flavour: 'legacy' | 'nft', family: IpFamily): void {
    describe(`${family} in the ${flavour} flavour`, () => {
      const iptables = iptablesProgram(family, flavour);
      const firewall = new Firewall({ flavour });
      const program = sampleProgram(family);

      afterEach(async () => {
        await write(firewall, family);
      });

      it('reads back equal what it wrote, so that a restart writes nothing', async () => {
        expect([...(await write(firewall, family, program))]).to.deep.equal([]);
        const read = (await firewall.read()).get(family);
        expect(read, 'a program').not.to.equal(undefined);
        expect(firewall.equals(program, read!)).to.equal(true);
        expect(read!.chains).to.have.length(program.chains.length);
      });

      it('reads back equal what the planner plans', async () => {
        const planned = firewallProgram(family, plannerOptions);
        expect([...(await write(firewall, family, planned))]).to.deep.equal([]);
        expect(firewall.equals(planned, (await firewall.read()).get(family)!)).to.equal(true);
      });

      it('writes jumps in the order in which packets must meet them, above foreign rules', async () => {
        await must(`${iptables} -A INPUT -m mark --mark 0x9 -j ACCEPT`);
        await write(firewall, family, program);
        const input = (await must(`${iptables} -S INPUT`))
          .split('\n')
          .filter((line) => line.startsWith('-A'));
        expect(input.map((line) => line.split(' ').at(-1))).to.deep.equal([
          'KUBE-IPVS-FILTER',
          'KUBE-PROXY-FIREWALL',
          'KUBE-NODE-PORT',
          'ACCEPT',
        ]);
        await must(`${iptables} -D INPUT -m mark --mark 0x9 -j ACCEPT`);
      });

      it('changes nothing when it is written again', async () => {
        await write(firewall, family, program);
        const first = await rulesOf(family, flavour);
        expect([...(await write(firewall, family, program))]).to.deep.equal([]);
        expect(await rulesOf(family, flavour)).to.equal(first);
      });

      it('mends a deleted rule, a deleted jump, a doubled jump and a wrong order, and keeps foreign rules', async () => {
        await must(`${iptables} -N FOREIGN`);
        await must(`${iptables} -A FOREIGN -m mark --mark 0x9 -j ACCEPT`);
        await must(`${iptables} -A INPUT -j FOREIGN`);
        await write(firewall, family, program);
        const right = await rulesOf(family, flavour);
        await must(`${iptables} -F KUBE-FORWARD`);
        await must(`${iptables} -t nat -A KUBE-MARK-MASQ -j RETURN`);
        await must(`${iptables} -D FORWARD 1`);
        await must(`${iptables} -t nat -I OUTPUT -j KUBE-SERVICES`);
        await must(`${iptables} -D INPUT 1`);
        await must(`${iptables} -A INPUT -j KUBE-IPVS-FILTER`);
        expect(firewall.equals(program, (await firewall.read()).get(family)!)).to.equal(false);
        expect([...(await write(firewall, family, program))]).to.deep.equal([]);
        expect(await rulesOf(family, flavour)).to.equal(right);
        await must(`${iptables} -D INPUT -j FOREIGN`);
        await must(`${iptables} -F FOREIGN`);
        await must(`${iptables} -X FOREIGN`);
      });

      it('removes what is ours and leaves the rest, the shared chain to those who refer to it', async () => {
        await must(`${iptables} -t nat -N CNI`);
        await must(`${iptables} -t nat -N KUBE-MARK-MASQ`);
        await must(`${iptables} -t nat -A KUBE-MARK-MASQ -j MARK --set-xmark 0x4000/0x4000`);
        await must(`${iptables} -t nat -A CNI -j KUBE-MARK-MASQ`);
        const before = await rulesOf(family, flavour);
        await write(firewall, family, program);
        expect(await rulesOf(family, flavour)).not.to.equal(before);
        expect([...(await write(firewall, family))]).to.deep.equal([]);
        expect(withoutEmptyTables(await rulesOf(family, flavour))).to.equal(withoutEmptyTables(before));
        expect((await firewall.read()).has(family)).to.equal(false);
        await must(`${iptables} -t nat -F CNI`);
        await must(`${iptables} -t nat -X CNI`);
        await must(`${iptables} -t nat -F KUBE-MARK-MASQ`);
        await must(`${iptables} -t nat -X KUBE-MARK-MASQ`);
      });

      it('refuses a program that refers to a missing set, naming the set', async () => {
        const rule = '-m set --match-set KUBE-NOT-THERE dst -j ACCEPT';
        const broken = {
          ...program,
          chains: [{ table: 'filter', name: 'KUBE-FORWARD', rules: [rule] }],
        } as const;
        const refusals = await write(firewall, family, { ...broken, jumps: [] });
        expect(refusals.get(family)?.code).to.equal('missing-set');
        expect(refusals.get(family)?.message).to.contain('KUBE-NOT-THERE');
      });

      it('is found by the rules that the node has in it', async () => {
        await write(firewall, family, program);
        expect(await new Firewall().flavour()).to.equal(flavour);
      });

      it('takes --random-fully', async () => {
        expect(await firewall.supportsRandomFully()).to.equal(true);
      });
    });
  }

  it('refuses with the reason when the rules may not be written', async () => {
    const [flavour] = flavours;
    const asNobody = (command: string, args: readonly string[], stdin?: string): Promise<CommandResult> =>
      run(
        'setpriv',
        ['--reuid', '65534', '--clear-groups', '--bounding-set', '-all', command, ...args],
        stdin,
      );
    const firewall = new Firewall({ run: asNobody, flavour: flavour! });
    const refusals = await write(firewall, 'IPv4', sampleProgram('IPv4'));
    expect(refusals.get('IPv4')?.code).to.be.oneOf(['EPERM', 'xtables-lock-file']);
  });
});

/** Rules without tables that hold nothing but the kernel's own chains: a flavour makes tables when it first needs them. */
function withoutEmptyTables(rules: string): string {
  return rules.replace(/^\*\w+\n(:\w+ (ACCEPT|DROP) \n)+COMMIT\n/gm, '');
}
