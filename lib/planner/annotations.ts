import { durationForm, durationHint, parseDuration } from '../model/duration.ts';
import type { PlannerOptions } from '../model/planner-options.ts';
import type { Problem } from '../model/problem.ts';
import { schedulers } from '../model/schedulers.ts';
import { type Service, serviceKey } from '../model/service.ts';
import { virtualServerFlags } from '../model/virtual-server.ts';
import { parseWeights, type Weights, weightsForm } from './weights.ts';

/** What annotations ask for a service. What they say nothing of is left out. */
export interface Tuning {
  readonly scheduler?: string;
  /** Bits of `virtualServerFlags`, of those that only the scheduler reads. */
  readonly schedulerFlags?: number;
  readonly upperThreshold?: number;
  readonly lowerThreshold?: number;
  /** Milliseconds. */
  readonly drainTimeout?: number;
  /** Milliseconds. */
  readonly slowStart?: number;
  readonly weights?: Weights;
}

/** An annotation of a Service that is followed. */
export interface Annotation {
  readonly name: string;
  /** What its value may be, for messages and for the reference: `a whole number …`. */
  readonly expected: string;
  readonly effect: string;
  readonly example: string;
  /** What the value asks for, or the hint for someone who wrote a wrong one. */
  readonly read: (value: string, reading: Reading) => Tuning | string;
}

/** What an annotation is read with. */
interface Reading {
  /** What those before it in the table have asked for. */
  readonly asked: Tuning;
  readonly options: PlannerOptions;
}

const prefix = 'kube-ipvs.io/';
const { schedulerFlag1, schedulerFlag2, schedulerFlag3 } = virtualServerFlags;

/** Flags that schedulers read (`IP_VS_SVC_F_SCHED_*`, linux/ip_vs.h), named as ipvsadm(8) names them. */
const schedulerFlags: Readonly<Record<string, number>> = {
  'mh-fallback': schedulerFlag1,
  'mh-port': schedulerFlag2,
  'sh-fallback': schedulerFlag1,
  'sh-port': schedulerFlag2,
};

/** The same as kube-router names them, whatever the scheduler. */
const numberedFlags: Readonly<Record<string, number>> = {
  'flag-1': schedulerFlag1,
  'flag-2': schedulerFlag2,
  'flag-3': schedulerFlag3,
};

/** Schedulers that divide connections by weight, and move none that are there when a weight changes. */
const growing: readonly string[] = ['wrr', 'wlc', 'sed', 'twos'];

/** Schedulers that look at weights. */
const weighing: readonly string[] = [...growing, 'lblc', 'lblcr', 'sh', 'nq', 'fo', 'ovf', 'mh'];

/** Schedulers that do not look at weights, with those that do and choose alike where all weights are equal. */
const weighingTwins: Readonly<Record<string, string>> = { rr: 'wrr', lc: 'wlc' };

const twinsEffect =
  'the places of rr and lc, which look at none, are taken by wrr and wlc, which choose alike where weights are equal.';
const schedulerValue = `one of ${Object.keys(schedulers).join(', ')}`;
const mostConnections = 0xffff_ffff;
const thresholdValue = `a whole number from 1 to ${mostConnections}`;

