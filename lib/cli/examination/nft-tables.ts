import { NotExamined } from '../../doctor/finding.ts';
import { commandStatus, type Run } from '../../kernel/command.ts';
import {
  type NftBaseChain,
  nftBaseChains,
  type NftPlace,
  type NftTable,
  nftTable,
} from '../../kernel/nft-table.ts';

/**
 * Reads the tables of nf_tables that filter at a hook and are not of iptables, without what is in their sets. Only those
 * are read whole: a service proxy or a set of rules of iptables may have ten thousands of rules.
 *
 * @throws {NotExamined} where nft does not tell
 */
export async function readNftTables(run: Run): Promise<readonly NftTable[]> {
  const bases = nftBaseChains(await jsonOf(run, 'chains'));
  const of = (place: NftPlace): readonly NftBaseChain[] =>
    bases.filter(({ family, table }) => family === place.family && table === place.table);
  const places = bases.filter((base) => of(base)[0] === base);
  return Promise.all(
    places.map(async ({ family, table }) =>
      nftTable({ family, table }, of({ family, table }), await jsonOf(run, 'table', family, table)),
    ),
  );
}

async function jsonOf(run: Run, ...what: readonly string[]): Promise<string> {
  const { status, stdout, stderr } = await run('nft', ['-j', '-t', 'list', ...what]);
  if (status === 0) return stdout;
  if (status === commandStatus.notFound)
    throw new NotExamined('nft is not installed here, and nothing else tells what is in nf_tables');
  throw new NotExamined(`nft does not list ${what.join(' ')}: ${stderr.trim() || `exit status ${status}`}`);
}
