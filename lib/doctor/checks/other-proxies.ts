import { iptablesProgram } from '../../kernel/iptables-flavour.ts';
import type { ProxyProcess, SavedRules } from '../examined-node.ts';
import type { Check, Found } from '../finding.ts';
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
    const found = [
      ...another(processes),
      ...(saved ?? []).flatMap(chainsOf),
      ...(tables ?? []).map(tableFound),
    ];
    return { found, seen: processes.map(described).join(', ') || 'no proxy runs' };
  },
};

function described({ program, pid }: ProxyProcess): string {
  return `${program} runs as process ${pid}`;
}

/** The kube-ipvs that has run for longest is the one that is meant. */
function another(processes: readonly ProxyProcess[]): readonly Found<Name>[] {
  const [meant] = processes.filter(({ program }) => program === 'kube-ipvs').sort((a, b) => a.pid - b.pid);
  const others = processes.filter((one) => one !== meant);
  if (others.length === 0) return [];
  const evidence = [...(meant === undefined ? [] : [meant]), ...others].map(
    (one) => `${described(one)}: ${one.commandLine}`,
  );
  const kubeProxy = others.some(({ program }) => program === 'kube-proxy');
  const forGood = kubeProxy ? ['# for good: kubectl -n kube-system delete daemonset kube-proxy'] : [];
  return [
    { name: 'another-proxy', evidence, mend: [`kill ${others.map(({ pid }) => pid).join(' ')}`, ...forGood] },
  ];
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
