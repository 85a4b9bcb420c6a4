import fs from 'node:fs';
import { littleEndianHost as host } from './byte-order.ts';
import { errnoName, NetlinkError, systemError } from './error.ts';
import { type Libc, loadLibc } from './libc.ts';

/** Netlink protocols (`NETLINK_*`, linux/netlink.h). */
export const protocols = { route: 0, netfilter: 12, generic: 16 } as const;

/**
 * What carries messages to a kernel and back. The socket below is one; a test may put a kernel of its own behind it.
 */
export interface Transport {
  /** Bytes of replies that wait for us before the kernel drops one, counted as SO_RCVBUF counts them. */
  readonly receiveBuffer: number;
  /** Hands whole messages over. The kernel works on them before this returns. */
  send(messages: Uint8Array): void;
  /**
   * Fills the buffer with the next datagram and gives its length, `undefined` where none waits. Throws `overrun` where
   * the kernel had to drop something and `truncated` where the datagram may have been longer than the buffer.
   */
  receive(into: Buffer): number | undefined;
  close(): void;
}

/** How to open a socket. */
export interface SocketOptions {
  readonly protocol: number;
  /** Bytes wanted for replies: 2 MiB unless told otherwise. Beyond net.core.rmem_max it takes CAP_NET_ADMIN. */
  readonly receiveBuffer?: number;
  /** Multicast groups to listen to (`RTNLGRP_*` and the like). */
  readonly groups?: readonly number[];
  /** Milliseconds that a read blocks for. Without it a read never blocks. */
  readonly receiveTimeout?: number;
  /** The C library; loaded where it is left out. */
  readonly libc?: Libc;
}

/** linux/socket.h and asm-generic/socket.h; x86-64 and arm64 share the latter. */
const AF_NETLINK = 16;
const SOCK_RAW = 3;
const SOCK_CLOEXEC = 0o2000000;
const SOL_SOCKET = 1;
const SO_RCVBUF = 8;
const SO_RCVTIMEO = 20;
const SO_RCVBUFFORCE = 33;

/** linux/netlink.h. */
const SOL_NETLINK = 270;
const NETLINK_ADD_MEMBERSHIP = 1;
const NETLINK_CAP_ACK = 10;
const NETLINK_EXT_ACK = 11;
const NETLINK_GET_STRICT_CHK = 12;

/** Bytes of `struct sockaddr_nl`. */
const socketAddress = 12;

const defaultReceiveBuffer = 2 * 1024 * 1024;

/** A netlink socket of this process in its current network namespace. */
export class NetlinkSocket implements Transport {
  /** The descriptor, for waiting on it. -1 once it is closed. */
  get descriptor(): number {
    return this.#descriptor;
  }

  readonly receiveBuffer: number;
  readonly #libc: Libc;
  #descriptor: number;

