import { execFileSync } from 'node:child_process';
import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { expect } from 'chai';
import { Conntrack } from '../../native-bindings/conntrack.ts';
import { conntrackStatus } from '../../native-bindings/conntrack-attributes.ts';
import { enterOwnNamespace } from './own-namespace.ts';
import type { ConntrackEntry, ConntrackFilter } from '../../native-bindings/conntrack-entry.ts';

const udp = 17;
const server = 5353;

/** Lets netfilter see the packets of this network namespace: without a rule that asks for it nothing is tracked. */
const tracking = ['-m', 'conntrack', '--ctstate', 'NEW', '-j', 'ACCEPT'];

function conntrack(...args: string[]): string {
  return execFileSync('conntrack', args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] });
}

/** Sends from ports of its own to the server port of both loopback addresses and lets the answers come back. */
async function talk(address: string, from: readonly number[]): Promise<void> {
  const type = address.includes(':') ? 'udp6' : 'udp4';
  const listening = await bound(createSocket(type), address, server);
  for (const port of from) {
    const client = await bound(createSocket(type), address, port);
    client.send('ping', server, address);
    const [, sender] = (await once(listening, 'message')) as [Buffer, { port: number }];
    listening.send('pong', sender.port, address);
    await once(client, 'message');
    client.close();
  }
  listening.close();
}

async function bound(socket: Socket, address: string, port: number): Promise<Socket> {
  socket.bind(port, address);
  await once(socket, 'listening');
  return socket;
}

describe('conntrack on a real kernel', () => {
  let table: Conntrack;
  const ports = (filter: ConntrackFilter): number[] =>
    table
      .entries({ protocol: udp, ...filter })
      .map((entry) => entry.original.sourcePort)
      .sort();

  before(() => {
    enterOwnNamespace();
    table = Conntrack.open();
    execFileSync('iptables-legacy', ['-I', 'INPUT', ...tracking]);
    execFileSync('ip6tables-legacy', ['-I', 'INPUT', ...tracking]);
  });

  beforeEach(async () => {
    conntrack('-F');
    await talk('127.0.0.1', [2001, 2002, 2003]);
    await talk('::1', [2001]);
  });

  after(() => {
    table.close();
    execFileSync('iptables-legacy', ['-D', 'INPUT', ...tracking]);
    execFileSync('ip6tables-legacy', ['-D', 'INPUT', ...tracking]);
  });

  it('gives what conntrack(8) gives', () => {
    const [entry, ...more] = table.entries({ family: 'IPv4', protocol: udp, sourcePort: 2002 });
    expect(more).to.deep.equal([]);
    expect(entry).to.deep.include({
      family: 'IPv4',
      protocol: udp,
      original: { source: '127.0.0.1', destination: '127.0.0.1', sourcePort: 2002, destinationPort: server },
      reply: { source: '127.0.0.1', destination: '127.0.0.1', sourcePort: server, destinationPort: 2002 },
      mark: 0,
      zone: 0,
    });
    expect(entry!.status & conntrackStatus.seenReply).to.equal(conntrackStatus.seenReply);
    expect(entry!.timeout).to.be.within(1, 600);
    expect(conntrack('-L', '-p', 'udp', '--orig-port-src', '2002', '-o', 'id')).to.contain(`id=${entry!.id}`);
  });

  it('gives IPv6 entries', () => {
    const [entry] = table.entries({ family: 'IPv6', protocol: udp });
    expect(entry?.original).to.deep.equal({
      source: '::1',
      destination: '::1',
      sourcePort: 2001,
      destinationPort: server,
    });
  });

  it('gives those that a filter lets pass', () => {
    expect(ports({ family: 'IPv4' })).to.deep.equal([2001, 2002, 2003]);
    expect(ports({ family: 'IPv6' })).to.deep.equal([2001]);
    expect(ports({ destination: '::1' })).to.deep.equal([2001]);
    expect(ports({ destinationPort: server })).to.deep.equal([2001, 2001, 2002, 2003]);
    expect(ports({ destination: '127.0.0.1', sourcePort: 2003 })).to.deep.equal([2003]);
    expect(ports({ destination: '127.0.0.2' })).to.deep.equal([]);
    expect(table.entries({ protocol: 132 })).to.deep.equal([]);
  });

  it('removes one entry and no other, and tells when it was gone', () => {
    const [entry] = table.entries({ family: 'IPv4', protocol: udp, sourcePort: 2002 });
    expect(table.delete(entry!)).to.equal(true);
    expect(table.delete(entry!)).to.equal(false);
    expect(ports({ family: 'IPv4' })).to.deep.equal([2001, 2003]);
    expect(ports({ family: 'IPv6' })).to.deep.equal([2001]);
  });

  it('does not remove a later connection between the same ports', () => {
    const [entry] = table.entries({ family: 'IPv4', protocol: udp, sourcePort: 2002 });
    const other: ConntrackEntry = { ...entry!, id: (entry!.id ^ 1) >>> 0 };
    expect(table.delete(other)).to.equal(false);
    expect(ports({ family: 'IPv4' })).to.deep.equal([2001, 2002, 2003]);
  });

  it('removes many and gives the result of each', () => {
    const [first, ...rest] = table.entries({ protocol: udp });
    table.delete(first!);
    const outcomes = table.deleteAll([...rest, first!]);
    expect(outcomes.map((outcome) => outcome?.code)).to.deep.equal([...rest.map(() => undefined), 'ENOENT']);
    expect(ports({})).to.deep.equal([]);
  });
});
