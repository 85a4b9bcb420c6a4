import { daemonBars, daemonSection } from './daemon-page.ts';
import type { DaemonResult } from './daemon-result.ts';
import type { Machine } from './machine.ts';
import type { InMemoryResult } from './in-memory.ts';
import type { IpvsSyncResult } from './ipvs-sync.ts';
import { type Bar, number, spread, table } from './page-parts.ts';
import type { Sample } from './sample.ts';

/** Everything that one run of the benchmark measured. */
export interface Results {
  readonly machine: Machine;
  readonly inMemory: InMemoryResult;
  readonly ipvs: readonly IpvsSyncResult[];
  readonly daemon: readonly DaemonResult[];
}

const ratio = (a: Sample, b: Sample): number => a.median / b.median;

function bars({ inMemory, ipvs, daemon }: Results): Bar[] {
  const largest = ipvs.at(-1);
  if (largest === undefined) return [];
  const floor = ratio(largest.coldSync, largest.coldFloor);
  const restore = ratio(largest.coldSync, largest.ipvsadmRestore);
  const restart = ratio(largest.restart, largest.restartFloor);
  const counts = new Set(ipvs.map((result) => result.oneChangeCommands));
  const size = `${number(largest.size.services)} × ${largest.size.endpoints}`;
  const right = [...ipvs, ...daemon].every((result) => result.right);
  const restartCommands = ipvs.reduce((sum, result) => sum + result.restartCommands, 0);
  return [
    {
      name: `P2 cold sync at ${size}, against the floor`,
      bar: '≤ 1.15',
      measured: `${number(floor, 2)} ×`,
      met: floor <= 1.15,
    },
    {
      name: `P2 cold sync at ${size}, against \`ipvsadm -R\``,
      bar: '≤ 0.10',
      measured: `${number(restore, 3)} ×`,
      met: restore <= 0.1,
    },
    {
      name: 'P3 commands of a restart over a right kernel',
      bar: '0',
      measured: number(restartCommands),
      met: restartCommands === 0,
    },
    {
      name: `P3 time of that restart at ${size}, against the bare dump`,
      bar: '≤ 1.5',
      measured: `${number(restart, 2)} ×`,
      met: restart <= 1.5,
    },
    {
      name: 'P4 services a second, in memory, one backend each',
      bar: '≥ 81,000',
      measured: number(inMemory.rate.median),
      met: inMemory.rate.median >= 81_000,
    },
    {
      name: 'commands for one changed endpoint, at every size',
      bar: 'the same',
      measured: [...counts].map((count) => number(count)).join(', '),
      met: counts.size === 1,
    },
    ...daemonBars(daemon),
    {
      name: 'the kernel held what was asked for after every run',
      bar: 'always',
      measured: right ? 'always' : 'not always',
      met: right,
    },
  ];
}

/** Says why a bar was missed, and not more than is known. */
function remarks(results: Results): string {
  const missed = bars(results).filter(({ met }) => !met);
  if (missed.length === 0) return 'Every bar was met.';
  const reasons = [...new Set(missed.map(({ name }) => name.slice(0, 2)))].flatMap(
    (name) => whyMissed[name] ?? [],
  );
  return [`Missed: ${missed.map(({ name }) => name).join('; ')}.`, ...reasons].join('\n\n');
}

/** What is known of why bars are missed, by the bar. */
const whyMissed: Readonly<Record<string, string>> = {
  P2: `The floor of P2 and P3 sends bytes that were made before, with no program around it, so what lies above it is the whole of
the controller: planning, the ledger, encoding, and the memory that JavaScript takes for them, which a kernel that runs as
a process pays for with slow page faults. What remains is to be found in allocation, not in the number of system calls:
see the writes below.`,
  P4: `The bar of P4 is a program in Go on another machine. Here no step stands out: decoding, planning, comparing and encoding
have like shares of the time.`,
  M1: `The bar of M1 is for 10,000 services; what more of them take is in the anonymous part. At its peak a start holds besides what
comes on the wire, plans that are not packed yet, and the parts of Node's program that are let go when a stage of it is over.`,
  M3: `Processor time in the lab's kernel is that of a process in a process: each system call, each page fault and each program
that is started costs several times what it costs on a machine. An idle daemon's time is that of its audits, which read
every virtual server, address and set entry, the real servers of 512 virtual servers, and run iptables-save.`,
  M4: `Of M4 in the lab most goes by before the program's first line: node itself is read through the file system of another
kernel, and the programs that tell which iptables the node uses take tenths of a second.`,
  P1: `What is slow in P1 is the one change of a hundred that meets an audit's step, or the heap's collection: the median is the
same at every size, and so are the commands.`,
  P5: `All additions of a burst are written before any real server is removed, in a few write calls, and the kernel's own time is
a small part. The rest is the way of the events, decoding them and planning their services, by a process that pays for
every page of memory many times what it does on a machine.`,
  P6: `Of P6 in the lab most is the time of iptables-restore, once for each family, which takes a tenth of a second and more to
start there.`,
};

