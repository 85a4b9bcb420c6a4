import { expect } from 'chai';
import { runCommandLine } from '../../../lib/cli/command-line.ts';
import { recordingTerminal } from './recording-terminal.ts';

/** What a command line prints and ends with. */
async function ran(...args: string[]): Promise<{ status: number; out: string; err: string }> {
  const terminal = recordingTerminal();
  const status = await runCommandLine({ args, nodeName: 'node-a', apiServer: undefined }, terminal);
  return { status, ...terminal.written };
}

describe('the command line', () => {
  const commands = [
    ['run'],
    ['diff'],
    ['get', 'services'],
    ['get', 'endpoints'],
    ['status'],
    ['doctor'],
    ['get', 'sets'],
    ['get', 'connections'],
    ['completion'],
    ['monitor'],
    ['trace'],
    ['top'],
    ['explain'],
    ['cleanup'],
    ['version'],
    ['config', 'validate'],
    ['config', 'view'],
    ['config', 'schema'],
    ['migrate'],
  ] as const;
  for (const command of commands) {
    it(`explains ${command.join(' ')} with examples, in lines that fit on a terminal`, async () => {
      const { status, out, err } = await ran(...command, '--help');
      expect({ status, err }).to.deep.equal({ status: 0, err: '' });
      expect(out)
        .to.contain(`Usage: kube-ipvs ${command.join(' ')}`)
        .and.to.contain('Examples:\n')
        .and.to.match(/^Exit status:\n {2}0 /m);
      expect(out.split('\n').filter((line) => line.length > 100)).to.deep.equal([]);
    });
  }

  it('lists every command in its help', async () => {
    const { status, out } = await ran('--help');
    expect(status).to.equal(0);
    for (const command of [
      'run',
      'diff',
      'get',
      'status',
      'trace',
      'explain',
      'cleanup',
      'config',
      'migrate',
      'completion',
      'version',
      'help',
    ]) {
      expect(out).to.match(new RegExp(`^ {2}${command}\\b`, 'm'));
    }
  });

  it('prints the version', async () => {
    expect((await ran('--version')).out).to.match(/^kube-ipvs \d+\.\d+\.\d+\n$/);
    expect((await ran('version')).out).to.match(/^kube-ipvs {2}\d+\.\d+\.\d+\nnode {7}\d+/);
    const json = JSON.parse((await ran('version', '-o', 'json')).out) as Record<string, unknown>;
    expect(json).to.include({
      apiVersion: 'kube-ipvs.io/v1alpha1',
      kind: 'Version',
      node: process.versions.node,
    });
  });

  const wrong: readonly (readonly [readonly string[], string])[] = [
    [['rnu'], "error: unknown command 'rnu'\n(Did you mean run?)\n"],
    [['run', '--ipvs-schedular', 'rr'], "error: unknown option '--ipvs-schedular'"],
    [['run', '--confg', '/x'], "error: unknown option '--confg'"],
    [['run', '--cleanup=maybe'], 'error: --cleanup: expected true or false, got "maybe"\n'],
    [['run', '--kubeconfig', '/x', '--manifests', '/y'], 'error: --kubeconfig: expected one place that'],
    [['run', '--master', 'http://localhost:8080'], 'error: --master: expected the address of an API server'],
    [['run', '--manifests'], 'error: option'],
    [
      ['run'],
      'error: the source of services: expected --kubeconfig, --manifests, or a pod, which has ' +
        'KUBERNETES_SERVICE_HOST, got none of them\nhint: ',
    ],
    [['run', 'stray'], 'error: too many arguments'],
    [
      ['run', '--manifests', '/x', '--ipvs-scheduler', 'wrrr'],
      'error: --ipvs-scheduler: expected one of rr, wrr, lc, wlc, lblc, lblcr, dh, sh, sed, nq, fo, ovf, mh, twos, ' +
        'got "wrrr"\nhint: did you mean wrr?\n',
    ],
    [['run', '--manifests=/x', '-v=99'], 'error: --v: expected a whole number from 0 to 10, got "99"\n'],
    [
      ['run', '--manifests=/x', '--masquerade-all=maybe'],
      'error: --masquerade-all: expected true or false, got "maybe"\n',
    ],
    [
      ['diff', '--manifests=/x', '-o', 'xml'],
      "error: option '-o, --output <format>' argument 'xml' is invalid.",
    ],
    [
      ['get', 'connections', '--limit', 'some'],
      'error: --limit: expected a whole number, 0 for all, got "some"\n',
    ],
    [['top', '--rows', 'ten'], 'error: --rows: expected a whole number, 0 for all, got "ten"\n'],
    [
      ['get', 'connections', '--client', 'me'],
      'error: --client: expected an address, a network or ADDRESS:PORT',
    ],
    [['completion', 'csh'], "error: command-argument value 'csh' is invalid"],
    [['cleanup', '--ipvs-exclude-cidrs', 'ten'], 'error: --ipvs-exclude-cidrs: expected a CIDR'],
  ];
  for (const [args, message] of wrong) {
    it(`refuses "${args.join(' ')}" with status 2 and a hint`, async () => {
      const { status, out, err } = await ran(...args);
      expect({ status, out }).to.deep.equal({ status: 2, out: '' });
      expect(err.slice(0, message.length)).to.equal(message);
      expect(err).to.match(/^hint: /m);
    });
  }

  it('asks for what tells names before it looks for a Service by name', async () => {
    const { err } = await ran('get', 'connections', 'web', '--socket', 'off');
    expect(err).to.match(/^error: expected a running kube-ipvs, --kubeconfig or --manifests beside a name/);
  });
});
