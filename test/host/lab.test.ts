import { expect } from 'chai';
import type { ChildProcess } from 'node:child_process';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { commandOf, processIds } from '../lab/processes.ts';

const launcher = resolve(import.meta.dirname, '../lab/run.ts');

/** What a lab that has ended left to see. */
interface Outcome {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** A launcher with a folder for temporary files of its own, so that other labs on this host do not disturb. */
class Launch {
  readonly folder = mkdtempSync(join(tmpdir(), 'lab-test-'));
  readonly child: ChildProcess;
  stdout = '';
  stderr = '';

  constructor(args: readonly string[]) {
    this.child = spawn('node', [launcher, ...args], {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, TMPDIR: this.folder },
    });
    this.child.stdout?.setEncoding('utf8').on('data', (text: string) => (this.stdout += text));
    this.child.stderr?.setEncoding('utf8').on('data', (text: string) => (this.stderr += text));
  }

  async outcome(): Promise<Outcome> {
    const [code] = (await once(this.child, 'close')) as [number | null];
    return { code, stdout: this.stdout, stderr: this.stderr };
  }

  async printed(text: string): Promise<void> {
    while (!this.stdout.includes(text)) {
      if (this.child.exitCode !== null) throw new Error(`ended before it printed ${text}: ${this.stderr}`);
      await sleep(20);
    }
  }

  /** Processes on the host that belong to this lab: their command lines name its folder. */
  processes(): string[] {
    return processIds()
      .filter((pid) => pid !== this.child.pid)
      .map(commandOf)
      .filter((command) => command.includes(this.folder));
  }

  /** Waits until nothing of it is left, neither process nor file. */
  async gone(): Promise<void> {
    while (this.processes().length > 0 || readdirSync(this.folder).length > 0) await sleep(20);
    rmSync(this.folder, { recursive: true });
  }
}

async function run(...args: readonly string[]): Promise<Outcome> {
  const launch = new Launch(args);
  const outcome = await launch.outcome();
  await launch.gone();
  return outcome;
}

const uml = ['--in', 'uml', '--timeout', '60'];

describe('the lab, from outside', () => {
  it('hands arguments on unchanged, and output and exit status back', async () => {
    const words = ['a b', "it's", '$HOME "q" `x`', '', '*', 'tab\there', 'line\nbreak', 'ü'];
    const script = 'printf "<%s>" "$@"; printf err >&2; exit 37';
    const outcome = await run(...uml, '--', 'bash', '-c', script, 'bash', ...words);
    expect(outcome).to.deep.equal({
      code: 37,
      stdout: words.map((word) => `<${word}>`).join(''),
      stderr: 'err',
    });
  });

  it('loses none of much output, and adds nothing to it', async () => {
    const { code, stdout } = await run(...uml, '--', 'seq', '200000');
    expect(code).to.equal(0);
    expect(stdout.length).to.equal(1_288_895);
    expect(stdout.endsWith('\n199999\n200000\n')).to.equal(true);
  });

  it('says that a command ended by a signal, or that there is none such', async () => {
    expect((await run(...uml, '--', 'bash', '-c', 'kill -9 $$')).code).to.equal(137);
    expect(await run(...uml, '--', 'no-such-command')).to.deep.equal({
      code: 127,
      stdout: '',
      stderr: 'lab: cannot run no-such-command: No such file or directory\n',
    });
  });

  it('lets the command write where it may and nowhere else on the host', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'lab-written-'));
    const script = `echo kept >${folder}/file; echo lost >/tmp/lost; echo no >${launcher}.written; echo $MINE`;
    const { stdout, stderr } = await run(
      ...uml,
      '--write',
      folder,
      '--env',
      'MINE=a b',
      '--',
      'bash',
      '-c',
      script,
    );
    expect(readFileSync(join(folder, 'file'), 'utf8')).to.equal('kept\n');
    expect(stdout).to.equal('a b\n');
    expect(stderr).to.match(/run\.ts\.written: Read-only file system\n$/);
    rmSync(folder, { recursive: true });
  });

  it('runs in namespaces of a kernel that has IPVS just the same', async () => {
    const inner = ['node', launcher, '--in', 'namespaces', '--', 'bash', '-c'];
    const script = [
      'echo $LAB $$ "$1"',
      'ls /run/netns',
      'touch /etc/written 2>&1',
      'ipvsadm -A -t 10.0.0.1:80',
      'sleep 1000 >/dev/null 2>&1 &',
      'exit 41',
    ].join('\n');
    const outer = 'ip netns add outer; "$@"; echo status $?; ipvsadm -Sn; pgrep -x sleep; ip netns';
    const command = ['bash', '-c', outer, 'bash', ...inner, script, 'bash', 'a "b"'];
    const { stdout, stderr } = await run(...uml, '--', ...command);
    expect(stderr).to.equal('');
    expect(stdout).to.equal(
      '1 2 a "b"\ntouch: cannot touch \'/etc/written\': Read-only file system\nstatus 41\nouter\n',
    );
  });

  it('hands an interrupt to the command, which may end as it likes', async () => {
    const script = 'trap "echo caught; exit 9" INT; echo waiting; while :; do sleep 0.05; done';
    const launch = new Launch([...uml, '--', 'bash', '-c', script]);
    await launch.printed('waiting');
    launch.child.kill('SIGINT');
    expect(await launch.outcome()).to.deep.equal({ code: 9, stdout: 'waiting\ncaught\n', stderr: '' });
    await launch.gone();
  });

  it('leaves neither process nor file behind when its time is up', async () => {
    const outcome = await run('--in', 'uml', '--timeout', '4', '--', 'bash', '-c', 'sleep 1000 & wait');
    expect(outcome).to.deep.equal({
      code: 124,
      stdout: '',
      stderr: 'lab: killed after 4 s, the limit set with --timeout\n',
    });
  });

  it('leaves neither process nor file behind when the launcher is killed', async () => {
    const launch = new Launch([...uml, '--', 'bash', '-c', 'echo up; sleep 1000 & wait']);
    await launch.printed('up');
    expect(launch.processes().join('\n')).to.include('linux.uml');
    launch.child.kill('SIGKILL');
    await launch.gone();
  });

  it('says what is wrong when the kernel dies, and leaves nothing behind', async () => {
    const { code, stderr } = await run(...uml, '--', 'bash', '-c', 'echo c >/proc/sysrq-trigger');
    expect(code).to.equal(125);
    expect(stderr).to.match(/^lab: the lab died under its command\n[^]*sysrq triggered crash/);
  });

  it('says what is wrong when the kernel does not boot', async () => {
    const { code, stderr } = await run('--in', 'uml', '--mem', '1M', '--', 'true');
    expect(code).to.equal(125);
    expect(stderr).to.match(/^lab: the lab did not boot\n/);
  });

  it('refuses a wrong command line', async () => {
    expect(await run('--in', 'kvm', '--', 'true')).to.deep.equal({
      code: 2,
      stdout: '',
      stderr: 'lab: --in: expected uml, namespaces, auto, got "kvm"\n',
    });
  });
});
