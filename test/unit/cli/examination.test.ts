import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { expect } from 'chai';
import { readModuleLists } from '../../../lib/cli/module-lists.ts';
import { probe } from '../../../lib/cli/examination/probe.ts';
import { findProxies } from '../../../lib/cli/examination/proxy-processes.ts';
import { runningConfiguration } from '../../../lib/cli/examination/running-configuration.ts';
import { runningOnce } from '../../../lib/cli/examination/run-once.ts';
import { readSavedRules } from '../../../lib/cli/examination/saved-rules.ts';
import { formatExamination } from '../../../lib/cli/output/examination.ts';
import type { CommandResult, Run } from '../../../lib/kernel/command.ts';

let root = '';

function write(path: string, text: string): void {
  const file = join(root, path);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, text);
}

/** A process as proc(5) shows it. */
function process(pid: number, words: readonly string[], namespace = 'net:[1]'): void {
  write(`${pid}/cmdline`, words.map((word) => `${word}\0`).join(''));
  mkdirSync(join(root, `${pid}/ns`), { recursive: true });
  symlinkSync(namespace, join(root, `${pid}/ns/net`));
}

/** Programs that print a text; others are not there. */
function programs(texts: Readonly<Record<string, string>>): Run {
  return (command): Promise<CommandResult> => {
    const stdout = texts[command];
    return Promise.resolve(
      stdout === undefined
        ? { status: 127, stdout: '', stderr: 'not found' }
        : { status: 0, stdout, stderr: '' },
    );
  };
}

describe('what is read for an examination', () => {
  beforeEach(() => {
    root = mkdtempSync(join(tmpdir(), 'proc-'));
    mkdirSync(join(root, 'self/ns'), { recursive: true });
    symlinkSync('net:[1]', join(root, 'self/ns/net'));
  });

  afterEach(() => {
    rmSync(root, { recursive: true });
  });

  it('are the proxies of this network namespace', async () => {
    process(31, ['/usr/local/bin/kube-proxy', '--v=2']);
    process(7, ['node', '/app/kube-ipvs.mjs', 'run', '--manifests', '/m']);
    process(8, ['node', '/app/kube-ipvs.mjs', 'run', '--once', '--manifests', '/m']);
    process(9, ['node', '/app/kube-ipvs.mjs', 'doctor']);
    process(10, ['kube-proxy'], 'net:[2]');
    process(11, ['sh', '-c', 'kube-ipvs run']);
    write('12/comm', 'a thread of the kernel has no command line');
    const found = await findProxies(root);
    expect(found.map(({ pid, program, commandLine }) => [pid, program, commandLine])).to.deep.equal([
      [7, 'kube-ipvs', 'node /app/kube-ipvs.mjs run --manifests /m'],
      [31, 'kube-proxy', '/usr/local/bin/kube-proxy --v=2'],
    ]);
  });

  it('is the configuration of a running one, by its flags, its folder and its environment', async () => {
    process(7, ['kube-ipvs', 'run', '--manifests', 'services', '--ipvs-scheduler=lc', '-v', '4']);
    write('7/environ', 'HOME=/\0NODE_NAME=worker-7\0');
    symlinkSync('/srv', join(root, '7/cwd'));
    const [daemon] = await findProxies(root);
    const { configuration, args } = await runningConfiguration(daemon!, { nodeName: 'here' }, root);
    const { manifests, scheduler, nodeName, verbosity } = configuration;
    expect({ manifests, scheduler, nodeName, verbosity }).to.deep.equal({
      ...{ manifests: '/srv/services', scheduler: 'lc', nodeName: 'worker-7', verbosity: 4 },
    });
    expect(args).to.deep.equal(['--manifests', 'services', '--ipvs-scheduler=lc', '-v', '4']);
  });

  it('are modules that are loaded, built in or to be had', async () => {
    write('modules', 'ip_vs 163840 3 ip_vs_rr, Live 0x0\nip_vs_rr 16384 1 - Live 0x0\n');
    write('sys/module/dummy/x', '');
    write('lib/modules.builtin', 'kernel/net/netfilter/nf_conntrack.ko\n');
    write('lib/modules.dep', 'kernel/net/netfilter/ipvs/ip_vs_mh.ko.xz: kernel/lib/libcrc32c.ko.xz\n');
    const places = { proc: root, sys: join(root, 'sys'), modules: join(root, 'lib') };
    const { there, available } = await readModuleLists(places);
    expect([...there]).to.include.members(['ip_vs', 'ip_vs_rr', 'dummy']);
    expect([...available!].sort()).to.deep.equal(['ip_vs_mh', 'nf_conntrack']);
    write('sys/kernel/modules_disabled', '1\n');
    expect([...(await readModuleLists(places)).available!]).to.deep.equal(['nf_conntrack']);
    expect((await readModuleLists({ ...places, modules: join(root, 'none') })).available).to.equal(undefined);
  });

  it('are the rules of every flavour that works, with the policies of the table filter', async () => {
    const text =
      '*nat\n:INPUT DROP [0:0]\nCOMMIT\n*filter\n:FORWARD DROP [0:0]\n-A FORWARD -j ACCEPT\nCOMMIT\n';
    const rules = await readSavedRules(programs({ 'iptables-nft-save': text, 'ip6tables-legacy-save': '' }));
    expect(rules.map(({ flavour, family }) => `${flavour} ${family}`)).to.deep.equal([
      'nft IPv4',
      'legacy IPv6',
    ]);
    expect([...rules[0]!.policies]).to.deep.equal([['FORWARD', 'DROP']]);
    expect(rules[0]!.tables.filter.get('FORWARD')).to.deep.equal(['-j ACCEPT']);
  });

  it('are those of the bare name where no flavour has one of its own, and none is an error that says so', async () => {
    const plain = await readSavedRules(programs({ 'iptables-save': '' }));
    expect(plain.map(({ flavour }) => flavour)).to.deep.equal(['plain']);
    const failure = await readSavedRules(programs({})).catch((error: unknown) => error);
    expect(String(failure)).to.include('no iptables-save works here: not found');
  });

  it('takes a program once for all who ask for the same', async () => {
    const lines: string[] = [];
    const run = runningOnce((command, args) => {
      lines.push([command, ...args].join(' '));
      return Promise.resolve({ status: 0, stdout: command, stderr: '' });
    });
    await Promise.all([run('a', ['x']), run('a', ['x']), run('a', ['y']), run('b', [])]);
    expect((await run('a', ['x'])).stdout).to.equal('a');
    expect(lines).to.deep.equal(['a x', 'a y', 'b']);
  });

  it('is whether somebody listens', async () => {
    const server = createServer().listen(0, '127.0.0.1');
    await new Promise((resolve) => server.once('listening', resolve));
    const { port } = server.address() as AddressInfo;
    expect(await probe('127.0.0.1', port)).to.equal('connected');
    await new Promise((resolve) => server.close(resolve));
    expect(await probe('127.0.0.1', port)).to.equal('refused');
  });
});