/** Every annotation that is followed, in the order in which they are read: of two for one thing the later one counts. */
export const annotations: readonly Annotation[] = [
  {
    name: 'kube-router.io/service.scheduler',
    expected: schedulerValue,
    effect: 'The same as kube-ipvs.io/scheduler, for services that were written for kube-router.',
    example: 'lc',
    read: readScheduler,
  },
  {
    name: `${prefix}scheduler`,
    expected: schedulerValue,
    effect: 'The IPVS scheduler of the service in the place of the one in the configuration.',
    example: 'mh',
    read: readScheduler,
  },
  {
    name: 'kube-router.io/service.schedflags',
    expected: `a list of ${Object.keys(numberedFlags).join(', ')}`,
    effect: 'The same as kube-ipvs.io/scheduler-flags, by the numbers of the flags, whatever the scheduler.',
    example: 'flag-1,flag-2',
    read: (value) => readFlags(value, numberedFlags),
  },
  {
    name: `${prefix}scheduler-flags`,
    expected: `a list of flags of the service's scheduler, of ${Object.keys(schedulerFlags).join(', ')}, or nothing`,
    effect:
      'Hash schedulers: fallback takes another real server where the one hashed to takes no connections, port hashes the ' +
      "client's port too. Without this annotation mh has both and sh has sh-fallback. With one that leaves fallback out, " +
      'clients are refused while the endpoint that they are hashed to drains.',
    example: 'mh-fallback,mh-port',
    read: readOwnFlags,
  },
  {
    name: `${prefix}upper-threshold`,
    expected: thresholdValue,
    effect: 'A real server with so many connections takes no new ones. Counted by each node for itself.',
    example: '1000',
    read: (value) => readNumber(value, 'upperThreshold'),
  },
  {
    name: `${prefix}lower-threshold`,
    expected: `${thresholdValue}, below ${prefix}upper-threshold`,
    effect:
      'A real server that reached its upper threshold takes new connections again below so many; three quarters of it without.',
    example: '800',
    read: readLowerThreshold,
  },
  {
    name: `${prefix}drain-timeout`,
    expected: durationForm,
    effect:
      'How long an endpoint that goes may keep its TCP connections, in the place of the time in the configuration. A new ' +
      'time counts for endpoints that are going already, too; with 0 they go at once, as they do with the scheduler dh ' +
      'unless this annotation is there: it would refuse every client meanwhile.',
    example: '5m',
    read: readDrainTimeout,
  },
  {
    name: `${prefix}slow-start`,
    expected: durationForm,
    effect:
      'How long the share of new connections grows that an endpoint gets which comes to others, from a tenth of theirs on: ' +
      `a scheduler that looks for the least connections would send it all of them. For ${growing.join(', ')}; ${twinsEffect} ` +
      'When kube-ipvs starts, nothing is slowed.',
    example: '30s',
    read: readSlowStart,
  },
  {
    name: `${prefix}weights`,
    expected: weightsForm,
    effect:
      'The shares that endpoints get of new connections, by where they are seen from each node: on the same node, in the ' +
      'same zone, on a node by its name, anywhere else (1 unless told). The first of these that fits counts, names before all. ' +
      `Unlike hints for zones, others go on taking their part. For ${weighing.join(', ')}; ${twinsEffect} ` +
      'fo and ovf send everything to the endpoints with the largest weight for as long as they can.',
    example: 'same-node=8,same-zone=4,other=1',
    read: readWeights,
  },
];

const schedulerAnnotations = annotations.filter(({ read }) => read === readScheduler).map(({ name }) => name);
const weighingAnnotations = [`${prefix}slow-start`, `${prefix}weights`] as const;
const known = new Set(annotations.map(({ name }) => name));
const nothing: Tuning = {};

/** What the annotations of a service ask for, without what is wrong in them. */
export function tuningOf(service: Service, options: PlannerOptions): Tuning {
  for (const name in service.annotations) {
    if (known.has(name)) return readAll(service, options).asked;
  }
  return nothing;
}

/** The schedulers that the annotations of a service ask for, whether the kernel has them or not. */
export function schedulersNamedBy({ annotations: written }: Service, configured: string): string[] {
  const named = schedulerAnnotations
    .map((name) => written[name]?.trim() ?? '')
    .filter((name) => Object.hasOwn(schedulers, name));
  if (!weighingAnnotations.some((name) => written[name] !== undefined)) return named;
  return [...named, ...[...named, configured].flatMap((name) => weighingTwins[name] ?? [])];
}

/** A problem for each annotation that is wrong, and for each that bears our prefix and that nobody knows. */
export function annotationProblems(service: Service, options: PlannerOptions): Problem[] {
  const unknown = Object.keys(service.annotations).filter(
    (name) => name.startsWith(prefix) && !known.has(name),
  );
  return [...readAll(service, options).problems, ...unknown.map((name) => unknownProblem(service, name))];
}

function readAll(service: Service, options: PlannerOptions): { asked: Tuning; problems: Problem[] } {
  let asked = nothing;
  const problems: Problem[] = [];
  for (const { name, expected, read } of annotations) {
    const value = service.annotations[name];
    if (value === undefined) continue;
    const result = read(value.trim(), { asked, options });
    if (typeof result !== 'string') asked = { ...asked, ...result };
    else problems.push({ ...placeOf(service, name), expected, got: JSON.stringify(value), hint: result });
  }
  return { asked, problems };
}

