import { mkdirSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { expect } from 'chai';
import { type DaemonFacts, daemonStatus } from '../../../lib/cli/daemon-status.ts';
import { runCommandLine } from '../../../lib/cli/command-line.ts';
import { ipvsGlance } from '../../../lib/cli/kernel-glance.ts';
import { localProcesses } from '../../../lib/cli/local-processes.ts';
import { ageText, tookText } from '../../../lib/cli/output/age.ts';
import { painter } from '../../../lib/cli/output/paint.ts';
import { daemonLines, formatFindings, formatLines } from '../../../lib/cli/output/status-lines.ts';
import { unknownNode } from '../../../lib/cli/service-source.ts';
import { daemonFindings, processFindings } from '../../../lib/cli/status-findings.ts';
import { readConfiguration } from '../../../lib/config/effective-configuration.ts';
import { perTable } from '../../../lib/reconciler/table-name.ts';
import type { DaemonStatus } from '../../../lib/socket/status.ts';
import { TableError } from '../../../lib/kernel/table.ts';
import { World } from '../reconciler/world.ts';
import { socketFolder, type SocketFolder } from '../socket/support.ts';
import { recordingTerminal } from './recording-terminal.ts';

const plain = painter(false);

/** The status of a daemon that has just been started on manifests. */
function statusOf(programming: DaemonFacts['programming']): DaemonStatus {
  return daemonStatus({
    now: Date.UTC(2026, 0, 2, 3, 4, 5, 678),
    started: Date.UTC(2026, 0, 2),
    build: { version: '1.2.3', node_version: 'v24.1.0', kernel_release: '6.1.0', ipvs_version: '1.2.1' },
    verbosity: 0,
    configuration: readConfiguration({ manifests: '/m' }, 'node-a'),
    source: { cluster: undefined, node: { ...unknownNode, zone: 'a' } },
    catalog: { synced: programming !== undefined, services: 1 },
    families: ['IPv4'],
    health: { healthy: true, reasons: [], lastPass: undefined, eligible: true },
    programming,
  });
}

/** That of one which serves two endpoints. */
async function running(
  change: (world: World) => void = () => undefined,
  afterwards: (world: World) => Promise<void> | void = () => undefined,
): Promise<DaemonStatus> {
  const world = new World();
  world.services.set('a/web', { vip: '10.0.0.1', endpoints: ['10.1.0.1', '10.1.0.2'] });
  change(world);
  await world.start();
  await afterwards(world);
  return statusOf({
    reconciler: world.reconciler.status(),
    node: { name: 'node-a', addresses: ['192.0.2.1', '192.0.2.2', '192.0.2.3', '192.0.2.4'], zone: 'a' },
    lastWrite: null,
    drift: perTable(() => 0),
    owners: (keys) => new Map(keys.map((key) => [key, ['a/web']])),
  });
}

/** One of which something is as given, of an API server and its watch. */
function withWatch(status: DaemonStatus, changes: object): DaemonStatus {
  const watch = {
    ...{ resource: 'services', synced: true, open: true, events: 3, lists: 2, relists: { expired: 1 } },
    ...{ lastEvent: '2026-01-02T03:04:00.000Z', lastList: '2026-01-02T00:00:00.000Z', troubles: {} },
    ...{ trouble: null, ...changes },
  };
  const source = { ...status.source, kind: 'kubernetes' as const, place: 'https://192.0.2.9:6443/' };
  return { ...status, source: { ...source, watches: [watch] } };
}

describe('kube-ipvs status', () => {
  it('tells a node that is well at one glance', async () => {
    const status = withWatch(await running(), {});
    expect(daemonFindings(status)).to.deep.equal([]);
    const text = formatLines(daemonLines(status), plain);
    expect(text.replace(/process \d+, \d+ MB/, 'process 1, 9 MB').replace(/[0-9a-f]{12}/, 'd1g35t')).to.equal(
      [
        'Daemon:         running for 3h4m, process 1, 9 MB, -v 0',
        'Versions:       kube-ipvs 1.2.3, kernel 6.1.0, IPVS 1.2.1, Node 24.1.0',
        'Configuration:  d1g35t: rr, audits every 30s, drains for 15m',
        'Source:         the API server https://192.0.2.9:6443/, 1 Service',
        '                services  watched  last event 5s ago  3 events  2 lists, 1 of them again',
        'Node:           node-a, zone a, node ports at 192.0.2.1, 192.0.2.2, 192.0.2.3 and 1 more',
        'Programmed:     1 Service, every change is in the kernel',
        'Tables:                          ENTRIES  PENDING  REFUSED  WRITES  DRIFT',
        '                sysctls          1        0        0        1       0',
        '                sets             2        0        0        2       0',
        '                firewall         1        0        0        1       0',
        '                set entries      2        0        0        2       0',
        '                virtual servers  1        0        0        1       0',
        '                real servers     2        0        0        2       0',
        '                addresses        1        0        0        1       0',
        'Last write:     none: the kernel was right when kube-ipvs started',
        'Last audit:     none yet',
        'Latency:        no change of endpoints measured yet',
        'Draining:       none',
        'Health:         healthy',
        '',
      ].join('\n'),
    );
  });

  it('names an entry that the kernel refused, for whom, why and that it is tried again', async () => {
    const status = await running((world) => {
      world.refuse('realServers', 'TCP 10.0.0.1:80 -> 10.1.0.2:8080');
    });
    const [finding, ...more] = daemonFindings(status);
    expect(more).to.deep.equal([]);
    expect(finding?.severity).to.equal('error');
    expect(finding?.text).to.match(
      /^the kernel refused to .+TCP 10\.0\.0\.1:80 -> 10\.1\.0\.2:8080 for a\/web: ./,
    );
    expect(finding?.hint).to.contain('tried again by itself, 1 time so far');
    expect(formatLines(daemonLines(status), plain)).to.contain('all but what the kernel refused');
  });

  it('tells what an audit found, and once what it could not read', async () => {
    const audited = (...keys: readonly string[]): Promise<DaemonStatus> =>
      running(undefined, async (world) => {
        world.kernel.realServers.unload(keys);
        world.kernel.sets.failRead(new TableError('sets', 'EPERM', 'may not read sets'));
        await world.audit();
      });
    const [first, second] = ['10.1.0.1', '10.1.0.2'].map((to) => `TCP 10.0.0.1:80 -> ${to}:8080`);
    const textsOf = (status: DaemonStatus): string[] => daemonFindings(status).map(({ text }) => text);
    expect(textsOf(await audited(first!))).to.deep.equal([
      'sets: may not read sets',
      `the last audit found an entry that somebody else had changed: realServers ${first!} (missing)`,
    ]);
    expect(textsOf(await audited(first!, second!))[1]).to.match(
      /found 2 entries .*, such as realServers TCP/,
    );
  });

  it('tells a reason of ill health once, be it that of an entry too', async () => {
    const status = await running((world) => {
      world.refuse('sets', 'KUBE-CLUSTER-IP');
    });
    const reason = status.programming?.refused[0]?.reason ?? '';
    const reasons = [`sets: ${reason}`, 'the loop hangs'];
    const told = daemonFindings({ ...status, health: { healthy: false, reasons, lastPass: null } });
    expect(told.filter(({ text }) => text.includes(reason))).to.have.length(1);
    expect(told.map(({ text }) => text)).to.include('the loop hangs');
  });

  it('tells five of many entries, and how many there are', async () => {
    const status = await running((world) => {
      for (let index = 0; index < 9; index += 1) {
        world.services.set(`a/s${index}`, { vip: `10.0.1.${index}`, endpoints: [] });
        world.refuse('virtualServers', `TCP 10.0.1.${index}:80`);
      }
    });
    const texts = daemonFindings(status).map(({ text }) => text);
    expect(texts).to.have.length(6);
    expect(texts[5]).to.equal('and 4 more refused entries');
    expect(daemonFindings(status, Infinity)).to.have.length(9);
  });

  const watches: readonly (readonly [string, object, 'error' | 'warning', string])[] = [
    ['a watch that cannot go on', { trouble: 'services: 403' }, 'error', 'services: 403'],
    ['a watch that has been silent', { lastEvent: '2026-01-02T03:00:00.000Z' }, 'warning', 'silent for 4m5s'],
  ];
  for (const [what, changes, severity, text] of watches) {
    it(`finds ${what}`, async () => {
      const [finding] = daemonFindings(withWatch(await running(), changes));
      expect(finding?.severity).to.equal(severity);
      expect(finding?.text).to.contain(text);
    });
  }

  it('tells of a server that is away once, not for each watch', async () => {
    const status = withWatch(await running(), { trouble: 'no answer' });
    const away = { ...status, source: { ...status.source, trouble: 'no answer of 192.0.2.9' } };
    expect(daemonFindings(away).map(({ text }) => text)).to.deep.equal(['no answer of 192.0.2.9']);
  });

  it('is not well before every Service is known', () => {
    expect(daemonFindings(statusOf(undefined))).to.deep.include({
      severity: 'error',
      text: 'not every Service is known yet',
      hint: 'wait; the log tells what is waited for',
    });
  });

  it('warns of another proxy, and of another daemon than the one that is asked', () => {
    const processes = [
      { pid: 7, name: 'kube-ipvs', words: [], state: 'S', here: true },
      { pid: 8, name: 'kube-ipvs', words: [], state: 'S', here: true },
      { pid: 9, name: 'kube-proxy', words: [], state: 'S', here: true },
    ];
    const texts = processFindings(processes, 7).map(({ text }) => text);
    expect(texts).to.deep.equal([
      'kube-ipvs runs here too (process 8): both write the rules of Services',
      'kube-proxy runs here too (process 9): both write the rules of Services',
    ]);
  });

  it('sets findings off in colours only where they are wanted', () => {
    const findings = [{ severity: 'error', text: 'a', hint: 'b' }] as const;
    expect(formatFindings(findings, plain)).to.equal('error: a\nhint: b\n');
    expect(formatFindings(findings, painter(true))).to.equal(
      '\u001b[31merror:\u001b[0m a\n\u001b[2mhint:\u001b[0m b\n',
    );
  });

  it('reads from /proc which daemons and proxies run, and whether they are stopped', async () => {
    const folder = socketFolder();
    const add = (pid: number, name: string, state: string, ...command: string[]): void => {
      mkdirSync(folder.path(String(pid)));
      writeFileSync(folder.path(`${pid}/cmdline`), command.join('\0'));
      writeFileSync(folder.path(`${pid}/stat`), `${pid} (${name}) ${state} 1 1 1`);
    };
    add(9, 'node) (x', 'T', 'node', '/opt/kube-ipvs.mjs', 'run', '--v=2');
    add(10, 'node', 'S', 'node', '/opt/kube-ipvs.mjs', 'status');
    add(11, 'kube-proxy', 'S', '/usr/bin/kube-proxy');
    add(12, 'vim', 'S', 'vim', 'kube-ipvs', 'run');
    expect(await localProcesses(folder.path('.'))).to.deep.equal([
      {
        pid: 9,
        name: 'kube-ipvs',
        words: ['node', '/opt/kube-ipvs.mjs', 'run', '--v=2'],
        state: 'T',
        here: false,
      },
      { pid: 11, name: 'kube-proxy', words: ['/usr/bin/kube-proxy'], state: 'S', here: false },
    ]);
    folder.remove();
  });

  it('counts what /proc/net/ip_vs lists', () => {
    const text = [
      'IP Virtual Server version 1.2.1 (size=4096)',
      'Prot LocalAddress:Port Scheduler Flags',
      '  -> RemoteAddress:Port Forward Weight ActiveConn InActConn',
      'TCP  0A60000A:0050 rr',
      '  -> 0A010002:1F90      Masq    1      0          0',
      '  -> 0A010001:1F90      Masq    1      0          0',
      'UDP  [fd00:0000:0000:0000:0000:0000:0000:000a]:0035 rr',
      'FWM  00000001 wlc persistent 300 FFFFFFFF',
      '',
    ].join('\n');
    expect(ipvsGlance(text)).to.deep.equal({ ipvs: '1.2.1', virtualServers: 3, realServers: 2 });
  });

  const ages: readonly (readonly [number, string])[] = [
    [-5, '0s'],
    [3400, '3s'],
    [252_000, '4m12s'],
    [7_980_000, '2h13m'],
    [3_600_000, '1h'],
    [446_400_000, '5d4h'],
  ];
  for (const [milliseconds, text] of ages) {
    it(`writes ${milliseconds} ms as ${text}`, () => {
      expect(ageText(milliseconds)).to.equal(text);
    });
  }

  it('writes what something took with as many digits as matter', () => {
    expect([0.84, 12.3, 3400].map(tookText)).to.deep.equal(['0.8 ms', '12 ms', '3.4 s']);
  });

  describe('with a socket', () => {
    let folder: SocketFolder;
    let server: Server | undefined;

    beforeEach(() => {
      folder = socketFolder();
    });

    afterEach(() => {
      server?.close();
      server?.closeAllConnections();
      folder.remove();
    });

    /** What it prints and ends with. */
    async function ran(...args: string[]): Promise<{ status: number; out: string; err: string }> {
      const terminal = recordingTerminal();
      const input = { args: ['status', ...args], nodeName: 'node-a', apiServer: undefined };
      const status = await runCommandLine(input, terminal);
      return { status, ...terminal.written };
    }

    it('ends with 0 where the daemon says that all is well, and gives what it told as JSON', async () => {
      const told = await running();
      server = createServer((_request, response) => response.end(JSON.stringify(told)));
      server.listen({ path: folder.path('a.sock') });
      const { status, out } = await ran('--socket', folder.path('a.sock'), '-o', 'json');
      expect(JSON.parse(out)).to.deep.include({
        kind: 'NodeStatus',
        well: true,
        daemon: told,
        kernel: null,
      });
      expect(status).to.equal(0);
    });

    it('ends with 1 where nobody answers, and says what the kernel alone tells', async () => {
      const { status, out } = await ran('--socket', folder.path('a.sock'));
      expect(status).to.equal(1);
      expect(out).to.match(
        /^kube-ipvs: +not well\nRead from: +the kernel alone, for no daemon answers\nKernel: +\d/,
      );
      expect(out).to.contain('error: ').and.to.contain('\nhint: ');
    });

    it('ends with 2 where the socket is no path', async () => {
      const { status, err } = await ran('--socket', 'relative');
      expect(status).to.equal(2);
      expect(err).to.contain('error: --socket: expected an absolute path of at most 107 bytes, or off');
    });
  });
});
