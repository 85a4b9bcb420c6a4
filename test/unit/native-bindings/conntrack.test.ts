import { expect } from 'chai';
import { addressFamilies } from '../../../native-bindings/address.ts';
import { frameOf } from '../../../native-bindings/byte-writer.ts';
import { Conntrack } from '../../../native-bindings/conntrack.ts';
import {
  conntrackAttributes,
  conntrackCommands,
  conntrackFilterFlags,
  type ConntrackValues,
} from '../../../native-bindings/conntrack-attributes.ts';
import type { ConntrackEntry, ConntrackFilter } from '../../../native-bindings/conntrack-entry.ts';
import { messageFlags } from '../../../native-bindings/message.ts';
import {
  netfilterCommand,
  netfilterHeader,
  netfilterSubsystems,
  netfilterType,
  writeNetfilterHeader,
} from '../../../native-bindings/nfnetlink.ts';
import { done, message, outcome, type Received, ScriptedKernel, written } from './scripted-kernel.ts';

const newConnection = netfilterType(netfilterSubsystems.conntrack, conntrackCommands.NEW);

const dns: ConntrackEntry = {
  family: 'IPv4',
  protocol: 17,
  original: { source: '10.1.0.2', destination: '10.96.0.10', sourcePort: 4000, destinationPort: 53 },
  reply: { source: '10.1.0.9', destination: '10.1.0.2', sourcePort: 53, destinationPort: 4000 },
  mark: 0x4000,
  status: 0xe,
  timeout: 29,
  id: 77,
  zone: 0,
};
const dns6: ConntrackEntry = {
  ...dns,
  family: 'IPv6',
  original: { source: 'fd00::2', destination: 'fd00::a', sourcePort: 4000, destinationPort: 53 },
  reply: { source: 'fd00::9', destination: 'fd00::2', sourcePort: 53, destinationPort: 4000 },
  id: 78,
  zone: 5,
};

function tuple(entry: ConntrackEntry, direction: 'original' | 'reply'): ConntrackValues['original'] {
  const { source, destination, sourcePort, destinationPort } = entry[direction];
  return {
    addresses:
      entry.family === 'IPv4'
        ? { source4: source, destination4: destination }
        : { source6: source, destination6: destination },
    protocol: { number: entry.protocol, sourcePort, destinationPort },
  };
}

/** The message that tells of an entry. */
function told(entry: ConntrackEntry, sequence: number): Buffer {
  const { mark, status, timeout, id, zone } = entry;
  const body = written((writer) => {
    writeNetfilterHeader(writer, addressFamilies[entry.family]);
    conntrackAttributes.encode(writer, {
      original: tuple(entry, 'original'),
      reply: tuple(entry, 'reply'),
      mark,
      status,
      timeout,
      id,
      zone,
    });
  });
  return message(newConnection, sequence, body, messageFlags.multi);
}

function valuesOf(request: Received): ConntrackValues {
  const start = request.payload - request.start + netfilterHeader;
  return conntrackAttributes.decode(frameOf(request.bytes), start, request.bytes.length);
}

/** Says of every request to remove an entry that only the id 77 is there. */
function removing(requests: readonly Received[]): Buffer[] {
  return requests.flatMap((request) => {
    const gone = valuesOf(request).id !== dns.id;
    const acknowledged = (request.flags & messageFlags.acknowledge) !== 0;
    return gone || acknowledged ? [outcome(request.sequence, gone ? 2 : 0)] : [];
  });
}

describe('the connection table', () => {
  const dump = new ScriptedKernel(([request]) => [
    told(dns, request!.sequence),
    told(dns6, request!.sequence),
    done(request!.sequence),
  ]);
  const table = Conntrack.open({ transport: dump });

  it('gives entries of both families with everything that is known of them', () => {
    expect(table.entries()).to.deep.equal([dns, dns6]);
  });

  const filters: readonly (readonly [what: string, filter: ConntrackFilter, passing: ConntrackEntry[]])[] = [
    ['its family', { family: 'IPv6' }, [dns6]],
    ['its protocol', { protocol: 6 }, []],
    ['its source', { source: '10.1.0.2' }, [dns]],
    ['its destination', { destination: 'fd00::a' }, [dns6]],
    ['its source port', { sourcePort: 4000 }, [dns, dns6]],
    ['its destination port', { destinationPort: 54 }, []],
    ['all of it', { family: 'IPv4', protocol: 17, ...dns.original }, [dns]],
  ];
  for (const [what, filter, passing] of filters) {
    it(`gives an entry by ${what}, though the kernel gives all`, () => {
      expect(table.entries(filter)).to.deep.equal(passing);
    });
  }

  const asked: readonly (readonly [what: string, filter: ConntrackFilter, flags: number | undefined])[] = [
    ['nothing where the family is not known', { protocol: 17 }, undefined],
    ['the family alone', { family: 'IPv4' }, undefined],
    ['protocol and port', { family: 'IPv6', protocol: 17, destinationPort: 53 }, 0x28],
    ['an IPv4 address', { destination: '10.96.0.10' }, conntrackFilterFlags.destination],
    ['no IPv6 address', { destination: 'fd00::a', protocol: 17 }, conntrackFilterFlags.protocol],
  ];
  for (const [what, filter, flags] of asked) {
    it(`has the kernel look for ${what}`, () => {
      table.entries(filter);
      const [request] = dump.writes.at(-1)!;
      expect(valuesOf(request!).filter?.original).to.equal(flags);
    });
  }

  it('removes an entry by its tuple, id and zone', () => {
    const kernel = new ScriptedKernel(removing);
    const connected = Conntrack.open({ transport: kernel });
    expect(connected.delete(dns)).to.equal(true);
    expect(connected.delete(dns6)).to.equal(false);
    const [first, second] = kernel.writes.flat();
    expect(netfilterCommand(first!.type)).to.equal(conntrackCommands.DELETE);
    expect(valuesOf(first!)).to.deep.equal({ original: tuple(dns, 'original'), id: 77 });
    expect(valuesOf(second!)).to.deep.equal({ original: tuple(dns6, 'original'), id: 78, zone: 5 });
  });

  it('removes many entries in one write', () => {
    const kernel = new ScriptedKernel(removing);
    const outcomes = Conntrack.open({ transport: kernel }).deleteAll([dns, dns6, dns]);
    expect(outcomes.map((error) => error?.code)).to.deep.equal([undefined, 'ENOENT', undefined]);
    expect(kernel.writes).to.have.length(1);
  });

  it('never asks to remove everything: the tuple is in every request', () => {
    const kernel = new ScriptedKernel(removing);
    const icmp = { ...dns, protocol: 1, original: { ...dns.original, sourcePort: 0, destinationPort: 0 } };
    Conntrack.open({ transport: kernel }).deleteAll([icmp]);
    expect(valuesOf(kernel.writes[0]![0]!).original?.addresses).to.deep.equal({
      source4: '10.1.0.2',
      destination4: '10.96.0.10',
    });
  });
});
