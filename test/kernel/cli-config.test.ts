import { cpSync, mkdirSync, mkdtempSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { kubeadmFile } from '../unit/config/configuration-files.ts';
import { cleanUp, eventually, kubeIpvs, startKubeIpvs } from './cli-program.ts';
import { enterOwnNamespace, output } from './own-namespace.ts';

const server = '-A -t 10.110.65.131:8080 -s';

/** The file of kubeadm, in which nothing but what manifests take the place of is another. */
const configuration = kubeadmFile.replace('/var/lib/kube-proxy/kubeconfig.conf', '""');

describe('kube-ipvs with the configuration file of kube-proxy', () => {
  let directory = '';
  let file = '';
  let flags: readonly string[] = [];
  let version = 0;

  /** Puts a text in the place of the file as the kubelet does for a ConfigMap. */
  function mount(text: string): void {
    version += 1;
    const name = `..version_${version}`;
    mkdirSync(join(directory, 'config', name));
    writeFileSync(join(directory, 'config', name, 'config.conf'), text);
    symlinkSync(name, join(directory, 'config', '..data_tmp'));
    renameSync(join(directory, 'config', '..data_tmp'), join(directory, 'config', '..data'));
  }

  function virtualServers(): string[] {
    return output('ipvsadm -Sn')
      .split('\n')
      .filter((line) => line.startsWith(server));
  }

  before(() => {
    enterOwnNamespace();
    output('ip link add eth0 type dummy');
    output('ip address add 192.168.111.128/24 dev eth0');
    output('ip link set eth0 up');
  });

  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'configuration-'));
    mkdirSync(join(directory, 'manifests'));
    mkdirSync(join(directory, 'config'));
    cpSync('test/fixtures/scenarios/02-nodeport.yaml', join(directory, 'manifests', 'nodeport.yaml'));
    mount(configuration);
    file = join(directory, 'config', 'config.conf');
    symlinkSync('..data/config.conf', file);
    flags = [
      ...['--config', file, '--hostname-override', 'ycwang-ubuntu'],
      ...[
        '--manifests',
        join(directory, 'manifests'),
        '--healthz-bind-address=0',
        '--metrics-bind-address=0',
      ],
    ];
  });

  afterEach(() => {
    cleanUp();
    rmSync(directory, { recursive: true });
  });

  it('programs a service as the file says, and tells what has no effect', () => {
    mount(configuration.replace('scheduler: ""', 'scheduler: lc').replace('portRange: ""', 'portRange: 1-2'));
    const { status, err } = kubeIpvs('run', '--once', ...flags);
    expect(status, err).to.equal(0);
    expect(err).to.contain('without effect: portRange (no mode uses it any more)');
    expect(virtualServers()).to.deep.equal([`${server} lc`]);
    expect(output('sysctl -n net.netfilter.nf_conntrack_tcp_timeout_close_wait')).to.equal('3600\n');
    expect(output('iptables -t nat -S KUBE-SERVICES')).to.contain('! -s 10.244.0.0/16');
  });

  it('finds nothing to write with the file that it wrote itself', () => {
    const target = join(directory, 'written.yaml');
    expect(kubeIpvs('run', ...flags, '--ipvs-scheduler=wlc', '--write-config-to', target).status).to.equal(0);
    expect(kubeIpvs('run', '--once', ...flags, '--ipvs-scheduler=wlc').status).to.equal(0);
    const { status, out, err } = kubeIpvs('diff', '--config', target);
    expect({ status, out }, err).to.deep.equal({ status: 0, out: '' });
    expect(virtualServers()).to.deep.equal([`${server} wlc`]);
  });

  it('ends with status 0 when the file asks for something else, and leaves the kernel as it is', async () => {
    const running = startKubeIpvs('run', ...flags);
    await eventually(virtualServers, ([line]) => line === `${server} rr`);
    await eventually(
      () => running.log(),
      (log) => log.includes('ready: every service is programmed'),
    );

    expect(running.log()).to.contain('node ports are served on every address of this node');

    mount(`# the same\n${configuration}`);
    await eventually(
      () => running.log(),
      (log) => log.includes('has changed, and nothing of what is in force'),
    );

    mount(configuration.replace('scheduler: ""', 'scheduler: fastest'));
    await eventually(
      () => running.log(),
      (log) => log.includes('until then what is in force stays'),
    );
    expect(running.log()).to.match(/error .*config\.conf:36:3: ipvs\.scheduler: expected one of rr, /);

    mount(configuration.slice(0, 300));
    await eventually(
      () => running.log(),
      (log) => log.split('until then what is in force stays').length > 2,
    );
    expect(virtualServers()).to.deep.equal([`${server} rr`]);

    mount(configuration.replace('scheduler: ""', 'scheduler: lc'));
    expect(await running.ended()).to.equal(0);
    expect(running.log()).to.match(/config\.conf has changed: kube-ipvs ends, to be started again with it/);
    expect(virtualServers()).to.deep.equal([`${server} rr`]);

    expect(kubeIpvs('run', '--once', ...flags).status).to.equal(0);
    expect(virtualServers()).to.deep.equal([`${server} lc`]);
  });

  it('sets kernel settings alone with --init-only', () => {
    output('sysctl -w net.ipv4.vs.conntrack=0 net.ipv4.conf.all.arp_ignore=0');
    const { status, err } = kubeIpvs('run', '--init-only', ...flags, '--ipvs-strict-arp');
    expect(status, err).to.equal(0);
    expect(output('sysctl -n net.ipv4.vs.conntrack net.ipv4.conf.all.arp_ignore')).to.equal('1\n1\n');
    expect(output('ipvsadm -Sn')).to.equal('');
  });

  it('removes what is ours with --cleanup', () => {
    expect(kubeIpvs('run', '--once', ...flags).status).to.equal(0);
    const { status, err } = kubeIpvs('run', '--cleanup', ...flags);
    expect(status, err).to.equal(0);
    expect(err).to.contain('hint: "kube-ipvs cleanup --dry-run"');
    expect(output('ipvsadm -Sn')).to.equal('');
  });
});
