import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { expect } from 'chai';
import { parseAllDocuments } from 'yaml';
import { ask } from '../unit/health/support.ts';
import {
  cleanUp,
  eventually,
  kubeIpvs,
  kubeIpvsBeside,
  program,
  ranAs,
  type Ran,
  type Running,
  startedAs,
  startKubeIpvs,
  unprivileged,
} from './cli-program.ts';
import { enterOwnNamespace, output } from './own-namespace.ts';

const metricsPort = 10249;

/** A Service of two endpoints, as a file of manifests. */
function manifest(...endpoints: readonly string[]): string {
  const service = {
    ...{ apiVersion: 'v1', kind: 'Service', metadata: { name: 'web', namespace: 'shop' } },
    spec: { clusterIP: '10.96.0.10', clusterIPs: ['10.96.0.10'], ports: [{ name: 'http', port: 80 }] },
  };
  const slice = {
    ...{ apiVersion: 'discovery.k8s.io/v1', kind: 'EndpointSlice', addressType: 'IPv4' },
    metadata: { name: 'web-1', namespace: 'shop', labels: { 'kubernetes.io/service-name': 'web' } },
    ports: [{ name: 'http', port: 8080 }],
    endpoints: endpoints.map((address) => ({ addresses: [address] })),
  };
  return [service, slice].map((object) => JSON.stringify(object)).join('\n---\n');
}

/** What JSON a run of `status` printed. */
function documentOf({ out }: Ran): Record<string, never> {
  return JSON.parse(out) as Record<string, never>;
}

