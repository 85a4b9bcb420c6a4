import type { Verdict } from '../../trace/verdict.ts';
import type { CandidateView, Outcome } from '../trace-view.ts';
import { endingWords } from './ending-words.ts';

/** What becomes of a packet, in words. */
export interface VerdictWords {
  readonly outcome: Outcome;
  readonly verdict: string;
  /** What to do, empty where there is nothing. */
  readonly hint: string;
}

/** A verdict in words. @param candidates of a balanced one */
export function verdictWords(verdict: Verdict, candidates: readonly CandidateView[]): VerdictWords {
  switch (verdict.kind) {
    case 'balanced':
      return balancedWords(candidates);
    case 'node':
      return {
        outcome: 'lost',
        verdict:
          'no virtual server is for it: whatever listens on this node at that port gets it, and no Service does',
        hint: 'see what virtual servers there are: kube-ipvs get services; and what kube-ipvs would write: kube-ipvs diff',
      };
    case 'forwarded':
      return {
        outcome: 'lost',
        verdict:
          'its address is not bound to this node, so that IPVS does not see it: it is routed on like any other packet',
        hint: 'see what kube-ipvs would write: kube-ipvs diff',
      };
    case 'undecided': {
      const { text, hint } = endingWords(verdict);
      return { outcome: 'unknown', verdict: text, hint };
    }
    default: {
      const { text, hint } = endingWords(verdict);
      return { outcome: 'lost', verdict: text, hint };
    }
  }
}

function balancedWords(candidates: readonly CandidateView[]): VerdictWords {
  const [well, ill] = [
    candidates.filter(({ outcome }) => outcome === 'delivered'),
    candidates.filter(({ outcome }) => outcome !== 'delivered'),
  ];
  const [first] = ill;
  if (first === undefined) return { outcome: 'delivered', verdict: deliveredWords(well), hint: '' };
  const { text = '', hint = '' } = first.reason ?? {};
  const unknown = ill.every(({ outcome }) => outcome === 'unknown');
  if (well.length === 0) return { outcome: unknown ? 'unknown' : 'lost', verdict: text, hint };
  return {
    outcome: unknown ? 'unknown' : 'partly-lost',
    verdict: `with ${well.length} of ${candidates.length} endpoints it arrives; with ${first.address}: ${text}`,
    hint,
  };
}

function deliveredWords(candidates: readonly CandidateView[]): string {
  const sources = [...new Set(candidates.map(sourceWords))];
  const whom = candidates.length === 1 ? 'to the only endpoint' : `to one of ${candidates.length} endpoints`;
  return `${whom}, which sees the source ${sources.join(' or ')}`;
}

/** The source that an endpoint sees: `192.168.0.1 (masqueraded)`. */
export function sourceWords({ source, masqueraded }: Pick<CandidateView, 'source' | 'masqueraded'>): string {
  if (source === null) return masqueraded ? 'an address of this node (masqueraded)' : '-';
  return masqueraded ? `${source} (masqueraded)` : source;
}
