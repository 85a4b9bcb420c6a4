import { readdirSync, readFileSync } from 'node:fs';
import { performance } from 'node:perf_hooks';
import { Counter, Gauge, Histogram, type Registry } from 'prom-client';

/** Milliseconds between two looks at how late the event loop is. Each wakes the process up: that must cost nothing. */
const pause = 1000;

const delayBuckets = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5];

/** Gauges that are read when they are asked for. */
const gauges: readonly (readonly [name: string, help: string, value: () => number | undefined])[] = [
  [
    'process_resident_memory_bytes',
    'Memory of the process that is resident.',
    () => process.memoryUsage.rss(),
  ],
  ['process_virtual_memory_bytes', 'Address space of the process.', () => kilobytes('VmSize')],
  [
    'process_start_time_seconds',
    'When the process started, in seconds since 1970.',
    () => performance.timeOrigin / 1000,
  ],
  ['process_open_fds', 'Open file descriptors.', () => readdirSync('/proc/self/fd').length],
  ['process_max_fds', 'How many of them there may be.', () => limit('Max open files')],
  [
    'nodejs_heap_size_used_bytes',
    'What lives in the heap of JavaScript.',
    () => process.memoryUsage().heapUsed,
  ],
  [
    'nodejs_heap_size_total_bytes',
    'What that heap has of the system.',
    () => process.memoryUsage().heapTotal,
  ],
  [
    'nodejs_active_resources',
    'What keeps the event loop going.',
    () => process.getActiveResourcesInfo().length,
  ],
];

/**
 * What every Prometheus client tells of its process, by the usual names, and how late the event loop is. prom-client has a
 * collection of its own, which looks at the event loop a hundred times a second: more than all else that an idle node's
 * controller does.
 */
export class ProcessMetrics {
  readonly #delay: Histogram;
  #timer: NodeJS.Timeout | undefined;

  constructor(registry: Registry) {
    const registers = [registry];
    for (const [name, help, value] of gauges) {
      new Gauge({
        ...{ name, help, registers },
        collect() {
          const now = value();
          if (now !== undefined) this.set(now);
        },
      });
    }
    new Counter({
      name: 'process_cpu_seconds_total',
      help: 'Processor time of the process, in user and system mode.',
      registers,
      collect() {
        const { user, system } = process.cpuUsage();
        this.reset();
        this.inc((user + system) / 1e6);
      },
    });
    this.#delay = new Histogram({
      name: 'kube_ipvs_event_loop_delay_seconds',
      help: 'How late the event loop was, looked at every second.',
      ...{ registers, buckets: delayBuckets },
    });
  }

  /** Begins to look at the event loop. */
  start(): void {
    const due = performance.now() + pause;
    this.#timer = setTimeout(() => {
      this.#delay.observe(Math.max(0, performance.now() - due) / 1000);
      this.start();
    }, pause).unref();
  }

  /** Ends that. */
  stop(): void {
    clearTimeout(this.#timer);
  }
}

/** A line of proc_pid_status(5), in bytes. */
function kilobytes(field: string): number | undefined {
  const [, text] =
    new RegExp(`^${field}:\\s+(\\d+) kB`, 'm').exec(readFileSync('/proc/self/status', 'utf8')) ?? [];
  return text === undefined ? undefined : Number(text) * 1024;
}

/** A soft limit of proc_pid_limits(5). */
function limit(name: string): number | undefined {
  const [, text] =
    new RegExp(`^${name}\\s+(\\d+)`, 'm').exec(readFileSync('/proc/self/limits', 'utf8')) ?? [];
  return text === undefined ? undefined : Number(text);
}
