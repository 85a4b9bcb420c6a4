import type { SavedRules } from '../../doctor/examined-node.ts';
import { NotExamined } from '../../doctor/finding.ts';
import type { Run } from '../../kernel/command.ts';
import { type IptablesFlavour, iptablesProgram } from '../../kernel/iptables-flavour.ts';
import { parseSave } from '../../kernel/iptables-save.ts';
import { ipFamilies } from '../../model/family.ts';

/**
 * Reads the rules of every flavour of iptables that works here, of both families. No table is named, for that would have
 * the kernel load it.
 *
 * @throws {NotExamined} where no iptables works
 */
export async function readSavedRules(run: Run): Promise<readonly SavedRules[]> {
  const told = await savedBy(run, ['nft', 'legacy']);
  const all = told.length > 0 ? told : await savedBy(run, ['plain']);
  if (all.length > 0) return all;
  const { stderr } = await run(iptablesProgram('IPv4', 'plain', 'save'), []);
  throw new NotExamined(`no iptables-save works here: ${stderr.trim() || 'it is not installed'}`);
}

async function savedBy(run: Run, flavours: readonly IptablesFlavour[]): Promise<readonly SavedRules[]> {
  const runs = flavours.flatMap((flavour) =>
    ipFamilies.map(async (family): Promise<SavedRules | undefined> => {
      const { status, stdout } = await run(iptablesProgram(family, flavour, 'save'), []);
      if (status !== 0) return undefined;
      return { flavour, family, tables: parseSave(stdout), policies: filterPolicies(stdout) };
    }),
  );
  return (await Promise.all(runs)).filter((rules) => rules !== undefined);
}

/** The policies of the hooks of the filter table. */
function filterPolicies(text: string): ReadonlyMap<string, string> {
  const filter = /^\*filter\n([^]*?)^COMMIT$/m.exec(text)?.[1] ?? '';
  return new Map(
    Array.from(filter.matchAll(/^:(\S+) (ACCEPT|DROP) /gm), ([, hook = '', policy = '']) => [hook, policy]),
  );
}
