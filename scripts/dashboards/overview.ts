import { PercentUnit, Short } from '@grafana/grafana-foundation-sdk/units';
import type { Board, Row } from './board.ts';
import { board } from './board.ts';
import { fleetRows } from './overview-fleet.ts';
import { level } from './overview-level.ts';
import { stat } from './panels.ts';
import {
  alertsOfFleet,
  errorBudget,
  fleet,
  objectiveSeconds,
  orNone,
  series,
  slowShareRecord,
  sumBy,
} from './queries.ts';

/** Nodes that are not well: those that call themselves so, and those where a part of what is wanted is not in force. */
function inTrouble(): string {
  const parts = ['refused_entries', 'unknown_tables', 'unplanned_services'].map((name) =>
    sumBy(['cluster', 'instance'], series(`kube_ipvs_${name}`, fleet)),
  );
  const unhealthy = sumBy(['cluster', 'instance'], `${series('kube_ipvs_healthy', fleet)} == 0`);
  return orNone(`count(${parts.join(' + ')} > 0 or ${unhealthy})`);
}

const glance: Row = {
  title: 'At a glance',
  panels: [
    stat({
      title: 'Nodes that answer',
      description: 'Nodes whose /metrics Prometheus could read.',
      unit: Short,
      width: 4,
      queries: [[orNone(`count(${series('up', fleet)} == 1)`), 'nodes']],
    }),
    stat({
      title: 'Nodes that do not',
      description:
        'Nodes that Prometheus expects and cannot read: the program is down, hangs or cannot be reached. Traffic goes on as it was last programmed.',
      unit: Short,
      width: 4,
      wrong: 1,
      queries: [[orNone(`count(${series('up', fleet)} == 0)`), 'nodes']],
    }),
    stat({
      title: 'Nodes in trouble',
      description:
        'Nodes whose health checks get 503, whose kernel refuses entries, whose tables cannot be read or written, or that have Services whose plan cannot be made.',
      unit: Short,
      width: 4,
      wrong: 1,
      queries: [[inTrouble(), 'nodes']],
    }),
    stat({
      title: 'Alerts that fire',
      description: 'Alerts of kube-ipvs that fire now. Each has a runbook.',
      unit: Short,
      width: 4,
      wrong: 1,
      queries: [
        [orNone(`count(ALERTS{alertname=~"KubeIpvs.*", alertstate="firing", ${alertsOfFleet}})`), 'alerts'],
      ],
    }),
    stat({
      title: 'Changes in time',
      description: `The share of changes of endpoints, within the last day, that were in the kernel ${objectiveSeconds} s after they began. The objective is ${100 * (1 - errorBudget)} %.`,
      unit: PercentUnit,
      width: 4,
      lowIsOdd: true,
      odd: 1 - errorBudget,
      wrong: 1 - 10 * errorBudget,
      none: 'no changes',
      queries: [[`1 - ${series(slowShareRecord('1d'), fleet)}`, '{{cluster}}']],
    }),
    stat({
      title: 'Error budget left',
      description: `What is left of the ${100 * errorBudget} % of changes that may take longer, of the last day; below zero the objective is missed.`,
      unit: PercentUnit,
      width: 4,
      lowIsOdd: true,
      odd: 0.5,
      wrong: 0,
      none: 'no changes',
      queries: [[`1 - ${series(slowShareRecord('1d'), fleet)} / ${errorBudget}`, '{{cluster}}']],
    }),
  ],
};

/** The dashboard of a whole fleet: is it well, does it keep its objective, what runs where. */
export function overview(): Board {
  return board({
    name: 'overview',
    title: 'Overview',
    description:
      'Every node of one or several clusters: health, the service level of programming, versions, trouble.',
    alertsOf: alertsOfFleet,
    rows: [glance, level, ...fleetRows],
  });
}
