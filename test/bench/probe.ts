/**
 * Loaded into the measured program before it begins (`node --import`), it notes when lists and watch events come and what
 * is written to the kernel when, and leaves the notes in the file that PROBE_FILE names when the program exits.
 */
import { ChildProcess } from 'node:child_process';
import { subscribe } from 'node:diagnostics_channel';
import fs from 'node:fs';
import type { ClientRequest, IncomingMessage } from 'node:http';

/** A real server that was written to the kernel. */
export interface WrittenServer {
  readonly address: string;
  readonly verb: 'new' | 'set' | 'remove';
}

/** One thing that was noted. Times are milliseconds since 1970, with fractions. */
export type Note =
  /** The last byte of a list's page. */
  | { readonly kind: 'page'; readonly at: number; readonly path: string }
  /** A piece of a watch. */
  | { readonly kind: 'events'; readonly at: number; readonly text: string }
  /** A program that was run to its end. */
  | { readonly kind: 'program'; readonly at: number; readonly took: number; readonly command: string }
  /** The begin of this process. */
  | { readonly kind: 'start'; readonly at: number }
  /** Netlink messages that the kernel was given, and how long it worked on them: it does so within the write. */
  | { readonly kind: 'write'; readonly at: number; readonly took: number; readonly bytes: Buffer }
  /** Real servers that were written to a table in memory. */
  | { readonly kind: 'servers'; readonly at: number; readonly servers: readonly WrittenServer[] };

const now = (): number => performance.timeOrigin + performance.now();
const notes: Note[] = [{ kind: 'start', at: performance.timeOrigin }];

/** Notes what a response hands to its reader, as it does. */
function observe({ path }: ClientRequest, response: IncomingMessage): void {
  const watches = path.includes('watch=');
  const push = response.push.bind(response);
  response.push = (chunk: Buffer | null): boolean => {
    if (watches && chunk !== null) notes.push({ kind: 'events', at: now(), text: chunk.toString('latin1') });
    if (!watches && chunk === null) notes.push({ kind: 'page', at: now(), path });
    return push(chunk);
  };
}

/** Whether bytes begin with a netlink message that lies within them (struct nlmsghdr, linux/netlink.h). */
function isNetlink(data: unknown): data is Uint8Array {
  if (!(data instanceof Uint8Array) || data.length < 16) return false;
  const length = new DataView(data.buffer, data.byteOffset).getUint32(0, true);
  return length >= 16 && length <= data.length;
}

subscribe('http.client.response.finish', (message) => {
  const { request, response } = message as { request: ClientRequest; response: IncomingMessage };
  observe(request, response);
});

subscribe('measured:real-servers', (servers) => {
  notes.push({ kind: 'servers', at: now(), servers: servers as readonly WrittenServer[] });
});

const write = fs.writeSync as (descriptor: number, data: unknown, ...rest: readonly unknown[]) => number;
Object.assign(fs, {
  writeSync: (descriptor: number, data: unknown, ...rest: readonly unknown[]): number => {
    const began = performance.now();
    const written = write(descriptor, data, ...rest);
    const took = performance.now() - began;
    if (isNetlink(data)) notes.push({ kind: 'write', at: now(), took, bytes: Buffer.from(data) });
    return written;
  },
});

/** The part of a child process that every way to start one goes through. */
interface Spawner extends ChildProcess {
  spawn(options: { readonly args: readonly string[] }): number;
}

const spawner = ChildProcess.prototype as Spawner;
const spawn = Reflect.get(spawner, 'spawn') as (this: Spawner, options: object) => number;
Object.assign(spawner, {
  spawn(this: Spawner, options: { readonly args: readonly string[] }): number {
    const began = now();
    this.once('close', () => {
      notes.push({ kind: 'program', at: now(), took: now() - began, command: options.args.join(' ') });
    });
    return spawn.call(this, options);
  },
});

process.once('exit', () => {
  const file = process.env['PROBE_FILE'];
  if (file === undefined) return;
  const lines = notes.map((note) =>
    JSON.stringify(note.kind === 'write' ? { ...note, bytes: note.bytes.toString('base64') } : note),
  );
  fs.writeFileSync(file, `${lines.join('\n')}\n`);
});
