import { parser } from '@prometheus-io/lezer-promql';
import { Metrics } from '../../../lib/metrics/metrics.ts';

/** One metric that an expression names, with the labels that it is picked by. */
export interface Selector {
  readonly metric: string;
  readonly labels: readonly string[];
}

/** What an expression names, and what in it is no PromQL. */
export interface Parsed {
  readonly selectors: readonly Selector[];
  /** Labels by which something is summed or matched. */
  readonly grouping: readonly string[];
  /** Pieces of text that do not belong where they are. */
  readonly errors: readonly string[];
}

/** An expression as Prometheus gets it from Grafana: variables have values, windows are times. */
export function withoutVariables(expression: string, rateWindow = '1m'): string {
  return expression
    .replaceAll('$__rate_interval', rateWindow)
    .replaceAll('$job', 'kube-proxy')
    .replaceAll(/\$\w+/g, '.*');
}

/** Reads an expression without variables. */
export function parsed(expression: string): Parsed {
  const selectors: { metric: string; labels: string[] }[] = [];
  const grouping: string[] = [];
  const errors: string[] = [];
  let groups = false;
  parser.parse(expression).iterate({
    enter: ({ type, from, to }) => {
      const text = expression.slice(from, to);
      if (type.isError) errors.push(`at ${from}: "${expression.slice(from, from + 20)}"`);
      if (type.name === 'GroupingLabels') groups = true;
      if (type.name === 'Identifier') selectors.push({ metric: text, labels: [] });
      if (type.name === 'LabelName') (groups ? grouping : selectors.at(-1)!.labels).push(text);
    },
    leave: ({ type }) => {
      if (type.name === 'GroupingLabels') groups = false;
    },
  });
  return { selectors, grouping, errors };
}

/** Labels that Prometheus gives every series that it scrapes, and that which tells several clusters apart. */
const scraped = ['job', 'instance', 'cluster'];

/** What Prometheus makes itself. */
const made: Readonly<Record<string, readonly string[]>> = {
  up: scraped,
  ALERTS: [...scraped, 'alertname', 'alertstate', 'severity', 'namespace', 'service'],
};

/** Every series that the program can have, and that Prometheus makes of it, with the labels of each. */
export function knownSeries(): ReadonlyMap<string, readonly string[]> {
  const build = { version: '', node_version: '', kernel_release: '', ipvs_version: '' };
  const known = new Map(Object.entries(made));
  for (const { name, type, labels } of new Metrics({ watches: () => ({}), build }).described()) {
    const all = [...labels, ...scraped];
    if (type !== 'histogram') known.set(name, all);
    else {
      known.set(`${name}_bucket`, [...all, 'le']);
      for (const part of ['sum', 'count']) known.set(`${name}_${part}`, all);
    }
  }
  return known;
}

/** What is wrong with an expression: text that is no PromQL, metrics and labels that nobody has. */
export function faults(expression: string, known: ReadonlyMap<string, readonly string[]>): string[] {
  const { selectors, grouping, errors } = parsed(withoutVariables(expression));
  const labels = new Set(selectors.flatMap(({ metric }) => known.get(metric) ?? []));
  return [
    ...errors,
    ...selectors.flatMap((selector) => {
      const own = known.get(selector.metric);
      if (own === undefined) return [`there is no metric ${selector.metric}`];
      const strange = selector.labels.filter((label) => !own.includes(label));
      return strange.map((label) => `${selector.metric} has no label ${label}`);
    }),
    ...grouping.filter((label) => !labels.has(label)).map((label) => `no metric has a label ${label}`),
  ];
}