function ipvsTables(results: readonly IpvsSyncResult[]): string {
  const times = results.map((result) => [
    `${number(result.size.services)} × ${result.size.endpoints}`,
    number(result.commands),
    number(result.firstColdSync),
    spread(result.coldSync),
    spread(result.coldFloor),
    `${spread(result.ipvsadmRestore)}, ${result.ipvsadmRestore.runs} ${result.ipvsadmRestore.runs === 1 ? 'run' : 'runs'}`,
    spread(result.restart),
    spread(result.restartFloor),
  ]);
  const counts = results.map((result) => [
    `${number(result.size.services)} × ${result.size.endpoints}`,
    number(result.coldWrites),
    number(result.coldBytes),
    number(result.restartCommands),
    number(result.oneChangeCommands),
    number(result.oneChangeBytes),
    spread(result.oneChange),
  ]);
  return [
    table(
      [
        'services × endpoints',
        'commands',
        'first cold sync, ms',
        'cold sync, ms',
        'its floor, ms',
        '`ipvsadm -R`, ms',
        'restart, ms',
        'bare dump, ms',
      ],
      times,
    ),
    '',
    table(
      [
        'services × endpoints',
        'cold sync: write calls',
        'cold sync: bytes',
        'restart: commands',
        'one change: commands',
        'one change: bytes',
        'one change, ms',
      ],
      counts,
    ),
  ].join('\n');
}

/** The page, in Markdown. */
export function page(results: Results): string {
  const { machine, inMemory } = results;
  return `# Benchmarks

Made by \`make bench\` on ${machine.date}; nothing here is written by hand. Times are medians (and minimum–maximum) of
several rounds, the things that are compared taking turns in one boot of one kernel. That kernel runs as a process, with
system calls several times dearer than a machine's own: its times mean something only against each other.

${table(
  ['bar', 'wanted', 'measured', ''],
  bars(results).map(({ name, bar, measured, met }) => [name, bar, measured, met ? 'met' : '**missed**']),
)}

${remarks(results)}

## IPVS, on a real kernel

- **cold sync**: from services in the catalog to everything in an empty kernel: planned, compared, encoded, written.
- **first cold sync**: the first one of the process, while nothing is compiled yet; it is not among the others.
- **its floor**: the very bytes that the cold sync wrote, sent again by a loop that does nothing else.
- **\`ipvsadm -R\`**: the same state restored by ipvsadm.
- **restart**: a new process over a kernel that is right: everything read back and compared.
- **bare dump**: the same reads, with nobody looking at what comes.
- **one change**: one endpoint replaced by another in one of the services, 100 times.

Each cold sync, floor and restore begins in a network namespace of its own: a table that was emptied would not do, because
IPVS keeps removed real servers for two minutes and looks through all of them for each one that is added.

The measured process starts no other between two measurements: after a fork it would pay a page fault for every page that
it writes to, as a controller does not. After each run the kernel's state is dumped by \`ipvsadm -Sn\` and compared with what was asked for.

${ipvsTables(results.ipvs)}

## The program, as a process

${daemonSection(results.daemon)}

## In memory, without a kernel

${number(inMemory.services)} Services with one endpoint each, from parsed API objects through decoding, catalog, planner, ledger and
encoding to the fake kernel, on one core: ${spread(inMemory.rate)} services a second, ${number(inMemory.bytes)} bytes of netlink messages.

## The machine

${table(
  ['', ''],
  Object.entries(machine).map(([name, value]) => [name, String(value)]),
)}
`;
}