  /** Opens and binds. Throws `addon-missing`, or the errno of the call that failed. */
  constructor(options: SocketOptions) {
    const libc = options.libc ?? loadLibc();
    const mode = options.receiveTimeout === undefined ? fs.constants.O_NONBLOCK : 0;
    const descriptor = libc.socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | mode, options.protocol);
    if (descriptor < 0) throw systemError('open netlink socket', libc.errno());
    this.#libc = libc;
    this.#descriptor = descriptor;
    try {
      this.receiveBuffer = this.#prepare(options);
    } catch (error) {
      this.close();
      throw error;
    }
  }

  #prepare(options: SocketOptions): number {
    const granted = this.#growReceiveBuffer(options.receiveBuffer ?? defaultReceiveBuffer);
    // Each of the three came with a kernel after 4.3 and only makes replies better.
    for (const option of [NETLINK_CAP_ACK, NETLINK_EXT_ACK, NETLINK_GET_STRICT_CHK]) {
      this.#setInteger(SOL_NETLINK, option, 1);
    }
    if (options.receiveTimeout !== undefined) this.#setTimeout(options.receiveTimeout);
    const address = Buffer.alloc(socketAddress);
    new DataView(address.buffer, address.byteOffset).setUint16(0, AF_NETLINK, host);
    this.#check('bind netlink socket', this.#libc.bind(this.#descriptor, address, socketAddress));
    for (const group of options.groups ?? []) {
      const joined = this.#setInteger(SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, group);
      this.#check(`join netlink group ${group}`, joined);
    }
    return granted;
  }

  send(messages: Uint8Array): void {
    try {
      fs.writeSync(this.#descriptor, messages);
    } catch (error) {
      throw ofFileSystem('send netlink messages', error);
    }
  }

  receive(into: Buffer): number | undefined {
    try {
      return received(fs.readSync(this.#descriptor, into), into.length);
    } catch (error) {
      if (errnoOf(error) === 'EAGAIN') return undefined;
      if (errnoOf(error) === 'EINTR') return this.receive(into);
      throw error instanceof NetlinkError ? error : ofFileSystem('receive netlink messages', error);
    }
  }

  /**
   * Waits for the next datagram on a thread of Node's pool, for as long as `receiveTimeout` said; `undefined` where
   * none came till then, or till a signal interrupted it. Rejects as `receive` throws.
   */
  async wait(into: Buffer): Promise<number | undefined> {
    return new Promise((resolve, reject) => {
      fs.read(this.#descriptor, into, (error, length) => {
        if (error === null) settle(() => received(length, into.length), resolve, reject);
        // A process that was stopped and goes on finds its waiting interrupted (signal(7)).
        else if (error.code === 'EAGAIN' || error.code === 'EINTR') resolve(undefined);
        else reject(ofFileSystem('receive netlink messages', error));
      });
    });
  }

  /** Closes the descriptor. Closing again does nothing. */
  close(): void {
    if (this.#descriptor < 0) return;
    fs.closeSync(this.#descriptor);
    this.#descriptor = -1;
  }

  /** What was granted, as the kernel counts it: twice what was asked for, and at most net.core.rmem_max without privilege. */
  #growReceiveBuffer(size: number): number {
    if (this.#setInteger(SOL_SOCKET, SO_RCVBUFFORCE, size) !== 0)
      this.#setInteger(SOL_SOCKET, SO_RCVBUF, size);
    const value = Buffer.alloc(4);
    const length = Buffer.alloc(4);
    const view = new DataView(value.buffer, value.byteOffset);
    new DataView(length.buffer, length.byteOffset).setUint32(0, 4, host);
    const got = this.#libc.getsockopt(this.#descriptor, SOL_SOCKET, SO_RCVBUF, value, length);
    this.#check('read the size of the receive buffer', got);
    return view.getInt32(0, host);
  }

  #setInteger(level: number, name: number, value: number): number {
    const bytes = Buffer.alloc(4);
    new DataView(bytes.buffer, bytes.byteOffset).setInt32(0, value, host);
    return this.#libc.setsockopt(this.#descriptor, level, name, bytes, bytes.length);
  }

  #setTimeout(milliseconds: number): void {
    const size = this.#libc.sizeOfLong;
    const time = Buffer.alloc(2 * size);
    const view = new DataView(time.buffer, time.byteOffset);
    // Both numbers are small: the half that matters is enough, whatever the size of a long.
    const low = host ? 0 : size - 4;
    view.setUint32(low, Math.floor(milliseconds / 1000), host);
    view.setUint32(size + low, (milliseconds % 1000) * 1000, host);
    const set = this.#libc.setsockopt(this.#descriptor, SOL_SOCKET, SO_RCVTIMEO, time, time.length);
    this.#check('set the receive time-out', set);
  }

  #check(operation: string, result: number): void {
    if (result < 0) throw systemError(operation, this.#libc.errno());
  }
}

/** A datagram that fills the buffer may have been cut: read(2) does not tell. */
function received(length: number, room: number): number {
  if (length < room) return length;
  throw new NetlinkError({
    code: 'truncated',
    operation: 'receive netlink messages',
    message: `expected a datagram shorter than ${room} bytes, got one that fills the buffer; read with a larger buffer`,
  });
}

function settle<Value>(
  compute: () => Value,
  resolve: (value: Value) => void,
  reject: (error: unknown) => void,
): void {
  try {
    resolve(compute());
  } catch (error) {
    reject(error);
  }
}

function errnoOf(error: unknown): string | undefined {
  return error instanceof Error ? (error as NodeJS.ErrnoException).code : undefined;
}

function ofFileSystem(operation: string, error: unknown): NetlinkError {
  const errno = Math.abs((error as NodeJS.ErrnoException).errno ?? 0);
  if (errnoOf(error) !== 'ENOBUFS') {
    return new NetlinkError({ code: errnoOf(error) ?? errnoName(errno), operation, errno, cause: error });
  }
  return new NetlinkError({
    code: 'overrun',
    operation,
    errno,
    message:
      'the kernel dropped messages because the receive buffer was full; read the state again, or ask for a larger buffer',
    cause: error,
  });
}
