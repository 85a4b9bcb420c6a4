/** Families of nf_tables whose chains see packets of IP. */
const families = ['ip', 'ip6', 'inet'] as const;

/** Hooks of nf_tables that packets of services pass, and where iptables has the same. */
const hooks = { input: 'INPUT', forward: 'FORWARD', output: 'OUTPUT' } as const;

/** Tables of nf_tables that iptables-nft keeps its rules in; iptables-save shows these. */
const iptablesTables: ReadonlySet<string> = new Set(['filter', 'mangle', 'raw', 'security', 'nat']);

/** Where a table is: `inet firewalld`. */
export interface NftPlace {
  readonly family: (typeof families)[number];
  readonly table: string;
}

/** A rule of nf_tables: what it asks for and does, in the JSON of nft (libnftables-json(5)). */
export interface NftRule {
  readonly handle: number;
  readonly statements: readonly unknown[];
}

/** A chain that packets enter by themselves. */
export interface NftBaseChain extends NftPlace {
  readonly chain: string;
  readonly hook: (typeof hooks)[keyof typeof hooks];
  /** What becomes of a packet behind the last rule. */
  readonly policy: 'accept' | 'drop';
}

/** A table of somebody else than iptables, with its chains that filter. */
export interface NftTable extends NftPlace {
  readonly bases: readonly NftBaseChain[];
  /** Every chain with its rules, those that packets enter by themselves among them. */
  readonly chains: ReadonlyMap<string, readonly NftRule[]>;
}

/** A chain in nft's JSON; one that packets enter by themselves has a type and a hook. */
interface NftChain {
  readonly family: string;
  readonly table: string;
  readonly name: string;
  readonly type?: string;
  readonly hook?: string;
  readonly policy?: string;
}

/** What nft's JSON says of chains and rules, as far as it is asked for here. */
interface NftObject {
  readonly chain?: NftChain;
  readonly rule?: { readonly chain: string; readonly handle: number; readonly expr?: readonly unknown[] };
}

/** The chains that filter at a hook, whoever but iptables made them, in what `nft -j list chains` prints. */
export function nftBaseChains(json: string): readonly NftBaseChain[] {
  return objectsIn(json).flatMap(({ chain }) => {
    const base = chain?.type === 'filter' ? baseOf(chain) : undefined;
    return base === undefined || isOfIptables(base) ? [] : [base];
  });
}

function baseOf({ family: name, table, name: chain, hook: at, policy }: NftChain): NftBaseChain | undefined {
  const family = families.find((one) => one === name);
  const hook = new Map(Object.entries(hooks)).get(at ?? '');
  if (family === undefined || hook === undefined) return undefined;
  return { family, table, chain, hook, policy: policy === 'drop' ? 'drop' : 'accept' };
}

function isOfIptables({ family, table, chain, hook }: NftBaseChain): boolean {
  return family !== 'inet' && iptablesTables.has(table) && chain === hook;
}

/** The table of some base chains, in what `nft -j list table FAMILY TABLE` prints. */
export function nftTable(place: NftPlace, bases: readonly NftBaseChain[], json: string): NftTable {
  const chains = new Map<string, NftRule[]>();
  for (const { chain, rule } of objectsIn(json)) {
    if (chain !== undefined) chains.set(chain.name, []);
    if (rule !== undefined)
      chains.get(rule.chain)?.push({ handle: rule.handle, statements: rule.expr ?? [] });
  }
  return { ...place, bases, chains };
}

function objectsIn(json: string): readonly NftObject[] {
  return (JSON.parse(json) as { readonly nftables: readonly NftObject[] }).nftables;
}
