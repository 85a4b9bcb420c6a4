import type { IpFamily } from '../model/family.ts';
import { ipFamilies } from '../model/family.ts';
import type { CommandResult, Run } from './command.ts';
import { commandStatus } from './command.ts';

/**
 * Which of the two programs called iptables is used: `legacy` writes the kernel's old tables, `nft` those of nf_tables,
 * `plain` is whatever the bare name runs. A packet passes the rules of both, so a node must keep to one.
 */
export type IptablesFlavour = 'legacy' | 'nft' | 'plain';

/** The name of a program of iptables: `ip6tables-legacy-restore`. */
export function iptablesProgram(
  family: IpFamily,
  flavour: IptablesFlavour,
  verb?: 'save' | 'restore',
): string {
  const stem = family === 'IPv4' ? 'iptables' : 'ip6tables';
  return [stem, ...(flavour === 'plain' ? [] : [flavour]), ...(verb === undefined ? [] : [verb])].join('-');
}

/** Chains that kubelet makes to be recognised by, in the flavour that it uses (KEP-3178). */
const hints = /^:KUBE-(IPTABLES-HINT|KUBELET-CANARY) /m;

/**
 * Finds the flavour that the node uses: the one with kubelet's hint in it, or else the one with more rules. A flavour
 * whose program is missing or does not work on this kernel is out. Where nothing tells the flavours apart the bare
 * name decides, and where that is missing too, nf_tables.
 */
export async function findFlavour(run: Run): Promise<FoundFlavour> {
  const [nft, legacy] = await Promise.all([survey(run, 'nft'), survey(run, 'legacy')]);
  const told = choose(nft, legacy);
  if (told !== undefined) return { flavour: told, saves: (told === 'nft' ? nft : legacy)?.saves };
  const plain = await run(iptablesProgram('IPv4', 'plain'), ['--version']);
  return { flavour: plain.status === commandStatus.notFound ? 'nft' : 'plain', saves: undefined };
}

/** A flavour, and what its save of each family had to say when it was found, where that was looked at. */
export interface FoundFlavour {
  readonly flavour: IptablesFlavour;
  readonly saves: ReadonlyMap<IpFamily, CommandResult> | undefined;
}

/** The flavour that the node's rules speak for, `undefined` where they speak for neither. */
function choose(nft: Survey | undefined, legacy: Survey | undefined): IptablesFlavour | undefined {
  if (nft === undefined) return legacy && 'legacy';
  if (legacy === undefined) return 'nft';
  const difference = Number(nft.hinted) - Number(legacy.hinted) || nft.rules - legacy.rules;
  if (difference === 0) return undefined;
  return difference > 0 ? 'nft' : 'legacy';
}

/** What a flavour holds on this node, over both families. */
interface Survey {
  readonly saves: ReadonlyMap<IpFamily, CommandResult>;
  readonly hinted: boolean;
  readonly rules: number;
}

/**
 * Looks at every table that exists in a flavour; `undefined` where the flavour cannot be used for either family.
 * Naming a table would make the kernel load the legacy modules, so none is named.
 */
async function survey(run: Run, flavour: 'legacy' | 'nft'): Promise<Survey | undefined> {
  const results = await Promise.all(
    ipFamilies.map(
      async (family) => [family, await run(iptablesProgram(family, flavour, 'save'), [])] as const,
    ),
  );
  const saves = new Map(results);
  const usable = [...saves.values()].filter((save) => save.status === 0);
  if (usable.length === 0) return undefined;
  return {
    saves,
    hinted: usable.some((save) => hints.test(save.stdout)),
    rules: usable.reduce((sum, save) => sum + (save.stdout.match(/^-A /gm)?.length ?? 0), 0),
  };
}

/** The oldest iptables whose MASQUERADE target knows `--random-fully`: 1.6.2. */
const randomFullySince = [1, 6, 2] as const;

/** Whether a version of iptables, as `--version` prints it, knows `--random-fully`. */
export function knowsRandomFully(versionText: string): boolean {
  const match = /v(\d+)\.(\d+)\.(\d+)/.exec(versionText);
  if (match === null) return false;
  const version = match.slice(1).map(Number);
  const different = randomFullySince.findIndex((part, index) => version[index] !== part);
  return different === -1 || (version[different] ?? 0) > (randomFullySince[different] ?? 0);
}