describe('an examination on a terminal', () => {
  it('has the findings with what mends them, then what is left, and a line for all', () => {
    const facts = { node: 'worker', kernel: '6.1.0', version: '1.0.0', configuration: 'that of process 7' };
    const finding = {
      ...({
        name: 'ip-forward-off',
        check: 'sysctls',
        severity: 'error',
        meaning: 'Nothing is forwarded.',
      } as const),
      ...{ evidence: ['it is 0', 'it was 1'], mend: ['sysctl -w x=1'] },
    };
    const outcomes = [
      { check: 'sysctls', state: 'found', told: '9 settings' } as const,
      { check: 'clock', state: 'not-examined', told: 'there is no API server' } as const,
      { check: 'mtu', state: 'well', told: 'eth0 has 1500' } as const,
    ];
    expect(formatExamination(facts, { findings: [finding], outcomes })).to.equal(
      [
        'Node worker, kernel 6.1.0, kube-ipvs 1.0.0',
        'Read from the kernel and the API or manifests; configuration: that of process 7',
        '',
        'ERROR    ip-forward-off  (sysctls)',
        '  found: it is 0',
        '         it was 1',
        '  means: Nothing is forwarded.',
        '  mend:  sysctl -w x=1',
        '',
        'NOT EXAMINED',
        '  clock  there is no API server',
        '',
        'WELL',
        '  mtu  eth0 has 1500',
        '',
        '1 error, 0 warnings, 0 notes; 1 of 3 checks found nothing, 1 could not be made',
        '',
      ].join('\n'),
    );
    const about = new Map(outcomes.map(({ check }) => [check, `What ${check} reads.`]));
    expect(formatExamination(facts, { findings: [finding], outcomes }, about))
      .to.include('  about: What sysctls reads.\n  found: it is 0\n')
      .and.to.include('WELL\n  mtu  eth0 has 1500\n       What mtu reads.\n');
  });
});
