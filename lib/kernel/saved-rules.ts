/** A chain with all its rules. */
export interface SavedChain {
  /** As iptables-save writes them behind `-A CHAIN `. */
  readonly rules: readonly string[];
  /** What becomes of a packet behind the last rule: `ACCEPT`, `DROP`; `-` where that is the affair of whoever led there. */
  readonly policy: string;
}

/** Every rule of a family, whoever made it: chains by `table CHAIN`, as `filter FORWARD`. */
export type SavedRules = ReadonlyMap<string, SavedChain>;

/** Reads the output of iptables-save, every table of it. */
export function parseRules(text: string): SavedRules {
  const chains = new Map<string, { rules: string[]; policy: string }>();
  for (const [, table = '', lines = ''] of text.matchAll(/^\*(\S+)\n([^]*?)^COMMIT$/gm)) {
    for (const line of lines.split('\n')) addLine(chains, table, line);
  }
  return chains;
}

/** Adds a chain (`:CHAIN POLICY COUNTERS`) or a rule (`-A CHAIN RULE`); other lines say nothing. */
function addLine(
  chains: Map<string, { rules: string[]; policy: string }>,
  table: string,
  line: string,
): void {
  const parts = /^(:|-A )(\S+) ?(.*)$/.exec(line);
  if (parts === null) return;
  const [, sign = '', name = '', rest = ''] = parts;
  if (sign === ':') chains.set(`${table} ${name}`, { rules: [], policy: rest.split(' ', 1).join() });
  else chains.get(`${table} ${name}`)?.rules.push(rest);
}
