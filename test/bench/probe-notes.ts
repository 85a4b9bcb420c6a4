import { readFileSync } from 'node:fs';
import { ipvsCommands } from '../../native-bindings/ipvs-attributes.ts';
import type { Note, WrittenServer } from './probe.ts';

/** A command for a real server that was written to the kernel. */
export interface RealServerCommand extends WrittenServer {
  /** When the write that it was in had returned, in milliseconds since 1970. */
  readonly at: number;
}

/** Reads what a probe left. */
export function readNotes(file: string): Note[] {
  return readFileSync(file, 'utf8')
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => {
      const note = JSON.parse(line) as Note & { readonly bytes?: string };
      return note.kind === 'write' ? { ...note, bytes: Buffer.from(note.bytes as string, 'base64') } : note;
    });
}

const verbs = new Map<number, RealServerCommand['verb']>([
  [ipvsCommands.NEW_DEST, 'new'],
  [ipvsCommands.SET_DEST, 'set'],
  [ipvsCommands.DEL_DEST, 'remove'],
]);

/** Netlink's control family, which is asked for the numbers of others (linux/genetlink.h). */
const controlFamily = 16;
/** IPVS_CMD_ATTR_DEST and IPVS_DEST_ATTR_ADDR (linux/ip_vs.h). */
const [destination, destinationAddress] = [2, 1] as const;
/** RTM_NEWADDR (linux/rtnetlink.h). */
const newAddress = 20;

/** What was written of IPv4 real servers, in order. Messages are read without the library that wrote them. */
export function* realServerCommands(notes: readonly Note[]): Generator<RealServerCommand> {
  for (const note of notes) {
    if (note.kind === 'servers') for (const server of note.servers) yield { ...server, at: note.at };
    if (note.kind !== 'write') continue;
    for (const message of messages(note.bytes)) {
      const verb = message.readUInt16LE(4) > controlFamily ? verbs.get(message[16] ?? 0) : undefined;
      if (verb === undefined) continue;
      const nest = attribute(message.subarray(20), destination);
      const address = nest && attribute(nest, destinationAddress);
      if (address) yield { address: [...address.subarray(0, 4)].join('.'), verb, at: note.at };
    }
  }
}

/** When an IPv4 address was first bound to an interface; undefined where it was not. */
export function addressBound(notes: readonly Note[], address: string): number | undefined {
  const wanted = Buffer.from(address.split('.').map(Number));
  return notes.find(
    (note) =>
      note.kind === 'write' &&
      messages(note.bytes).some(
        (message) => message.readUInt16LE(4) === newAddress && message.includes(wanted),
      ),
  )?.at;
}

/** The messages of one write (struct nlmsghdr, linux/netlink.h). */
function messages(bytes: Buffer): Buffer[] {
  const found: Buffer[] = [];
  for (let start = 0; start + 16 <= bytes.length;) {
    const length = bytes.readUInt32LE(start);
    if (length < 16) break;
    found.push(bytes.subarray(start, start + length));
    start += (length + 3) & ~3;
  }
  return found;
}

/** The value of an attribute (struct nlattr, linux/netlink.h), whatever flags its type has. */
function attribute(bytes: Buffer, type: number): Buffer | undefined {
  for (let start = 0; start + 4 <= bytes.length;) {
    const length = bytes.readUInt16LE(start);
    if (length < 4) break;
    if ((bytes.readUInt16LE(start + 2) & 0x3fff) === type) return bytes.subarray(start + 4, start + length);
    start += (length + 3) & ~3;
  }
  return undefined;
}
