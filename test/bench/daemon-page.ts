import type { DaemonResult, OneChangeResult, WindowResult } from './daemon-result.ts';
import { type Bar, number, spread, table } from './page-parts.ts';
import { sampleOf } from './sample.ts';

/** The size that most bars are about, where it was measured, else the largest. */
function barred(results: readonly DaemonResult[]): DaemonResult | undefined {
  return results.find(({ size }) => size.services === 10_000) ?? results.at(-1);
}

const kernels = { ipvs: "the lab's kernel", memory: 'tables in memory' } as const;
const sizeOf = ({ size }: DaemonResult): string => `${number(size.services)} × ${size.endpoints}`;
const megabytes = (bytes: number): string => number(bytes / 1e6);
const share = ({ processorSeconds, seconds }: WindowResult): number => (100 * processorSeconds) / seconds;

function bar(name: string, wanted: string, measured: string, met: boolean): Bar {
  return { name, bar: wanted, measured, met };
}

/** The bars of a kind of kernel. */
function barsOf(results: readonly DaemonResult[]): Bar[] {
  const result = barred(results);
  if (result === undefined) return [];
  const { idle, churn, firstService, usableAfterLists } = result;
  const where = `${sizeOf(result)}, ${kernels[result.kernel]}`;
  return [
    bar(`M3 % of a core, 10 changes/s, ${where}`, '≤ 1', number(share(churn), 2), share(churn) <= 1),
    bar(`M3 % of a core, idle, ${where}`, '≤ 0.1', number(share(idle), 2), share(idle) <= 0.1),
    bar(
      `M4 ms from process start to the first service, ${where}`,
      '≤ 500',
      number(firstService.median),
      firstService.median <= 500,
    ),
    bar(
      `P6 ms from the lists to \`default/kubernetes\` usable, ${where}`,
      '≤ 250',
      number(usableAfterLists),
      usableAfterLists <= 250,
    ),
  ];
}

/** What is resident, which tables in memory would add to. */
function memoryBars(results: readonly DaemonResult[]): Bar[] {
  return results
    .filter(({ size }) => size.services >= 10_000 || results.length === 1)
    .flatMap((result) => {
      const { idle, peak } = result;
      const resident = megabytes(idle.resident);
      const ratio = peak.median / idle.resident;
      return [
        bar(`M1 resident MB, settled, ${sizeOf(result)}`, '≤ 120', resident, idle.resident <= 120e6),
        bar(`M1 peak, in settled sizes, ${sizeOf(result)}`, '≤ 1.5', number(ratio, 2), ratio <= 1.5),
      ];
    });
}

/** What single changes and the burst say of a kind of kernel. */
function changeBars(results: readonly DaemonResult[]): Bar[] {
  const [smallest] = results;
  const result = barred(results);
  if (smallest === undefined || result === undefined) return [];
  const { oneChange, burst } = result;
  const beyond = burst.p99 - burst.kernel;
  const where = `${sizeOf(result)}, ${kernels[result.kernel]}`;
  return [
    bar(
      `P1 p99 of one change, ${where}, against ${number(smallest.size.services)} services`,
      '≤ 1.5',
      `${number(oneChange.p99 / smallest.oneChange.p99, 2)} ×`,
      oneChange.p99 <= 1.5 * smallest.oneChange.p99,
    ),
    bar(
      `P5 writes for a changed real server, burst of ${number(burst.changes)}, ${where}`,
      '≤ 1',
      number(burst.mostCommands),
      burst.mostCommands <= 1,
    ),
    bar(
      `P5 ms of programming latency beyond the kernel's own time, p99, that burst, ${kernels[result.kernel]}`,
      '< 1,000',
      number(beyond),
      beyond < 1000,
    ),
  ];
}

/** The bars of the daemon's process. */
export function daemonBars(results: readonly DaemonResult[]): Bar[] {
  const inLab = results.filter(({ kernel }) => kernel === 'ipvs');
  const inMemory = results.filter(({ kernel }) => kernel === 'memory');
  return [
    ...memoryBars(inLab),
    ...[inMemory, inLab].flatMap((those) => [...barsOf(those), ...changeBars(those)]),
  ];
}

