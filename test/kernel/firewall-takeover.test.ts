import { expect } from 'chai';
import { commandRunner } from '../../lib/kernel/command.ts';
import { Firewall } from '../../lib/kernel/firewall.ts';
import { iptablesProgram } from '../../lib/kernel/iptables-flavour.ts';
import type { IpFamily } from '../../lib/model/family.ts';
import { ipFamilies } from '../../lib/model/family.ts';
import type { FirewallTable } from '../../lib/model/firewall-program.ts';
import { kubeChains } from '../../lib/model/kube-chains.ts';
import type { PlannerOptions } from '../../lib/model/planner-options.ts';
import { firewallProgram } from '../../lib/planner/firewall-program.ts';
import type { LeftNode, Release } from '../fixtures/kube-proxy.ts';
import { kubeletRules, leftRules, leftSetLines } from '../fixtures/kube-proxy.ts';
import { enterOwnNamespace } from './own-namespace.ts';

const run = commandRunner();
const flavours = ['legacy', 'nft'] as const;
type Flavour = (typeof flavours)[number];

const options: PlannerOptions = {
  families: ipFamilies,
  scheduler: 'rr',
  masqueradeAll: false,
  masqueradeBit: 14,
  randomFully: true,
  localTraffic: { by: 'source', cidrs: ['10.244.0.0/16', 'fd00:10:244::/48'] },
  strictArp: false,
  kernel: { major: 6, minor: 1 },
};

/** A node of a cluster with one service of every kind of address. */
function leftBy(release: Release): LeftNode {
  const web = { IPv4: '10.244.0.2', IPv6: 'fd00:10:244::2' };
  return {
    release,
    addresses: { IPv4: ['192.168.111.128'], IPv6: ['fd00:192::80'] },
    clusterCIDRs: { IPv4: '10.244.0.0/16', IPv6: 'fd00:10:244::/48' },
    ports: [
      {
        ...{ clusterIPs: { IPv4: '10.96.0.70', IPv6: 'fd00:10:96::70' }, port: 80, nodePort: 30170 },
        ...{ endpoints: [web], local: [web] },
        externalIPs: { IPv4: '198.51.100.74', IPv6: 'fd00:198:51::74' },
        loadBalancer: {
          ingress: { IPv4: '198.51.100.73', IPv6: 'fd00:198:51::73' },
          sourceRanges: { IPv4: '192.168.111.0/25', IPv6: 'fd00:192::/122' },
          localOnly: 30176,
          // A rule for a node that is left out matches on IPVS, which the kernel of the host may not have.
          admitsNode: true,
        },
      },
    ],
  };
}

/** What a network plug-in has: it marks packets for masquerading by the chain that kube-proxy and kubelet share. */
const pluginRules = [
  '*nat',
  ':CNI-HOSTPORT-DNAT - [0:0]',
  ':CNI-HOSTPORT-SETMARK - [0:0]',
  '-A PREROUTING -m addrtype --dst-type LOCAL -j CNI-HOSTPORT-DNAT',
  '-A CNI-HOSTPORT-SETMARK -j KUBE-MARK-MASQ',
  'COMMIT',
  '',
].join('\n');

/** Runs a command line of plain words and insists that it works. */
async function must(line: string, stdin = ''): Promise<string> {
  const [command = '', ...args] = line.split(' ');
  const result = await run(command, args, stdin);
  expect(result.status, `${line}: ${result.stderr}`).to.equal(0);
  return result.stdout;
}

/** The chains and rules of a table, without counters. */
async function linesOf(family: IpFamily, flavour: Flavour, table?: FirewallTable): Promise<string[]> {
  const text = await must(`${iptablesProgram(family, flavour, 'save')}${table ? ` -t ${table}` : ''}`);
  return text
    .split('\n')
    .filter((line) => /^[:-]/.test(line))
    .map((line) => line.replace(/ \[\d+:\d+\]$/, ''));
}

const usable: Flavour[] = [];
for (const flavour of flavours)
  if ((await run(`iptables-${flavour}`, ['-t', 'nat', '-S'])).status === 0) usable.push(flavour);

describe('the firewall that kube-proxy has left', () => {
  for (const flavour of usable)
    for (const release of ['1.28', '1.33'] as const)
      describe(`in version ${release}, by the ${flavour} flavour`, () => {
        const left = leftBy(release);
        const firewall = new Firewall({ flavour });
        const foreign = async (family: IpFamily): Promise<string[]> =>
          (await linesOf(family, flavour)).filter((line) =>
            /CANARY|KUBE-FIREWALL|KUBE-MARK-DROP|IPTABLES-HINT|CNI-/.test(line),
          );
        const foreignBefore: Partial<Record<IpFamily, string[]>> = {};

        before(async () => {
          enterOwnNamespace();
          await must('ipset restore', `${leftSetLines(left)}\n`);
          for (const [prefix, inet] of [
            ['KUBE', 'inet'],
            ['KUBE-6', 'inet6'],
          ] as const)
            for (const set of ['NO-ENDPOINTS', 'NO-LOCAL-ENDPOINTS'])
              await must(`ipset create ${prefix}-${set} hash:ip,port family ${inet}`);
          for (const family of ipFamilies) {
            const restore = `${iptablesProgram(family, flavour, 'restore')} --noflush`;
            for (const rules of [kubeletRules(family), leftRules(left, family), pluginRules])
              await must(restore, rules);
            foreignBefore[family] = await foreign(family);
          }
        });

        it('tells which flavour the node uses, where kubelet has left its hint', async () => {
          expect(await new Firewall().flavour()).to.equal(flavour);
        });

        it('becomes our program, and what kubelet and others have made stays as it is', async () => {
          for (const family of ipFamilies) {
            const program = firewallProgram(family, options);
            const change = { key: family, before: undefined, after: program };
            expect([...(await firewall.apply([change]))]).to.deep.equal([]);
            const held = (await firewall.read()).get(family);
            expect(held !== undefined && firewall.equals(held, program)).to.equal(true);
            expect(await foreign(family)).to.deep.equal(foreignBefore[family]);
            const filter = await linesOf(family, flavour, 'filter');
            expect(filter.filter((line) => line.includes('KUBE-IPVS-OUT-FILTER'))).to.deep.equal([]);
          }
        });

        it('goes without leaving anything of ours, but for the chain that others refer to', async () => {
          for (const family of ipFamilies) {
            await must(`${iptablesProgram(family, flavour, 'restore')} --noflush`, leftRules(left, family));
            const change = { key: family, before: undefined, after: undefined };
            expect([...(await firewall.apply([change]))]).to.deep.equal([]);
            expect(await foreign(family)).to.deep.equal(foreignBefore[family]);
            for (const table of ['nat', 'filter', 'mangle'] as const) {
              const lines = await linesOf(family, flavour, table);
              const chains = kubeChains[table].filter((chain) => lines.includes(`:${chain} -`));
              expect(chains).to.deep.equal(table === 'nat' ? ['KUBE-MARK-MASQ'] : []);
            }
          }
        });
      });
});
