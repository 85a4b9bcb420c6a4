import { setTimeout as sleep } from 'node:timers/promises';
import { Option } from '@commander-js/extra-typings';
import type { Command } from '@commander-js/extra-typings';
import { socketFlag } from '../config/socket-flag.ts';
import { addConfigurationFlags, configured } from './configure.ts';
import type { Context } from './context.ts';
import { countParser } from './count-option.ts';
import { exitStatus } from './failure.ts';
import type { IpvsReader } from './held.ts';
import { openIpvs } from './kernel.ts';
import { daemonNames } from './daemon-names.ts';
import { document, formatDocument } from './output/document.ts';
import { topTable } from './output/top-table.ts';
import {
  type Counted,
  countedServers,
  type ServiceRate,
  serviceRates,
  type TopSort,
  topSorts,
} from './service-rates.ts';
import type { ServiceName } from './service-names.ts';
import type { Screen } from './terminal.ts';

const description = [
  'Shows which Services are busiest: new connections, bytes and packets in a second, and the connections that there are, ' +
    'of each virtual server, from what IPVS counts. On a terminal it is drawn anew after each interval, until q or Ctrl-C; ' +
    'elsewhere, or with --once, it is printed once.',
  "Kubernetes' names come from the running kube-ipvs; without it they are <unknown>. IPVS adds its counters up every two seconds.",
].join('\n\n');

const after = `
Examples:
  kube-ipvs top
  kube-ipvs top --sort bytes

  # the ten busiest of four seconds, for a script
  kube-ipvs top --once --rows 10 -o json

Exit status:
  0  shown
  1  the kernel cannot be read
  2  the command line is wrong`;

/** Milliseconds between two readings: two of the intervals in which IPVS adds up. */
const interval = 4000;

/** What is to be shown. */
interface TopOptions {
  readonly socket: string;
  readonly sort: TopSort;
  readonly rows: number;
  readonly isWide: boolean;
}

/** Adds `kube-ipvs top`: the busiest services. */
export function addTop(program: Command, context: Context): void {
  const command: Command = program
    .command('top')
    .summary('show the busiest Services')
    .description(description)
    .addHelpText('after', after);
  const top = command
    .addOption(
      new Option('--sort <column>', 'by what the busiest are told')
        .choices(topSorts)
        .default('connections' as const),
    )
    .addOption(
      new Option(
        '--rows <number>',
        'show so many at most, 0 for all (default: on a terminal as many as fit)',
      ).argParser(countParser('--rows', 'all of them, on a terminal as many as fit')),
    )
    .option('--once', 'print one interval and end')
    .addOption(
      new Option(
        '-o, --output <format>',
        'wide with the names of ports; json and yaml print one interval and end',
      ).choices(['wide', 'json', 'yaml'] as const),
    );
  addConfigurationFlags(command, [socketFlag]);
  top.action(async (options) => {
    const { configuration } = await configured([socketFlag], { ...options }, context);
    const { sort, output, rows = Infinity } = options;
    const isWide = output === 'wide';
    const format = output === 'wide' ? undefined : output;
    const asked: TopOptions = { socket: configuration.socket, sort, rows, isWide };
    const { screen } = context.terminal;
    const ipvs = openIpvs(undefined);
    try {
      if (screen === undefined || options.once === true || format !== undefined)
        await printOnce(ipvs, asked, format, context);
      else await show(ipvs, asked, screen, context);
    } finally {
      ipvs.close();
    }
    context.finish(exitStatus.success);
  });
}

/** Two readings and what they say. */
class Readings {
  readonly #ipvs: IpvsReader;
  readonly #options: TopOptions;
  #names: ReadonlyMap<string, ServiceName> = new Map();
  #last: ReadonlyMap<string, Counted>;
  #at = performance.now();

  constructor(ipvs: IpvsReader, options: TopOptions) {
    this.#ipvs = ipvs;
    this.#options = options;
    this.#last = countedServers(ipvs);
  }

  /** What went through since the last reading. */
  async next(): Promise<ServiceRate[]> {
    const counted = countedServers(this.#ipvs);
    const now = performance.now();
    const seconds = (now - this.#at) / 1000;
    if ([...counted.keys()].some((key) => !this.#names.has(key)))
      this.#names = (await daemonNames(this.#options.socket)) ?? new Map();
    const rates = serviceRates(this.#last, counted, seconds, this.#names, this.#options.sort);
    this.#last = counted;
    this.#at = now;
    return rates.slice(0, this.#options.rows);
  }
}

async function printOnce(
  ipvs: IpvsReader,
  options: TopOptions,
  output: 'json' | 'yaml' | undefined,
  context: Context,
): Promise<void> {
  const readings = new Readings(ipvs, options);
  await Promise.race([sleep(interval), context.untilStopped()]);
  const rates = await readings.next();
  if (rates.length > 0 && rates.every(({ name }) => name === null))
    context.terminal.err(
      "note: no kube-ipvs answers that would tell Kubernetes' names: see kube-ipvs status\n",
    );
  context.terminal.out(
    output === undefined
      ? topTable(rates, options.sort, options.isWide)
      : formatDocument(document('ServiceRateList', { seconds: interval / 1000, items: rates }), output),
  );
}

/** Enters and leaves the other screen of a terminal (xterm's 1049), on which there is no cursor (DECTCEM). */
const enter = '\u001b[?1049h\u001b[?25l';
const leave = '\u001b[?25h\u001b[?1049l';

async function show(ipvs: IpvsReader, options: TopOptions, screen: Screen, context: Context): Promise<void> {
  const { out } = context.terminal;
  const ended = Promise.withResolvers<undefined>();
  let ending = false;
  const end = (): void => {
    ending = true;
    ended.resolve(undefined);
  };
  void context.untilStopped().then(end);
  const release = screen.keys((key) => {
    if (key === 'q' || key === 'Q' || key === '\u0003') end();
  });
  const isOver = (): boolean => ending;
  out(enter);
  try {
    const readings = new Readings(ipvs, options);
    out(drawn(`reading for ${interval / 1000} s ...\n`, screen));
    for (;;) {
      await Promise.race([sleep(interval), ended.promise]);
      if (isOver()) return;
      out(drawn(topTable(await readings.next(), options.sort, options.isWide), screen));
    }
  } finally {
    release();
    out(leave);
  }
}

/** What draws a text in the place of what is there, cut to what fits. */
function drawn(text: string, { size }: Screen): string {
  const { columns, rows } = size();
  const lines = text
    .split('\n')
    .slice(0, rows - 1)
    .map((line) => `${line.slice(0, columns)}\u001b[K`);
  return `\u001b[H${lines.join('\n')}\u001b[J`;
}