function processTable(results: readonly DaemonResult[]): string {
  return table(
    [
      'kernel',
      'services × endpoints',
      'first service, ms',
      'everything, ms',
      'settled, MB',
      'of it anonymous, MB',
      'peak, MB',
      'idle, % of a core',
      '10 changes/s, % of a core',
      'usable after the lists, ms',
    ],
    results.map((result) => [
      kernels[result.kernel],
      sizeOf(result),
      `${spread(result.firstService)}, ${result.firstService.runs} ${result.firstService.runs === 1 ? 'run' : 'runs'}`,
      spread(result.ready),
      megabytes(result.idle.resident),
      megabytes(result.anonymous),
      megabytes(result.peak.median),
      number(share(result.idle), 2),
      number(share(result.churn), 2),
      number(result.usableAfterLists),
    ]),
  );
}

function changeTable(results: readonly DaemonResult[]): string {
  const rows = results.map((result) => {
    const { oneChange, burst } = result;
    return [
      kernels[result.kernel],
      sizeOf(result),
      `${number(oneChange.median, 1)} / ${number(oneChange.p99, 1)}, ${oneChange.changes} changes`,
      `${number(burst.changes)} in ${number(burst.wroteIn)} ms`,
      `${number(burst.median)} / ${number(burst.p99)} / ${number(burst.worst)}`,
      `${number(burst.underWay.median)} / ${number(burst.underWay.p99)}`,
      number(burst.kernel),
      number(burst.writeCalls),
      number(Math.max(burst.mostCommands, oneChange.mostCommands)),
    ];
  });
  return table(
    [
      'kernel',
      'services × endpoints',
      'one change: p50 / p99, ms',
      'burst',
      'its latency: p50 / p99 / last, ms',
      'of it under way: p50 / p99, ms',
      'of it the kernel, ms',
      'its write calls',
      'commands for one real server, at most',
    ],
    rows,
  );
}

function scrapeTable(results: readonly DaemonResult[]): string {
  const change = ({ median, p99 }: OneChangeResult): string => `${number(median, 1)} / ${number(p99, 1)}`;
  const rows = results.flatMap((result) =>
    result.scrapes.map(({ level, quiet, scraped, scrape, bytes, resident, residentMeanwhile }) => [
      kernels[result.kernel],
      `${sizeOf(result)}, \`${level}\``,
      change(quiet),
      change(scraped),
      `${spread(scrape)}, ${scrape.runs} ${scrape.runs === 1 ? 'scrape' : 'scrapes'}`,
      number(bytes / 1e6, 1),
      `${megabytes(resident)} → ${megabytes(residentMeanwhile)}`,
    ]),
  );
  return table(
    [
      'kernel',
      'services × endpoints, `--service-metrics`',
      'one change without scrapes: p50 / p99, ms',
      'with one after the other: p50 / p99, ms',
      'a scrape, ms',
      'its text, MB',
      'resident before → at most, MB',
    ],
    rows,
  );
}

/** The section of the daemon's process, in Markdown. */
export function daemonSection(results: readonly DaemonResult[]): string {
  const seconds = sampleOf(results.map(({ idle }) => idle.seconds)).median;
  return `The program as it is shipped, started as a node starts it, with an API server over TLS in another process on another
processor: at the other end of a cable into the lab, or into the network namespace of the daemon. Its flags are the
defaults: it audits every 30 seconds, and both windows are ${number(seconds)} seconds long.

- **the lab's kernel**: real IPVS, on one processor, as a process of this machine. To start a program (iptables-save, node
  itself), a page fault and a system call take it many times as long as a machine's own kernel: times in it are
  pessimistic. Memory is what it is anywhere.
- **tables in memory**: this machine's own kernel, which has no IPVS. Sets, iptables and the network are real; virtual
  servers, real servers, addresses and sysctls are maps in the daemon, whose memory counts as its own here.

${processTable(results)}

- **first service**: from the start of the process to the first real server of \`default/kubernetes\`.
- **settled**: median over the idle window. **peak**: the most that was resident until everything was programmed.
- **% of a core**: user and system time of the process and of the programs that it ran.
- **usable after the lists**: from the last byte of the lists to the address of \`default/kubernetes\` bound, which is
  written after its sets, its masquerade rule and its real servers. 1 run.

${changeTable(results)}

- **one change**: from the bytes of the watch event to the return of the write to the kernel, one change at a time.
- **burst**: one endpoint replaced in each of so many services as fast as the API server goes; the latency is from the
  server's write of an endpoint to the return of the write to the kernel that has it, on the two clocks set against each
  other. **of it under way**: until the bytes had come to the daemon's process. **of it the kernel**: how long the kernel worked on the messages of the burst, which it does within the write.

${scrapeTable(results)}

- **a scrape**: of everything, without a limit on series and not compressed, by a client on the same machine, which takes
  its part of it. While they go on without a pause, endpoints change one at a time.`;
}
