import { familyOf } from '../../../lib/model/family.ts';
import type { NodeFacts } from '../../../lib/model/node-facts.ts';
import type { PlannerOptions } from '../../../lib/model/planner-options.ts';
import type { ServiceState } from '../../../lib/model/service-state.ts';
import { planBase } from '../../../lib/planner/base-plan.ts';
import { planService } from '../../../lib/planner/service-plan.ts';
import { plannedTables, type TracedTables } from '../../../lib/trace/traced-tables.ts';
import type { Candidate, Source, Trace, Verdict } from '../../../lib/trace/verdict.ts';

/** What a kernel holds for some services. */
export function tablesOf(
  options: PlannerOptions,
  node: NodeFacts,
  ...states: readonly ServiceState[]
): TracedTables {
  const plans = states.map((state) => planService(state, node, options));
  return plannedTables(planBase(options), plans);
}

/** A verdict in a line: `to 10.1.5.1:8080 kept or 10.1.6.2:8080 masqueraded`, `refused by KUBE-IPVS-FILTER 1 with tcp-reset`. */
export function inWords({ verdict }: Pick<Trace, 'verdict'>): string {
  return verdict.kind === 'balanced'
    ? `to ${verdict.candidates.map(candidateInWords).sort().join(' or ')}`
    : plainInWords(verdict);
}

function candidateInWords({ server: { address, port }, verdict }: Candidate): string {
  const place = familyOf(address) === 'IPv6' ? `[${address}]:${port}` : `${address}:${port}`;
  return `${place} ${verdict.kind === 'delivered' ? sourceInWords(verdict.source) : plainInWords(verdict)}`;
}

type Plain = Exclude<Verdict, { kind: 'balanced' }> | Exclude<Candidate['verdict'], { kind: 'delivered' }>;

function plainInWords(verdict: Plain): string {
  switch (verdict.kind) {
    case 'lost':
      return `lost: ${verdict.why.kind}`;
    case 'unanswered':
      return `unanswered: ${plainInWords(verdict.ending)}`;
    case 'refused':
      return 'chain' in verdict.by
        ? `refused by ${verdict.by.chain} ${verdict.by.number} with ${verdict.with.replace(/^icmp6?-/, '')}`
        : `refused by ${verdict.by.key}`;
    case 'dropped':
      return `dropped by ${verdict.by.chain} ${verdict.by.number}`;
    case 'undecided':
      return `undecided: ${verdict.fault.kind}`;
    case 'node':
      return `to the node, ${sourceInWords(verdict.source)}`;
    case 'forwarded':
      return `forwarded, ${sourceInWords(verdict.source)}`;
  }
}

function sourceInWords(source: Source): string {
  return source.kind === 'kept' ? `from ${source.address}` : 'masqueraded';
}
