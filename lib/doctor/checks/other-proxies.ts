import { iptablesProgram } from '../../kernel/iptables-flavour.ts';
import type { ProxyProcess, SavedRules } from '../examined-node.ts';
import { type Check, type Found, NotExamined } from '../finding.ts';
import { counted, firstFew, shellWord } from '../mend.ts';
import { optional } from '../optional.ts';

type Name = 'another-proxy' | 'another-proxy-rules';

/** Chains that kube-proxy's mode iptables makes for every service. */
const perService = /^KUBE-(SVC|SEP|EXT|FW|XLB|SVL)-/;

const perServiceText = 'KUBE-(SVC|SEP|EXT|FW|XLB|SVL)-';

/** Other service proxies on this node. */
export const otherProxiesCheck: Check<Name> = {
  name: 'other-proxies',
  about:
    'Other service proxies in the network of this node: processes called kube-proxy or kube-ipvs in /proc, chains of the mode iptables and tables of the mode nftables of kube-proxy.',
  kinds: {
    'another-proxy': {
      severity: 'error',
      meaning:
        'Two programs write the same sets, chains and virtual servers, and each undoes what the other did.',
    },
    'another-proxy-rules': {
      severity: 'error',
      meaning:
        'Rules of another proxy send packets of services to endpoints of their own before IPVS sees them.',
    },
  },
  async judge(node) {
    const [processes, saved, tables] = await Promise.all([
      node.processes(),
      optional(node.rules()),
      optional(node.proxyTables()),
    ]);
    const mine = another(processes);
    const found = [...mine.found, ...(saved ?? []).flatMap(chainsOf), ...(tables ?? []).map(tableFound)];
    if (found.length === 0 && mine.untold.length > 0) throw untold(mine.untold);
    return { found, seen: processes.map(described).join(', ') || 'no proxy runs' };
  },
};

function described({ program, pid }: ProxyProcess): string {
  return `${program} runs as process ${pid}`;
}

/** What is found of processes, and those beside the one that is meant. */
interface Another {
  readonly found: readonly Found<Name>[];
  readonly untold: readonly ProxyProcess[];
}

/** The kube-ipvs that has run for longest is the one that is meant. */
function another(processes: readonly ProxyProcess[]): Another {
  const [meant] = processes.filter(({ program }) => program === 'kube-ipvs').sort((a, b) => a.pid - b.pid);
  const all = processes.filter((one) => one !== meant);
  const others = all.filter(({ here }) => here);
  return { found: others.length === 0 ? [] : [anotherFound(meant, others)], untold: all };
}

function anotherFound(meant: ProxyProcess | undefined, others: readonly ProxyProcess[]): Found<Name> {
  const evidence = [...(meant === undefined ? [] : [meant]), ...others].map(
    (one) => `${described(one)}: ${one.commandLine}`,
  );
  const kubeProxy = others.some(({ program }) => program === 'kube-proxy');
  const forGood = kubeProxy ? ['# for good: kubectl -n kube-system delete daemonset kube-proxy'] : [];
  const mend = [`kill ${others.map(({ pid }) => pid).join(' ')}`, ...forGood];
  return { name: 'another-proxy', evidence, mend };
}

/** To kill a proxy of another network would be a pity. */
function untold(processes: readonly ProxyProcess[]): NotExamined {
  return new NotExamined(
    `it takes root to tell whether these are in the network of this node: ${processes.map(described).join(', ')}`,
  );
}

function chainsOf({ family, flavour, tables }: SavedRules): readonly Found<Name>[] {
  return (['nat', 'filter'] as const).flatMap((table) => {
    const chains = [...tables[table].keys()].filter((chain) => perService.test(chain));
    if (chains.length === 0) return [];
    const count = counted(chains.length, 'chain');
    const evidence = [
      `table ${table} (${family}, ${flavour}) has ${count} for single services: ${firstFew(chains, 3).join(', ')}`,
    ];
    const [save, restore] = (['save', 'restore'] as const).map((verb) =>
      iptablesProgram(family, flavour, verb),
    );
    const mend = [`${save} -t ${table} | grep -Ev ${shellWord(perServiceText)} | ${restore} -T ${table}`];
    return [{ name: 'another-proxy-rules', evidence, mend }];
  });
}

function tableFound(table: string): Found<Name> {
  const evidence = [`nf_tables has the table ${table}`];
  return { name: 'another-proxy-rules', evidence, mend: [`nft delete table ${table}`] };
}
