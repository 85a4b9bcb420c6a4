import { virtualServerFlags } from '../../model/virtual-server.ts';
import type { RouteFound } from '../../trace/routes.ts';
import type { Target } from '../../trace/rule.ts';
import type { SetLookup, Step, Test } from '../../trace/step.ts';
import { hostPort } from './ipvsadm.ts';
import { flagNames } from './scheduler-flags.ts';

type RuleStep = Extract<Step, { kind: 'rule' }>;

/** Every step in words, or those alone that say something of where the packet goes. */
export function stepLines(steps: readonly Step[], all: boolean): string[] {
  return steps.filter((step) => all || matters(step)).map((step) => stepWords(step, all));
}

/** Whether a step is told to people who did not ask for all: what leads on, and what changes nothing, is not. */
function matters(step: Step): boolean {
  if (step.kind !== 'rule') return true;
  const { target, tests, place } = step;
  if (target === undefined || target.kind === 'note') return false;
  if (target.kind === 'chain') return target.chain === markChain;
  if (target.kind === 'mark') return !marking.includes(place.chain);
  return decides(target.kind) || (place.table !== 'nat' && found(tests).length > 0);
}

const markChain = 'KUBE-MARK-MASQ';

/** Chains whose rules put the mark on that asks for masquerading, and take it off. */
const marking: readonly string[] = [markChain, 'KUBE-POSTROUTING'];

/** Whether a target does more than to let a packet go on. */
function decides(kind: Target['kind']): boolean {
  return kind !== 'accept' && kind !== 'return';
}

/** A step in words. */
export function stepWords(step: Step, all: boolean): string {
  switch (step.kind) {
    case 'rule':
      return ruleWords(step, all);
    case 'route':
      return routeStepWords(step);
    case 'virtual-server':
      return virtualServerWords(step);
    case 'real-server':
      return `IPVS gives it the destination ${hostPort(step.server.address, step.server.port)}${
        step.local ? ', which is on this node itself' : wayWords(step.route)
      }${step.tracked ? '' : '; conntrack does not see it (net/ipv4/vs/conntrack is not 1), so it cannot be masqueraded'}`;
  }
}

/** The way to an address: `, by eth0 over 192.168.0.1`. */
export function wayWords(route: RouteFound | undefined): string {
  if (route === undefined) return '';
  if (route.kind === 'none') return `, to which there is no route (${route.code})`;
  return `, by ${route.interface}${route.gateway === undefined ? '' : ` over ${route.gateway}`}`;
}

/** A place of a rule: `filter FORWARD, rule 3`. */
export function placeWords({ table, chain, number, rule }: RuleStep['place']): string {
  return rule.startsWith('-P ') ? `the policy of ${table} ${chain}` : `${table} ${chain}, rule ${number}`;
}

function ruleWords({ hook, place, tests, matched, target }: RuleStep, all: boolean): string {
  const at = place.chain === hook ? placeWords(place) : `${placeWords(place)}, at ${hook}`;
  if (!matched) return `${at}: passed over, for ${failedWords(tests)} [${place.rule}]`;
  const reasons = (
    all ? tests : tests.filter(({ lookup, match }) => lookup ?? match.condition.kind === 'address')
  ).map(testWords);
  const why = reasons.length === 0 ? '' : `, for ${reasons.join(' and ')}`;
  return `${at}: ${targetWords(target)}${why}${all ? ` [${place.rule}]` : ''}`;
}

function failedWords(tests: readonly Test[]): string {
  const failed = tests.find(({ holds }) => !holds);
  return failed === undefined || failed.match.text === '' ? 'it could not be judged' : testWords(failed);
}

function testWords({ match, holds, lookup }: Test): string {
  if (lookup !== undefined) return lookupWords(lookup);
  const { condition, negated } = match;
  if (condition.kind !== 'address') return holds ? match.text : `not ${match.text}`;
  const end = condition.side === 'src' ? 'source' : 'destination';
  return `its ${end} is ${holds === negated ? 'not ' : ''}in ${condition.cidr}`;
}

function lookupWords({ set, asked = 'the packet', found: element }: SetLookup): string {
  if (element === undefined) return `${asked} is not in ${set}`;
  return element === asked ? `${element} is in ${set}` : `${asked} is in ${set} by ${element}`;
}

/** What a rule does, by its target. */
const targets: { readonly [Kind in Target['kind']]: (target: Extract<Target, { kind: Kind }>) => string } = {
  accept: () => 'lets it pass',
  return: () => 'has no objection',
  drop: () => 'drops it',
  reject: (target) => `rejects it with ${target.with}`,
  mark: () => 'changes its mark',
  masquerade: () => 'masquerades it',
  translate: ({ side, address, port }) =>
    `gives it the ${side} ${port === undefined ? address : hostPort(address, port)}`,
  untrack: () => 'keeps it from conntrack',
  note: () => 'takes note of it',
  chain: ({ chain }) => (chain === markChain ? 'marks it to be masqueraded' : `leads to ${chain}`),
};

function targetWords(target: Target | undefined): string {
  if (target === undefined) return 'does nothing';
  const wordsOf = targets[target.kind] as (target: Target) => string;
  return wordsOf(target);
}

function routeStepWords({ destination, local, bound, route }: Extract<Step, { kind: 'route' }>): string {
  if (bound) return `${destination} is bound to kube-ipvs0: it is for this node`;
  return local
    ? `${destination} is an address of this node: it is for this node`
    : `${destination} is not of this node: it goes on${wayWords(route)}`;
}

function virtualServerWords({ key, server, realServers }: Extract<Step, { kind: 'virtual-server' }>): string {
  if (server === undefined) return `IPVS has no virtual server ${key}`;
  const { scheduler, flags, timeout } = server;
  const options = flagNames(scheduler, flags);
  const usable = realServers.filter(({ weight }) => weight > 0).length;
  const sticky =
    (flags & virtualServerFlags.persistent) === 0 ? '' : `, a client stays on one for ${timeout} s`;
  const plural = realServers.length === 1 ? '' : 's';
  return `IPVS has the virtual server ${server.key}, ${scheduler}${options.length === 0 ? '' : ` (${options.join(',')})`}${sticky}, with ${realServers.length} real server${plural}, of which ${usable} take new connections`;
}

function found(tests: readonly Test[]): readonly Test[] {
  return tests.filter(({ lookup }) => lookup?.found !== undefined);
}
