import type { PlannerOptions } from '../../model/planner-options.ts';
import type { Service } from '../../model/service.ts';
import { virtualServerFlags } from '../../model/virtual-server.ts';
import { annotationProblems, annotations, tuningOf } from '../../planner/annotations.ts';
import { schedulingOf } from '../../planner/scheduling.ts';
import { flagNames } from '../output/scheduler-flags.ts';

/** The scheduler of a Service's virtual servers, and why it is that one. */
export interface SchedulerChoice {
  readonly scheduler: string;
  readonly flags: readonly string[];
  /** Whether a client stays on one endpoint. */
  readonly persistent: boolean;
  readonly why: string;
}

/** An annotation of a Service that kube-ipvs may look at. */
export interface AnnotationView {
  readonly name: string;
  readonly value: string;
  readonly followed: boolean;
  /** What to do where it is not followed, empty where it is. */
  readonly text: string;
}

/** Says which scheduler a Service has, and why. */
export function schedulerChoice(service: Service, options: PlannerOptions): SchedulerChoice {
  const { scheduler, flags } = schedulingOf(service, tuningOf(service, options), options, '');
  return {
    scheduler,
    flags: flagNames(scheduler, flags),
    persistent: (flags & virtualServerFlags.persistent) !== 0,
    why: reasonFor(scheduler, service, options),
  };
}

function reasonFor(scheduler: string, service: Service, options: PlannerOptions): string {
  const followed = annotationViews(service, options).filter((one) => one.followed);
  const asking = followed.findLast(({ name }) => name.endsWith('scheduler'));
  const own = asking?.value.trim() ?? options.scheduler;
  if (own !== scheduler) {
    const why = followed.filter(({ name }) => /[./](?:weights|slow-start)$/.test(name));
    return `in the place of ${own}, which looks at no weights, for ${why.map(({ name }) => name).join(' and ')}`;
  }
  if (asking !== undefined) return `as annotation ${asking.name} asks`;
  const refused = annotationViews(service, options).find(({ name }) => name.endsWith('scheduler'));
  return refused === undefined
    ? 'as the configuration says'
    : `as the configuration says, for what annotation ${refused.name} asks is not followed`;
}

/** The annotations of a Service that are for kube-ipvs, in their order. */
export function annotationViews(service: Service, options: PlannerOptions): AnnotationView[] {
  const problems = new Map(annotationProblems(service, options).map((one) => [one.field, one]));
  return Object.entries(service.annotations).flatMap(([name, value]): AnnotationView[] => {
    const problem = problems.get(`metadata.annotations[${name}]`);
    if (problem !== undefined) {
      return [{ name, value, followed: false, text: problem.hint }];
    }
    const known = annotations.find((one) => one.name === name);
    return known === undefined ? [] : [{ name, value, followed: true, text: '' }];
  });
}
