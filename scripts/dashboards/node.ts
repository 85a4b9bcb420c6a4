import { DurationSeconds, PercentUnit, Seconds, Short } from '@grafana/grafana-foundation-sdk/units';
import type { Builder } from '@grafana/grafana-foundation-sdk/cog';
import type { AnnotationQuery } from '@grafana/grafana-foundation-sdk/dashboard';
import type { Board, Row } from './board.ts';
import { board, labelVariable, mark } from './board.ts';
import { nodeProcess } from './node-process.ts';
import { programming } from './node-programming.ts';
import { source } from './node-source.ts';
import { tables } from './node-tables.ts';
import { traffic } from './node-traffic.ts';
import { stat } from './panels.ts';
import {
  age,
  alertsOfFleet,
  conntrackFill,
  nodes,
  orNone,
  refused,
  series,
  sumBy,
  waitingChange,
} from './queries.ts';

/** The largest of the nodes that are looked at. */
function worst(expression: string): string {
  return `max(${expression})`;
}

const glance: Row = {
  title: 'At a glance',
  panels: [
    stat({
      title: 'Answers',
      description: 'Whether Prometheus can read /metrics of every node that is looked at.',
      unit: Short,
      width: 3,
      isYesOrNo: true,
      queries: [[`min(${series('up', nodes)})`, 'answers']],
    }),
    stat({
      title: 'Healthy',
      description:
        'Whether what Services ask for reaches the kernel of every node that is looked at, by its own judgement: as /livez says. `kube-ipvs status` says why not.',
      unit: Short,
      width: 3,
      isYesOrNo: true,
      queries: [[`min(${series('kube_ipvs_healthy', nodes)})`, 'healthy']],
    }),
    stat({
      title: 'Up for',
      description: 'Time since the program started; of several nodes, where it started last.',
      unit: DurationSeconds,
      width: 3,
      queries: [[`min(${age('process_start_time_seconds', nodes)})`, 'up']],
    }),
    stat({
      title: 'Services',
      description: 'Services that have something in the kernel.',
      unit: Short,
      width: 3,
      queries: [[worst(series('kube_ipvs_services', nodes)), 'services']],
    }),
    stat({
      title: 'Last audit',
      description:
        'Time since the kernel was last read back and compared. It is done every sync period, 30 s unless told.',
      unit: Seconds,
      width: 3,
      ...{ odd: 120, wrong: 300 },
      queries: [[worst(age('kube_ipvs_audit_last_timestamp_seconds', nodes)), 'ago']],
    }),
    stat({
      title: 'Change that waits',
      description: 'For how long a change has waited to be written; 0 where none waits.',
      unit: Seconds,
      width: 3,
      ...{ odd: 5, wrong: 60 },
      queries: [[orNone(worst(waitingChange(nodes))), 'waits']],
    }),
    stat({
      title: 'Refused now',
      description: 'Entries that the kernel refuses and that are tried again. `kube-ipvs status` names them.',
      unit: Short,
      width: 3,
      wrong: 1,
      queries: [[sumBy([], refused(nodes)), 'refused']],
    }),
    stat({
      title: 'Connections tracked',
      description:
        'Share of the connections that can be tracked which are. At 1 new connections are dropped.',
      unit: PercentUnit,
      width: 3,
      ...{ odd: 0.8, wrong: 0.95 },
      queries: [[worst(conntrackFill(nodes)), 'full']],
    }),
  ],
};

/** When the program was started, which nothing in the kernel shows. */
function starts(): Builder<AnnotationQuery> {
  const started = `${series('process_start_time_seconds', nodes)} * 1000`;
  const ours = series('kube_ipvs_build_info', nodes);
  return mark('Starts', 'blue', `${started} and on (cluster, job, instance) ${ours}`)
    .useValueForTime(true)
    .titleFormat('kube-ipvs was started');
}

/** The dashboard of one node, or of a few beside each other. */
export function node(): Board {
  return board({
    name: 'node',
    title: 'Node',
    description:
      'One node, or a few: programming, tables of the kernel, drift, watches, memory and event loop.',
    variables: [
      labelVariable(
        'instance',
        'Node',
        'label_values(kube_ipvs_build_info{job="$job", cluster=~"$cluster"}, instance)',
      ),
    ],
    alertsOf: `${alertsOfFleet}, instance=~"$instance"`,
    marks: [starts()],
    rows: [glance, traffic, programming, ...tables, source, nodeProcess],
  });
}