describe('a running kube-ipvs and who asks it', function () {
  this.timeout(240_000);

  let directory: string;
  let socket: string;
  let running: Running | undefined;

  before(() => {
    enterOwnNamespace();
  });

  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'operating-'));
    socket = join(directory, 'kube-ipvs.sock');
    serve('10.1.0.1', '10.1.0.2');
  });

  afterEach(async () => {
    await running?.stop();
    running = undefined;
    rmSync(directory, { recursive: true });
    cleanUp();
  });

  function serve(...endpoints: readonly string[]): void {
    writeFileSync(join(directory, 'web.yaml'), manifest(...endpoints));
  }

  /** Starts it, and waits until everything is programmed as far as the kernel takes it. */
  async function start(...flags: readonly string[]): Promise<Running> {
    const started = startKubeIpvs('run', '--manifests', directory, '--socket', socket, ...flags);
    running = started;
    await eventually(
      () => started.log(),
      (log) => /ready(: every|, but for)/.test(log),
    );
    return started;
  }

  async function logged(started: Running, text: string): Promise<void> {
    await eventually(
      () => started.log(),
      (log) => log.includes(text),
    );
  }

  function status(...flags: readonly string[]): Ran {
    return kubeIpvs('status', '--socket', socket, ...flags);
  }

  /** Puts a verbosity at the socket. */
  async function putVerbosity(value: string): Promise<number | undefined> {
    const asking = request({ socketPath: socket, path: '/debug/flags/v', method: 'PUT', agent: false });
    asking.end(value);
    const [response] = (await once(asking, 'response')) as [{ statusCode?: number; resume(): void }];
    response.resume();
    return response.statusCode;
  }

  it('is told to be well, not to answer and not to be there, each with its exit status', async () => {
    const started = await start();
    const well = status();
    expect(well.status, well.out).to.equal(0);
    expect(well.out).to.match(/^kube-ipvs: +well\n/);
    expect(well.out).to.contain('1 Service, every change is in the kernel');
    const pid = Number(/process (\d+)/.exec(well.out)?.[1]);
    process.kill(pid, 'SIGSTOP');
    const stopped = status();
    process.kill(pid, 'SIGCONT');
    expect(stopped.status, started.log()).to.equal(1);
    expect(stopped.out).to.contain(`error: kube-ipvs, process ${pid}, is stopped and programs nothing`);
    expect(stopped.out).to.match(/^Virtual servers: +1\nReal servers: +2\nkube-ipvs0: +1 address$/m);
    await running?.stop();
    const gone = status('-o', 'json');
    expect(gone.status).to.equal(1);
    expect(documentOf(gone)).to.deep.include({ kind: 'NodeStatus', well: false, daemon: null });
  });

  it('is told not to be well where the kernel refuses something, with what to do', async () => {
    output('ipset create KUBE-LOAD-BALANCER hash:ip');
    await start();
    const refused = status();
    expect(refused.status).to.equal(1);
    expect(refused.out).to.contain(
      'error: the kernel refused to create set KUBE-LOAD-BALANCER: expected set',
    );
    expect(refused.out).to.match(/^ +sets +\d+ +1 +1 /m);
    await running?.stop();
    cleanUp();
    output('ipset destroy KUBE-LOAD-BALANCER');
  });

  it('tells the names of Services to who lists the kernel, and where it reads to who traces', async () => {
    await start();
    const listed = kubeIpvs('get', 'services', '--socket', socket, '-n', 'shop', 'web', '--no-headers');
    expect(listed.out, listed.err).to.match(/^shop +web +http +10\.96\.0\.10 +80 +TCP +rr +2\/2\n$/);
    expect(listed.err).to.equal('');
    const none = kubeIpvs('get', 'endpoints', '--socket', socket, 'nosuch');
    expect(none.out).to.match(/^NAMESPACE .*\n$/);
    expect(none).to.deep.include({
      status: 0,
      err: 'note: the kernel holds no endpoints of a Service nosuch\n',
    });
    const nobody = kubeIpvs('get', 'connections', '--socket', socket, '-n', 'shop');
    expect(nobody.err).to.equal('note: the kernel holds no connections in namespace shop\n');
    const listing = kubeIpvs('get', 'services', '--socket', socket, '-o', 'json').out;
    expect(JSON.parse(listing)).to.have.property('names', 'the running kube-ipvs');
    const set = kubeIpvs('get', 'sets', 'KUBE-CLUSTER-IP', '-o', 'json').out;
    expect((JSON.parse(set) as { names: string }).names).to.match(/^the (API server|manifests) /);
    const traced = kubeIpvs('trace', 'shop/web', '-o', 'json');
    expect(JSON.parse(traced.out), traced.err).to.deep.include({
      service: { namespace: 'shop', name: 'web', port: 'http' },
    });
    expect(kubeIpvs('trace', 'shop/wbe').err).to.contain('hint: did you mean shop/web?');
    expect(kubeIpvs('get', 'sets', 'KUBE-CLUSTER-IP', '--no-headers').out).to.match(/ shop\/web\n$/);
    const cleaned = kubeIpvs('cleanup');
    expect(cleaned.err).to.match(
      /^warning: kube-ipvs runs, as process \d+, and makes anew what is removed\n/,
    );
  });

  it('has no other proxy beside it for whoever may not tell in which network that is', async () => {
    await start();
    const other = startedAs(['bash', '-c', 'exec -a kube-proxy sleep 100']);
    const command = [process.execPath, program, 'doctor', '--only', 'other-proxies', '-o', 'json'];
    const told = ranAs([...unprivileged, ...command]);
    expect(told, told.err).to.deep.include({ status: 0 });
    expect(documentOf(told)).to.have.nested.property('checks[0].state', 'not-examined');
    expect(documentOf(ranAs(command))).to.have.nested.property('findings[0].name', 'another-proxy');
    await other.stop();
    const sets = ranAs([...unprivileged, process.execPath, program, 'get', 'sets']);
    expect(sets.err).to.match(/^error: expected the capability NET_ADMIN, got EPERM from IP sets\nhint: /);
  });

  it('shows every change to who monitors it', async () => {
    await start();
    const told = { lines: '', documents: '' };
    const command = [program, 'monitor', '--socket', socket, '-n', 'shop', 'web'];
    const monitors = ([['lines'], ['documents', '-o', 'yaml']] as const).map(([which, ...flags]) => {
      const monitor = spawn(process.execPath, [...command, ...flags], {
        stdio: ['ignore', 'pipe', 'inherit'],
      });
      monitor.stdout.setEncoding('utf8').on('data', (text: string) => {
        told[which] += text;
      });
      return { monitor, exit: once(monitor, 'exit') };
    });
    // It follows from some moment on: endpoints come and go until then.
    let last = 3;
    const look = (): typeof told => {
      last = last === 250 ? 3 : last + 1;
      serve('10.1.0.1', `10.1.0.${last}`);
      output('sleep 1');
      return told;
    };
    const { lines, documents } = await eventually(
      look,
      (seen) =>
        seen.lines.includes('+real-server') &&
        seen.lines.includes('-real-server') &&
        seen.documents.split('---').length > 3,
    );
    expect(lines).to.match(
      /^\d\d:\d\d:\d\d\.\d{3} \+real-server 10\.96\.0\.10:80\/TCP → 10\.1\.0\.\d+:8080 w=1 \(shop\/web\) [\d.]+ m?s$/m,
    );
    const [first] = parseAllDocuments(documents.slice(0, documents.lastIndexOf('---')));
    expect(first?.toJS()).to.include({ kind: 'change', service: 'shop/web' });
    for (const { monitor, exit } of monitors) {
      monitor.kill('SIGINT');
      expect((await exit)[0]).to.equal(0);
    }
  });

  it('logs more when it is told to, at the socket and over loopback', async () => {
    const started = await start();
    expect(await putVerbosity('4')).to.equal(200);
    await logged(started, 'the verbosity of this log was changed before=0 verbosity=4');
    expect((await ask(metricsPort, '/debug/flags/v')).body).to.equal('4\n');
    expect(await ask(metricsPort, '/debug/flags/v', { method: 'PUT', body: '2' })).to.include({
      status: 200,
    });
    await logged(started, 'before=4 verbosity=2');
    expect(documentOf(status('-o', 'json'))).to.have.nested.property('daemon.process.verbosity', 2);
  });

  it('shows the busiest Services by their names, as JSON and on a terminal that is left as it was', async () => {
    output('ip address add 10.1.0.1/32 dev lo');
    serve('10.1.0.1');
    const server = createServer((_request, response) => response.end('web')).listen(8080, '10.1.0.1');
    await start();
    const traffic = setInterval(() => {
      ask(80, '/', { host: '10.96.0.10' }).catch(() => undefined);
    }, 100);
    const command = `${process.execPath} ${program} top -o wide --socket ${socket}`;
    const terminal = spawn('script', ['-qfec', command, '/dev/null'], { stdio: ['pipe', 'pipe', 'inherit'] });
    let seen = '';
    terminal.stdout.setEncoding('utf8').on('data', (text: string) => {
      seen += text;
    });
    const exit = once(terminal, 'exit');
    try {
      const { out, err } = await kubeIpvsBeside(['top', '--socket', socket, '--once', '-o', 'json']);
      const [rate] = (JSON.parse(out) as { items: Record<string, unknown>[] }).items;
      expect(rate, err).to.include({ virtualServer: 'TCP 10.96.0.10:80', namespace: 'shop', name: 'web' });
      expect(rate?.['connections']).to.be.greaterThan(0);
      expect(rate?.['bytes']).to.be.greaterThan(0);
      await eventually(
        () => seen,
        (text) => /shop +web +http +TCP 10\.96\.0\.10:80 +\d/.test(text),
      );
    } finally {
      terminal.stdin.write('q');
      clearInterval(traffic);
      server.closeAllConnections();
      server.close();
      output('ip address delete 10.1.0.1/32 dev lo');
    }
    expect((await exit)[0]).to.equal(0);
    const [entering, leaving] = ['\u001b[?1049h\u001b[?25l', '\u001b[?25h\u001b[?1049l'];
    expect(seen.trim().startsWith(entering), seen).to.equal(true);
    expect(seen.trim().endsWith(leaving), seen).to.equal(true);
  });
});
