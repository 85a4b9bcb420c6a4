import { execFileSync } from 'node:child_process';
import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { expect } from 'chai';
import { ConntrackFlows } from '../../lib/kernel/conntrack.ts';
import type { Flow } from '../../lib/kernel/flow-table.ts';
import { TableError } from '../../lib/kernel/table.ts';
import { NetlinkError } from '../../native-bindings/error.ts';
import { Conntrack } from '../../native-bindings/conntrack.ts';
import { enterOwnNamespace, output } from './own-namespace.ts';

const server = 5353;
const vip = '10.96.0.1';
const pod = '10.1.0.1';

async function bound(port: number, address: string): Promise<Socket> {
  const socket = createSocket('udp4');
  socket.bind(port, address);
  await once(socket, 'listening');
  return socket;
}

/** Runs conntrack(8), which counts on standard error whatever it does. */
function run(...args: string[]): string {
  return execFileSync('conntrack', args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] });
}

/** The flows as conntrack(8) shows them: who was asked and who answers. */
function shown(): string[] {
  return run('-L', '-p', 'udp')
    .split('\n')
    .sort()
    .flatMap((line) => {
      const match = / dst=(\S+) sport=(\d+) dport=(\d+) (?:\[UNREPLIED\] )?src=(\S+) .* sport=(\d+) /.exec(
        line,
      );
      return match === null ? [] : [match.slice(1).join(' ')];
    });
}

describe('flows on a real kernel', () => {
  let conntrack: Conntrack;
  let table: ConntrackFlows;
  let listening: Socket;

  /** Sends a datagram to the virtual server and waits for the answer. */
  async function ask(port: number): Promise<void> {
    const client = await bound(port, '127.0.0.1');
    client.send('ping', 53, vip);
    await once(client, 'message');
    client.close();
  }

  before(async () => {
    enterOwnNamespace();
    for (const address of [vip, pod]) output(`ip address add ${address}/32 dev lo`);
    output('sysctl -q -w net.ipv4.vs.conntrack=1');
    output(`ipvsadm -A -u ${vip}:53 -s rr`);
    output(`ipvsadm -a -u ${vip}:53 -r ${pod}:${server} -m`);
    output('iptables-legacy -I INPUT -m conntrack --ctstate NEW -j ACCEPT');
    conntrack = Conntrack.open();
    table = new ConntrackFlows(conntrack);
    listening = await bound(server, pod);
    listening.on('message', (_data, { port, address }) => {
      listening.send('pong', port, address);
    });
  });

  beforeEach(async () => {
    run('-F');
    for (const port of [2001, 2002]) await ask(port);
  });

  after(() => {
    listening.close();
    conntrack.close();
  });

  it('of IPVS go to the virtual server and are answered by the real server', async () => {
    const flows: Flow[] = [];
    const forgotten = await table.forget({ family: 'IPv4', protocol: 'UDP' }, (flow) => {
      flows.push(flow);
      return false;
    });
    expect(forgotten).to.equal(0);
    const flow = {
      protocol: 'UDP',
      destination: { address: vip, port: 53 },
      server: { address: pod, port: server },
    };
    expect(flows).to.deep.equal([flow, flow]);
    expect(shown()).to.deep.equal([2001, 2002].map((port) => `${vip} ${port} 53 ${pod} ${server}`));
  });

  it('are forgotten where they are stale, of those that the filter lets pass', async () => {
    const always = (): boolean => true;
    for (const [filter, forgotten] of [
      [{ family: 'IPv6', protocol: 'UDP' }, 0],
      [{ family: 'IPv4', protocol: 'SCTP' }, 0],
      [{ family: 'IPv4', protocol: 'UDP', address: pod }, 0],
      [{ family: 'IPv4', protocol: 'UDP', port: 54 }, 0],
      [{ family: 'IPv4', protocol: 'UDP', address: vip, port: 53 }, 2],
    ] as const) {
      expect(await table.forget(filter, always), JSON.stringify(filter)).to.equal(forgotten);
    }
    expect(shown()).to.be.empty;
  });

  it('that are forgotten begin anew with their next packet', async () => {
    await table.forget({ family: 'IPv4', protocol: 'UDP' }, () => true);
    await ask(2001);
    expect(shown()).to.deep.equal([`${vip} 2001 53 ${pod} ${server}`]);
  });

  it('that have gone meanwhile are no error and do not count', async () => {
    const forgotten = await table.forget({ family: 'IPv4', protocol: 'UDP' }, () => {
      run('-F');
      return true;
    });
    expect(forgotten).to.equal(0);
  });

  it('of other zones are left alone', async () => {
    const zoned = new ConntrackFlows({
      entries: (filter) => conntrack.entries(filter).map((entry) => ({ ...entry, zone: 7 })),
      deleteAll: (entries) => conntrack.deleteAll(entries),
    });
    expect(await zoned.forget({ family: 'IPv4', protocol: 'UDP' }, () => true)).to.equal(0);
    expect(shown()).to.have.length(2);
  });

  it('reject with what the kernel says', async () => {
    const refused = new NetlinkError({ code: 'EPERM', operation: 'delete connection' });
    const unable = new ConntrackFlows({
      entries: (filter) => conntrack.entries(filter),
      deleteAll: (entries) => entries.map(() => refused),
    });
    const error = await unable
      .forget({ family: 'IPv4', protocol: 'UDP' }, () => true)
      .catch((one: unknown) => one);
    expect(error).to.be.instanceOf(TableError).with.property('code', 'EPERM');
  });
});
