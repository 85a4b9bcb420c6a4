import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { parse } from 'yaml';
import { runCommandLine } from '../../../lib/cli/command-line.ts';
import { unusedFlags } from '../../../lib/config/unused-flags.ts';
import { eksFile, kubeadmFile } from '../config/configuration-files.ts';
import { recordingTerminal } from './recording-terminal.ts';

const head = 'apiVersion: kubeproxy.config.k8s.io/v1alpha1\nkind: KubeProxyConfiguration\n';

describe('commands about configuration', () => {
  let directory = '';

  before(() => {
    directory = mkdtempSync(join(tmpdir(), 'configuration-'));
  });

  after(() => {
    rmSync(directory, { recursive: true });
  });

  function written(text: string): string {
    const file = join(directory, 'file.yaml');
    writeFileSync(file, text);
    return file;
  }

  /** What a command line prints and ends with. */
  async function ran(...args: string[]): Promise<{ status: number; out: string; err: string }> {
    const terminal = recordingTerminal();
    const status = await runCommandLine({ args, nodeName: 'node-a', apiServer: undefined }, terminal);
    const { out, err } = terminal.written;
    return { status, out, err: err.replaceAll(`${directory}/`, '') };
  }

  describe('config validate', () => {
    it('ends with 0 where the file can be used, and names what has no effect', async () => {
      const file = written(eksFile);
      expect(await ran('config', 'validate', file)).to.deep.include({
        status: 0,
        out: `${file}: a valid KubeProxyConfiguration\n`,
      });
      expect((await ran('config', 'validate', file)).err).to.match(
        /^note: file.yaml:5:3: clientConnection.burst has no effect: /,
      );
    });

    it('ends with 1 and tells every problem with line, column and field', async () => {
      const { status, out, err } = await ran(
        ...['config', 'validate', written(`${head}mode: iptables\nx: 1\nipvs:\n  scheduler: rrr\n`)],
      );
      expect({ status, out }).to.deep.equal({ status: 1, out: '' });
      expect(err.split('\n').filter((line) => !line.startsWith('hint: '))).to.deep.equal([
        'warning: file.yaml:4:1: x: expected a field of KubeProxyConfiguration, got an unknown one',
        'error: file.yaml:3:1: mode: expected one of ipvs, got "iptables"',
        'error: file.yaml:6:3: ipvs.scheduler: expected one of rr, wrr, lc, wlc, lblc, lblcr, dh, sh, sed, nq, fo, ' +
          'ovf, mh, twos, got "rrr"',
        '',
      ]);
    });

    it('tells of a file that cannot be read', async () => {
      const { status, err } = await ran('config', 'validate', join(directory, 'none'));
      expect(status).to.equal(1);
      expect(err).to.equal(
        'error: none: expected a configuration file that can be read, got ENOENT\nhint: name another file, or make this one readable\n',
      );
    });
  });

  describe('config view', () => {
    it('prints every value, and where it is from', async () => {
      const file = written(kubeadmFile);
      const { status, out } = await ran('config', 'view', file, '--ipvs-scheduler', 'lc');
      expect(status).to.equal(0);
      expect(out.replaceAll(`${directory}/`, ''))
        .to.contain('mode: ipvs # file.yaml:52:1\n')
        .and.to.contain('hostnameOverride: node-a # NODE_NAME\n')
        .and.to.contain('  scheduler: lc # --ipvs-scheduler\n')
        .and.to.contain('  strictARP: false # file.yaml:37:3\n')
        .and.to.contain('drainTimeout: 15m0s # default\n')
        .and.to.contain('# default\nnodePortAddresses:\n  - 0.0.0.0/0\n  - ::/0\n');
      expect((await ran('config', 'validate', written(out))).status).to.equal(0);
    });

    it('prints the same as JSON', async () => {
      const { out } = await ran('config', 'view', '-o', 'json', '--bind-address=::', '--v=4');
      const view = JSON.parse(out) as { configuration: object; origins: object };
      expect(view.configuration).to.deep.include({ metricsBindAddress: '[::1]:10249' });
      expect(view.origins).to.include({ 'logging.verbosity': '--v', mode: 'default' });
    });

    it('takes a flag for the file as well', async () => {
      const { out } = await ran('config', 'view', '--config', written(eksFile));
      expect(out).to.contain('oomScoreAdj: -998 # ');
    });
  });

  it('config schema prints a JSON Schema', async () => {
    const { out } = await ran('config', 'schema');
    expect(JSON.parse(out)).to.include({ title: 'KubeIpvsConfiguration', type: 'object' });
  });

  it('migrate prints a configuration that can be used, and what will be different', async () => {
    const { status, out } = await ran('migrate', '--from-kube-proxy', written(eksFile));
    expect(status).to.equal(0);
    expect(out).to.match(/^# Different from kube-proxy:\n# - /);
    expect(out).to.match(/\n {2}scheduler: lc\n/);
    expect((await ran('config', 'validate', written(out))).err).to.equal('');
  });

  describe('run', () => {
    it('--write-config-to writes what would be in force, with every default', async () => {
      const target = join(directory, 'written.yaml');
      const { status } = await ran(
        ...[
          'run',
          '--config',
          written(kubeadmFile),
          '--ipvs-min-sync-period=1s',
          '--write-config-to',
          target,
        ],
      );
      expect(status).to.equal(0);
      expect(parse(readFileSync(target, 'utf8'))).to.deep.include({
        kind: 'KubeIpvsConfiguration',
        clusterCIDR: '10.244.0.0/16',
        drainTimeout: '15m0s',
      });
      expect(await ran('config', 'validate', target)).to.deep.include({ status: 0, err: '' });
    });

    it('--write-config-to tells where it cannot write', async () => {
      const { status, err } = await ran('run', '--write-config-to', join(directory, 'none', 'x'));
      expect(status).to.equal(1);
      expect(err).to.match(/^error: none\/x: expected a file that can be written, got ENOENT\nhint: /);
    });

    it('--version prints the version', async () => {
      expect((await ran('run', '--version')).out).to.match(/^kube-ipvs \d+\.\d+\.\d+\n$/);
    });

    it('refuses a wrong configuration file with status 2', async () => {
      const { status, err } = await ran('run', '--config', written(`${head}mode: nftables\n`));
      expect(status).to.equal(2);
      expect(err).to.match(/^error: file.yaml:3:1: mode: expected one of ipvs, got "nftables"\nhint: /);
    });

    it('takes every flag of kube-proxy, says in one line which have no effect, and why', async () => {
      const flags = [...unusedFlags.keys()].flatMap((flag) => [flag.replaceAll(/(?<=\w)-/g, '_'), '1']);
      const { err } = await ran('run', ...flags, '--manifests', join(directory, 'none'), '--init-only=false');
      const lines = err.split('\n').filter((line) => line.includes('without effect'));
      expect(lines).to.have.length(1);
      for (const [flag, reason] of unusedFlags) expect(lines[0]).to.contain(`${flag} (${reason})`);
    });

    it('says that node ports are not served on loopback addresses', async () => {
      const flags = ['--nodeport-addresses=localhost', '--manifests', join(directory, 'none')];
      expect((await ran('run', ...flags)).err).to.contain('not served on the loopback addresses');
    });

    it('says which flags win over the file where kube-proxy ignores them', async () => {
      const file = written(`${head}ipvs: {scheduler: lc}\nhostnameOverride: b\nlogging: {verbosity: 1}\n`);
      const flags = ['--ipvs-scheduler=sh', '--hostname-override=a', '-v=0'];
      const { err } = await ran('run', '--config', file, ...flags, '--manifests', join(directory, 'none'));
      const lines = err.split('\n').filter((line) => line.includes('wins over'));
      expect(lines).to.have.length(1);
      expect(lines[0]).to.match(/--ipvs-scheduler wins over ipvs.scheduler of the file/);
    });
  });
});
