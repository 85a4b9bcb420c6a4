import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { stringify } from 'yaml';
import type { Guest } from '../lab/guest.ts';
import { prometheusProgram } from './programs.ts';

/** One series of what an expression comes to. */
export interface Sample {
  readonly metric: Readonly<Record<string, string>>;
  /** A time and a number. */
  readonly value: readonly [number, string];
}

/** What Prometheus made of an expression. */
export type Answered =
  | { readonly result: readonly Sample[]; readonly error?: never }
  | { readonly error: string; readonly result?: never };

/** Seconds between two scrapes, and between two evaluations of the rules. */
const interval = 3;

const port = 9090;

/** Milliseconds that it may take to come up on a machine that is busy. */
const startTime = 60_000;

/** A real Prometheus on a machine of the lab. */
export class PrometheusServer {
  readonly #place: Guest;
  readonly #folder: string;

  private constructor(place: Guest, folder: string) {
    this.#place = place;
    this.#folder = folder;
  }

  /**
   * Starts one that scrapes addresses as the operator of Prometheus has it do by the chart's monitor, with labels of the pod
   * on each target, and evaluates rules.
   */
  static async start(place: Guest, targets: readonly string[], rules: string): Promise<PrometheusServer> {
    const folder = await mkdtemp(join(tmpdir(), 'prometheus-'));
    const server = new PrometheusServer(place, folder);
    await writeFile(join(folder, 'rules.yaml'), rules);
    await writeFile(join(folder, 'prometheus.yaml'), configuration(targets));
    await place.start([
      prometheusProgram('prometheus'),
      ...[`--config.file=${folder}/prometheus.yaml`, `--storage.tsdb.path=${folder}/data`],
      `--web.listen-address=127.0.0.1:${port}`,
    ]);
    await server.#ready();
    return server;
  }

  /** What expressions come to now. */
  async ask(expressions: readonly string[]): Promise<readonly Answered[]> {
    const told = await this.#place.must(['curl', '--config', '-'], expressions.map(request).join('next\n'));
    return told.trimEnd().split('\n').map(answered);
  }

  /** Names of the alerts that fire. */
  async firing(): Promise<readonly string[]> {
    const [answer] = await this.ask(['ALERTS{alertstate="firing"}']);
    return [...new Set((answer?.result ?? []).map(({ metric }) => metric['alertname'] ?? ''))];
  }

  /** Removes its files. It ends with its machine. */
  async destroy(): Promise<void> {
    await rm(this.#folder, { recursive: true, force: true });
  }

  async #ready(): Promise<void> {
    const deadline = performance.now() + startTime;
    for (;;) {
      const { code, stdout } = await this.#place.exec('curl', ['-sS', `http://127.0.0.1:${port}/-/ready`]);
      if (code === 0 && stdout.includes('Ready')) return;
      if (performance.now() > deadline) throw new Error(`Prometheus does not come up: ${stdout}`);
      await sleep(200);
    }
  }
}

/** A question as curl reads it from its configuration; the answer is a line. */
function request(expression: string): string {
  const query = `query=${expression}`.replaceAll(/["\\]/g, '\\$&');
  const url = `http://127.0.0.1:${port}/api/v1/query`;
  return `url = "${url}"\ndata-urlencode = "${query}"\nsilent\nwrite-out = "\\n"\n`;
}

function answered(line: string): Answered {
  const { data, error } = JSON.parse(line) as { data?: { result: readonly Sample[] }; error?: string };
  return error === undefined ? { result: data?.result ?? [] } : { error };
}

function configuration(targets: readonly string[]): string {
  const labels = { cluster: 'lab', namespace: 'kube-system', service: 'kube-ipvs', endpoint: 'metrics' };
  return stringify({
    global: {
      scrape_interval: `${interval}s`,
      scrape_timeout: `${interval}s`,
      evaluation_interval: `${interval}s`,
    },
    rule_files: ['rules.yaml'],
    scrape_configs: [{ job_name: 'kube-proxy', honor_labels: true, static_configs: [{ targets, labels }] }],
  });
}
