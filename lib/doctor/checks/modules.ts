import type { TracedTables } from '../../trace/traced-tables.ts';
import type { ExaminedNode, ModuleLists } from '../examined-node.ts';
import type { Check, Found } from '../finding.ts';
import { counted } from '../mend.ts';
import { optional } from '../optional.ts';

type Name = 'module-missing' | 'module-not-seen';

/** What everything rests on; the rules of iptables ask for the rest by themselves. */
const base = [
  'ip_vs',
  'nf_conntrack',
  'dummy',
  'xt_set',
  'ip_set_hash_ip',
  'ip_set_hash_ipport',
  'ip_set_hash_ipportip',
  'ip_set_hash_ipportnet',
  'ip_set_bitmap_port',
] as const;

/** The modules of the kernel that services rest on. */
export const modulesCheck: Check<Name> = {
  name: 'modules',
  about:
    'Modules of the kernel, those of the schedulers that the configuration, Services and virtual servers name among them: /proc/modules, /sys/module, /lib/modules, and what the kernel already holds.',
  kinds: {
    'module-missing': {
      severity: 'error',
      meaning: 'Nothing that rests on this module can be made, and services that need it are not served.',
    },
    'module-not-seen': {
      severity: 'warning',
      meaning: 'It cannot be told whether the kernel will find this module when it is asked for it.',
    },
  },
  async judge(node) {
    const [lists, shown, schedulers, daemon] = await Promise.all([
      node.modules(),
      modulesShown(node),
      schedulersNamed(node),
      optional(node.processes()),
    ]);
    const runs = daemon?.some(({ program }) => program === 'kube-ipvs') ?? false;
    const wanted = [...base, ...schedulers.map((name) => `ip_vs_${name}`)];
    const absent = wanted.filter((name) => !shown.has(name) && !isThere(name, lists));
    const found = absent.map((name) => finding(name, node.kernelRelease, lists, runs));
    return { found, seen: `${counted(wanted.length, 'module')} of kernel ${node.kernelRelease}` };
  },
};

function isThere(name: string, { there, available }: ModuleLists): boolean {
  return there.has(name) || available?.has(name) === true;
}

function finding(name: string, release: string, { available }: ModuleLists, runs: boolean): Found<Name> {
  const loaded = `${name} is neither in /proc/modules nor in /sys/module`;
  if (available !== undefined) {
    const folder = `and not in the lists of /lib/modules/${release}`;
    const install = `# install the package that has ${name} for kernel ${release}`;
    return {
      name: 'module-missing',
      evidence: [`${loaded}, ${folder}`],
      mend: [install, `modprobe ${name}`],
    };
  }
  const folder = `/lib/modules/${release} has no lists that could be read`;
  return {
    name: runs ? 'module-missing' : 'module-not-seen',
    evidence: [`${loaded}; ${folder}`, ...(runs ? ['kube-ipvs runs, so it has been asked for already'] : [])],
    mend: [`modprobe ${name}`],
  };
}

/** Modules that are there, for the kernel holds what only they make. */
async function modulesShown(node: ExaminedNode): Promise<ReadonlySet<string>> {
  const [tables, interfaces, conntrack] = await Promise.all([
    optional(node.tables()),
    optional(node.interfaces()),
    optional(node.sysctl('net/netfilter/nf_conntrack_max')),
  ]);
  const dummies = (interfaces ?? []).filter(({ kind }) => kind === 'dummy');
  return new Set([
    ...(tables === undefined ? [] : modulesOf(tables)),
    ...dummies.map(() => 'dummy'),
    ...(conntrack === undefined ? [] : ['nf_conntrack']),
  ]);
}

function modulesOf({ sets, virtualServers, firewall }: TracedTables): readonly string[] {
  return [
    'ip_vs',
    ...[...sets.values()].map(({ type }) => `ip_set_${type.replace(':', '_').replaceAll(',', '')}`),
    ...[...virtualServers.values()].map(({ scheduler }) => `ip_vs_${scheduler}`),
    ...([...firewall.values()].some(asksSets) ? ['xt_set'] : []),
  ];
}

function asksSets({
  chains,
}: {
  readonly chains: readonly { readonly rules: readonly string[] }[];
}): boolean {
  return chains.some(({ rules }) => rules.some((rule) => rule.includes('--match-set')));
}

async function schedulersNamed(node: ExaminedNode): Promise<readonly string[]> {
  const [wanted, tables] = await Promise.all([optional(node.wanted()), optional(node.tables())]);
  const held = [...(tables?.virtualServers.values() ?? [])].map(({ scheduler }) => scheduler);
  return [...new Set([node.scheduler, ...(wanted?.schedulers ?? []), ...held])].sort();
}
