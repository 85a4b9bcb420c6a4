import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { enterOwnNamespace, output } from './own-namespace.ts';
import { cleanUp, eventually, kubeIpvs, ranAs, startKubeIpvs, unprivileged } from './cli-program.ts';
import type { Ran } from './cli-program.ts';

const node = ['--hostname-override', 'ycwang-ubuntu'];

describe('kube-ipvs on a node', () => {
  let directory = '';

  /** Runs a command of the program on the manifests. */
  function onManifests(command: string, ...args: string[]): Ran {
    return kubeIpvs(command, '--manifests', directory, ...node, ...args);
  }

  function programmed(): void {
    const { status, err } = onManifests('run', '--once');
    expect(status, err).to.equal(0);
  }

  function virtualServers(): string[] {
    return output('ipvsadm -Sn')
      .split('\n')
      .filter((line) => line.startsWith('-A'));
  }

  before(() => {
    enterOwnNamespace();
    output('ip link add eth0 type dummy');
    output('ip address add 192.168.111.128/24 dev eth0');
    output('ip link set eth0 up');
  });

  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'manifests-'));
    for (const file of ['02-nodeport.yaml', '03-no-selector.yaml', '08-dualstack.yaml']) {
      cpSync(join('test/fixtures/scenarios', file), join(directory, file));
    }
  });

  afterEach(() => {
    cleanUp();
    output('ipvsadm -C');
    rmSync(directory, { recursive: true });
  });

  describe('run --once', () => {
    it('programs what the manifests ask for', () => {
      programmed();
      expect(output('ipvsadm -Sn').split('\n')).to.include.members([
        '-A -t 10.110.65.131:8080 -s rr',
        '-a -t 10.110.65.131:8080 -r 10.244.0.3:80 -m -w 1',
        '-A -t 192.168.111.128:30000 -s rr',
        '-A --sctp-service [fd00:10:96::b4]:80 -s rr',
      ]);
      expect(output('ip -brief address show kube-ipvs0')).to.contain('10.110.65.131/32');
      expect(output('ipset list KUBE-CLUSTER-IP')).to.contain('10.110.65.131,tcp:8080');
    });

    it('writes nothing the second time', () => {
      programmed();
      const { status, err } = onManifests('run', '--once', '--logging-format', 'json', '--trace-netlink');
      expect(status).to.equal(0);
      expect(err).to.match(/"writes":0,/);
      const sent = err.split('\n').filter((line) => line.startsWith('> ') && !line.includes('198.51.100.0'));
      expect(sent).to.have.length.greaterThan(10);
      expect(sent.filter((line) => !/^> \w+ (CONTROLLER|GET|LIST|TYPE|PROTOCOL)/.test(line))).to.deep.equal(
        [],
      );
    });

    it('leaves foreign virtual servers alone', () => {
      output('ipvsadm -A -t 9.9.9.9:99 -s rr');
      output('ipvsadm -A -f 9 -s rr');
      programmed();
      expect(virtualServers()).to.include.members(['-A -t 9.9.9.9:99 -s rr', '-A -f 9 -s rr']);
    });

    it('sets the time-outs of IPVS that are given', () => {
      output('sysctl -qw net.netfilter.nf_conntrack_udp_timeout=30');
      onManifests('run', '--once', '--ipvs-tcp-timeout', '25m', '--ipvs-udp-timeout=40s');
      expect(output('ipvsadm -L --timeout')).to.equal('Timeout (tcp tcpfin udp): 1500 120 40\n');
      expect(output('sysctl -n net.netfilter.nf_conntrack_udp_timeout')).to.equal('40\n');
      onManifests('run', '--once', '--ipvs-tcpfin-timeout=70s');
      expect(output('ipvsadm -L --timeout')).to.equal('Timeout (tcp tcpfin udp): 1500 70 40\n');
    });

    it('says what is not followed in a service, as a comparison does before', () => {
      const annotation = 'annotations: { kube-ipvs.io/drain-timeout: soon }';
      const file = join(directory, '03-no-selector.yaml');
      writeFileSync(
        file,
        readFileSync(file, 'utf8').replace(/(kind: Service\nmetadata: \{)/, `$1 ${annotation},`),
      );
      const expected =
        /metadata\.annotations\[kube-ipvs\.io\/drain-timeout\]: expected a duration .*, got "soon"/;
      expect(onManifests('diff').err).to.match(expected);
      const { status, err } = onManifests('run', '--once');
      expect(err).to.match(expected);
      expect(status).to.equal(0);
    });

    it('says in one line that kube-ipvs0 is not ours, and changes nothing', () => {
      output('ip link add kube-ipvs0 type bridge');
      try {
        const { status, out, err } = onManifests('run', '--once');
        expect({ status, out }).to.deep.equal({ status: 1, out: '' });
        expect(err).to.match(/^error: .*kube-ipvs0: expected a dummy interface, got bridge; .*\n$/);
        expect(virtualServers()).to.deep.equal([]);
      } finally {
        output('ip link delete kube-ipvs0');
      }
    });

    it('says in one line that iptables is missing', () => {
      const { status, err } = ranAs([
        ...['env', 'PATH=/nowhere', process.execPath, 'dist/kube-ipvs.mjs'],
        ...['run', '--once', '--manifests', directory],
      ]);
      expect(status).to.equal(1);
      expect(err).to.match(
        /^error: expected iptables.* to succeed, got .*; install the iptables package.*\n$/,
      );
    });
  });

  describe('diff', () => {
    it('tells with status 1 what is missing, and with status 0 that nothing is', () => {
      const before = onManifests('diff');
      expect(before.status).to.equal(1);
      expect(before.out.split('\n')).to.include.members([
        '+ set KUBE-CLUSTER-IP hash:ip,port IPv4',
        '+ virtual server TCP 10.110.65.131:8080 rr',
        '+ real server TCP 10.110.65.131:8080 -> 10.244.0.3:80 masquerade weight 1',
        '+ address 10.110.65.131 on kube-ipvs0',
      ]);
      expect(virtualServers()).to.deep.equal([]);
      programmed();
      expect(onManifests('diff')).to.deep.equal({ status: 0, out: '', err: '' });
    });

    it('tells what others have changed', () => {
      programmed();
      output('ipvsadm -E -t 10.110.65.131:8080 -s lc');
      output('ipvsadm -d -t 10.110.65.131:8080 -r 10.244.0.3:80');
      output('ip address delete 10.254.218.165/32 dev kube-ipvs0');
      expect(onManifests('diff')).to.deep.equal({
        status: 1,
        out:
          '~ virtual server TCP 10.110.65.131:8080 lc => rr\n' +
          '+ real server TCP 10.110.65.131:8080 -> 10.244.0.3:80 masquerade weight 1\n' +
          '+ address 10.254.218.165 on kube-ipvs0\n',
        err: '',
      });
    });

    it('compares with an empty kernel where it may not read, and says so', () => {
      output(`chmod 755 ${directory}`);
      const { status, out, err } = ranAs([
        ...unprivileged,
        ...[process.execPath, 'dist/kube-ipvs.mjs', 'diff', '--manifests', directory, ...node],
      ]);
      expect(status).to.equal(1);
      expect(out).to.contain('+ virtual server TCP 10.110.65.131:8080 rr\n');
      expect(err).to.match(
        /^warning: expected the capability NET_ADMIN.*comparing with an empty kernel\nhint: /,
      );
    });

    it('says of which schedulers no list of modules tells, and loads and makes nothing to find out', () => {
      const { status, out, err } = onManifests('diff', '--ipvs-scheduler', 'twos');
      expect(status).to.equal(1);
      expect(out).to.contain('+ virtual server TCP 10.110.65.131:8080 twos\n');
      expect(err).to.equal(
        'warning: whether the kernel has the scheduler twos is not known: a run may find it missing\n' +
          'hint: see that "modprobe -n ip_vs_twos" on the node finds its module\n',
      );
      expect(virtualServers()).to.deep.equal([]);
    });

    it('ends with status 2 where it cannot compare', () => {
      const { status, out } = kubeIpvs('diff', '--manifests', '/nowhere');
      expect({ status, out }).to.deep.equal({ status: 2, out: '' });
    });
  });

  describe('cleanup', () => {
    it('removes everything of ours and nothing else', () => {
      output('ipvsadm -A -t 9.9.9.9:99 -s rr');
      output('ipset create MINE hash:ip');
      programmed();
      const dry = kubeIpvs('cleanup', '--dry-run');
      expect(dry.out).to.contain('- interface kube-ipvs0\n');
      expect(virtualServers().length).to.be.greaterThan(1);
      expect(kubeIpvs('cleanup')).to.deep.equal({ status: 0, out: dry.out, err: '' });
      expect(virtualServers()).to.deep.equal(['-A -t 9.9.9.9:99 -s rr']);
      expect(output('ipset list -name')).to.equal('MINE\n');
      expect(output('ip -brief link')).not.to.contain('kube-ipvs0');
      expect(output('iptables-save') + output('iptables-legacy-save')).not.to.contain('KUBE-');
      output('ipset destroy MINE');
    });

    it('does nothing where nothing of ours is left', () => {
      expect(kubeIpvs('cleanup')).to.deep.equal({ status: 0, out: '', err: '' });
    });
  });

  describe('run', () => {
    it('follows manifests and addresses, repairs drift, and leaves the kernel as it is when told to stop', async () => {
      const running = startKubeIpvs('run', '--manifests', directory, ...node, '--ipvs-sync-period=2s');
      const has = (text: string) => (lines: string[]) => lines.some((line) => line.includes(text));
      try {
        await eventually(virtualServers, has('10.110.65.131:8080'));
        output('ip address add 192.168.111.200/24 dev eth0');
        await eventually(virtualServers, has('192.168.111.200:30000'));
        output('ip address delete 192.168.111.200/24 dev eth0');
        await eventually(virtualServers, (lines) => !has('192.168.111.200:30000')(lines));
        rmSync(join(directory, '03-no-selector.yaml'));
        await eventually(virtualServers, (lines) => !has('10.254.218.165:3306')(lines));
        output('ipvsadm -D -t 10.110.65.131:8080');
        await eventually(virtualServers, has('10.110.65.131:8080'));
        writeFileSync(join(directory, 'broken.yaml'), 'foo: [');
        await eventually(
          () => running.log(),
          (log) => log.includes('broken.yaml'),
        );
      } finally {
        expect(await running.stop(), running.log()).to.equal(0);
      }
      expect(virtualServers()).to.include('-A -t 10.110.65.131:8080 -s rr');
    });
  });
});
