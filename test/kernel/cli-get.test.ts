import { expect } from 'chai';
import { enterOwnNamespace, output } from './own-namespace.ts';
import { kubeIpvs, ranAs, unprivileged } from './cli-program.ts';

/** Many virtual servers of every kind, such that ipvsadm's order of them is a circle. The same numbers every time. */
function mixedTable(): string {
  let state = 7;
  const random = (below: number): number => {
    state = (state * 1_103_515_245 + 12_345) % 2_147_483_648;
    return Math.floor((state / 2_147_483_648) * below);
  };
  const pick = <Value>(values: readonly Value[]): Value => values[random(values.length)]!;
  const ipv4 = (): string =>
    `${pick(['1.2.3', '10.96.0', '10.0.9', '100.64.0', '172.16.0', '192.168.1', '203.0.113'])}.${random(250) + 1}`;
  const ipv6 = (): string =>
    `[${pick(['1::', 'fd00::', '2001:db8::', '2001:db8:ffff:8000::', '7fff::'])}${(random(65_000) + 1).toString(16)}]`;
  const flags: Readonly<Record<string, readonly string[]>> = {
    sh: ['sh-port', 'sh-fallback', 'sh-port,sh-fallback'],
    mh: ['mh-port', 'mh-fallback', 'mh-port,mh-fallback'],
  };
  const lines: string[] = [];
  const names = new Set<string>();
  while (names.size < 120) {
    const six = random(3) === 0;
    const mark = random(10) === 0;
    const host = six ? ipv6() : ipv4();
    const name = mark
      ? `-f ${pick([1, 7, 2_147_483_647])}${six ? ' -6' : ''}`
      : `${pick(['-t', '-t', '-u', '--sctp-service'])} ${host}:${pick([53, 80, 443, 30_000])}`;
    if (names.has(name)) continue;
    names.add(name);
    const scheduler = pick(['rr', 'wrr', 'lc', 'wlc', 'sh', 'mh']);
    const persistence = pick(['', '', ' -p 10800', ` -p 60 -M ${six ? '64' : '255.255.0.0'}`]);
    const onePacket = name.startsWith('-u') ? pick(['', ' -o']) : '';
    const schedulerFlags = pick(['', '', ` -b ${pick(flags[scheduler] ?? ['flag-1', 'flag-1,flag-3'])}`]);
    lines.push(`-A ${name} -s ${scheduler}${persistence}${onePacket}${schedulerFlags}`);
    const realServers = new Set<string>();
    for (let count = random(5); count > 0; count -= 1) realServers.add(six ? ipv6() : ipv4());
    for (const realServer of realServers) {
      const method = pick([
        '-m',
        '-m',
        '-g',
        '-i',
        '-i --tun-type gre --tun-csum',
        '-i --tun-type gue --tun-port 6080',
      ]);
      lines.push(
        `-a ${name} -r ${realServer}:${mark ? 0 : 8080} ${method} -w ${random(3)} -x ${random(2) * 100}`,
      );
    }
  }
  return `${lines.join('\n')}\n`;
}

/** Has ipvsadm make these virtual and real servers. */
function restore(lines: string): void {
  const { status, err } = ranAs(['ipvsadm', '-R'], lines);
  expect({ status, err }).to.deep.equal({ status: 0, err: '' });
}

describe('kube-ipvs get', () => {
  before(() => {
    enterOwnNamespace();
  });

  afterEach(() => {
    output('ipvsadm -C');
  });

  it('services -o ipvsadm prints what ipvsadm -Sn prints, in the same order', () => {
    restore(mixedTable());
    const expected = output('ipvsadm -Sn');
    expect(expected.split('\n').length).to.be.greaterThan(300);
    expect(kubeIpvs('get', 'services', '-o', 'ipvsadm')).to.deep.equal({ status: 0, out: expected, err: '' });
  });

  it('services -o ipvsadm tells high firewall marks as ipvsadm does', () => {
    restore('-A -f 2147483649 -s rr\n-A -f 4294967295 -6 -s rr\n-A -f 7 -s rr\n-A -t 10.0.0.1:80 -s rr\n');
    expect(kubeIpvs('get', 'services', '-o', 'ipvsadm').out).to.equal(output('ipvsadm -Sn'));
  });

  it('services -o ipvsadm is read by ipvsadm -R', () => {
    restore(mixedTable());
    const before = output('ipvsadm -Sn').split('\n');
    const { out } = kubeIpvs('get', 'services', '-o', 'ipvsadm');
    output('ipvsadm -C');
    restore(out);
    expect(output('ipvsadm -Sn').split('\n')).to.have.members(before);
  });

  it('prints nothing but headings for an empty table', () => {
    expect(kubeIpvs('get', 'services', '-o', 'ipvsadm')).to.deep.equal({ status: 0, out: '', err: '' });
    expect(kubeIpvs('get', 'endpoints').out).to.match(/^NAMESPACE .*\n$/);
    expect(kubeIpvs('get', 'endpoints', '--no-headers').out).to.equal('');
  });

  it('says in one line what is missing where it may not read', () => {
    const { status, out, err } = ranAs([
      ...unprivileged,
      process.execPath,
      ...['dist/kube-ipvs.mjs', 'get', 'services'],
    ]);
    expect({ status, out }).to.deep.equal({ status: 1, out: '' });
    expect(err).to.equal(
      'error: expected the capability NET_ADMIN, got EPERM from IPVS\n' +
        'hint: run as root, or with CAP_NET_ADMIN in the network namespace of the node\n',
    );
  });
});
