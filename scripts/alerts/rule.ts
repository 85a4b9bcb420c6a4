/** How much an alert asks of whom: somebody now, somebody today, or nobody until it is looked at. */
export type Severity = 'critical' | 'warning' | 'info';

/** An alert, as a rule of Prometheus has it. */
export interface Alert {
  /** Also the name of its runbook, and of the chart's switch for it. */
  readonly name: string;
  readonly severity: Severity;
  /** For how long its situation lasts before it fires, as Prometheus writes it. */
  readonly waits: string;
  readonly expression: string;
  /** One line. */
  readonly summary: string;
  /** What is wrong where; a template of Prometheus. */
  readonly description: string;
}

/** A rule that keeps the result of an expression under a name of its own. */
export interface Recording {
  readonly record: string;
  readonly expression: string;
}

/** Where the page on what to do about an alert is, from the root of this repository. */
export function runbook(name: string): string {
  return `docs/runbooks/${name}.md`;
}

/** A recording as a rule of Prometheus. */
export function recordingRule({ record, expression }: Recording): object {
  return { record, expr: expression };
}

/** An alert as a rule of Prometheus. */
export function alertingRule({ name, severity, waits, expression, summary, description }: Alert): object {
  return {
    alert: name,
    expr: expression,
    for: waits,
    labels: { severity },
    annotations: { summary, description, runbook_url: runbook(name) },
  };
}