function unknownProblem(service: Service, name: string): Problem {
  return {
    ...placeOf(service, name),
    expected: `an annotation that is known (${[...known].filter((one) => one.startsWith(prefix)).join(', ')})`,
    got: name,
    hint: 'it changes nothing; correct its name or remove it',
  };
}

function placeOf(
  { namespace, name }: Service,
  annotation: string,
): Pick<Problem, 'where' | 'field' | 'severity'> {
  return {
    where: `Service ${serviceKey(namespace, name)}`,
    field: `metadata.annotations[${annotation}]`,
    severity: 'warning',
  };
}

function readScheduler(value: string, { options }: Reading): Tuning | string {
  if (!Object.hasOwn(schedulers, value)) return 'write the name of a scheduler; the configured one is used';
  if (options.schedulers?.includes(value) === false) {
    return `load the kernel module ip_vs_${value} on this node; the configured scheduler is used`;
  }
  return { scheduler: value };
}

function readOwnFlags(value: string, reading: Reading): Tuning | string {
  const scheduler = reading.asked.scheduler ?? reading.options.scheduler;
  const own = Object.entries(schedulerFlags).filter(([flag]) => flag.startsWith(`${scheduler}-`));
  const read = readFlags(value, Object.fromEntries(own));
  if (typeof read !== 'string') return read;
  const names = own.map(([flag]) => flag).join(' and ');
  return own.length === 0 ? `remove it: ${scheduler} has no flags` : `${scheduler} has ${names} alone`;
}

function readFlags(value: string, flags: Readonly<Record<string, number>>): Tuning | string {
  let bits = 0;
  for (const name of value === '' ? [] : value.split(',')) {
    const bit = flags[name.trim()];
    if (bit === undefined) return `write ${Object.keys(flags).join(', ')}, with commas between`;
    bits |= bit;
  }
  return { schedulerFlags: bits };
}

function readNumber(value: string, field: 'upperThreshold' | 'lowerThreshold'): Tuning | string {
  const number = /^[1-9]\d{0,9}$/.test(value) ? Number(value) : Infinity;
  return number <= mostConnections
    ? { [field]: number }
    : 'write digits alone, or remove it for no threshold';
}

function readLowerThreshold(value: string, { asked }: Reading): Tuning | string {
  const read = readNumber(value, 'lowerThreshold');
  if (typeof read === 'string') return read;
  if (asked.upperThreshold === undefined) return `set ${prefix}upper-threshold too, or remove it`;
  return (read.lowerThreshold ?? 0) < asked.upperThreshold ? read : `write less than ${asked.upperThreshold}`;
}

function readDrainTimeout(value: string): Tuning | string {
  const drainTimeout = parseDuration(value);
  return drainTimeout === undefined ? durationHint(value) : { drainTimeout };
}

function readSlowStart(value: string, reading: Reading): Tuning | string {
  const slowStart = parseDuration(value);
  if (slowStart === undefined) return durationHint(value);
  if (slowStart === 0) return {};
  const scheduler = weighingScheduler(growing, reading);
  return typeof scheduler === 'string' ? scheduler : { slowStart, ...scheduler };
}

function readWeights(value: string, reading: Reading): Tuning | string {
  const weights = parseWeights(value);
  if (typeof weights === 'string') return weights;
  const scheduler = weighingScheduler(weighing, reading);
  return typeof scheduler === 'string' ? scheduler : { weights, ...scheduler };
}

/** The scheduler that takes the place of a service's own, or none, so that weights count; a hint where none can. */
function weighingScheduler(
  able: readonly string[],
  { asked, options }: Reading,
): Pick<Tuning, 'scheduler'> | string {
  const own = asked.scheduler ?? options.scheduler;
  if (able.includes(own)) return {};
  const scheduler = weighingTwins[own];
  if (scheduler === undefined) {
    return `set ${prefix}scheduler to one of ${able.join(', ')}: by weights, ${own} does not divide connections`;
  }
  if (options.schedulers?.includes(scheduler) !== false) return { scheduler };
  return `load the kernel module ip_vs_${scheduler} on this node; ${own} looks at no weights`;
}
