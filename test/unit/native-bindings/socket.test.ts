import { expect } from 'chai';
import fs from 'node:fs';
import { NetlinkError } from '../../../native-bindings/error.ts';
import { type Libc, loadLibc } from '../../../native-bindings/libc.ts';
import { NetlinkSocket } from '../../../native-bindings/socket.ts';

/** Calls that succeed on a descriptor of /dev/null, except the one that is named. */
function libcFailing(
  failing?: keyof Libc,
  errno = 1,
): Libc & { readonly calls: string[]; descriptor: number } {
  const calls: string[] = [];
  const call = (name: keyof Libc, result = 0): number => {
    calls.push(name);
    return name === failing ? -1 : result;
  };
  const libc = {
    calls,
    descriptor: -1,
    socket() {
      if (failing !== 'socket') libc.descriptor = fs.openSync('/dev/null', 'r+');
      return call('socket', libc.descriptor);
    },
    bind: () => call('bind'),
    setsockopt: () => call('setsockopt'),
    getsockopt(_descriptor: number, _level: number, _name: number, value: Buffer) {
      value.writeInt32LE(425984);
      return call('getsockopt');
    },
    errno: () => errno,
    sizeOfLong: 8,
  };
  return libc;
}

function isOpen(descriptor: number): boolean {
  try {
    fs.fstatSync(descriptor);
    return true;
  } catch {
    return false;
  }
}

describe('the C library', () => {
  it('says plainly that netlink needs Linux', () => {
    expect(() => loadLibc({ platform: 'darwin', load: () => undefined }))
      .to.throw(NetlinkError, 'expected Linux, got darwin')
      .with.property('code', 'addon-missing');
  });

  it('says plainly what is missing where the addon cannot be loaded', () => {
    const cause = new Error("Cannot find module 'ffi-napi'\nRequire stack: …");
    const load = (): never => {
      throw cause;
    };
    expect(() => loadLibc({ platform: 'linux', load }))
      .to.throw(
        NetlinkError,
        /expected the packages ffi-napi and ref-napi .*got: Cannot find module 'ffi-napi'; install them/,
      )
      .with.property('cause', cause);
  });
});

describe('a netlink socket', () => {
  for (const [call, operation] of [
    ['socket', 'open netlink socket'],
    ['bind', 'bind netlink socket'],
    ['getsockopt', 'read the size of the receive buffer'],
  ] as const) {
    it(`tells the errno of ${call} and leaves no descriptor open`, () => {
      const libc = libcFailing(call, 1);
      expect(() => new NetlinkSocket({ protocol: 0, libc }))
        .to.throw(NetlinkError, `${operation}: EPERM (operation not permitted)`)
        .with.property('errno', 1);
      expect(isOpen(libc.descriptor)).to.equal(false);
    });
  }

  it('tells a group that it may not join', () => {
    const libc = libcFailing('setsockopt', 1);
    expect(() => new NetlinkSocket({ protocol: 0, libc, groups: [5] })).to.throw(
      NetlinkError,
      'join netlink group 5: EPERM',
    );
    expect(isOpen(libc.descriptor)).to.equal(false);
  });

  it('tells the receive buffer that it was granted, and closes once', () => {
    const libc = libcFailing();
    const socket = new NetlinkSocket({ protocol: 0, libc, receiveTimeout: 1500 });
    expect(socket.receiveBuffer).to.equal(425984);
    expect(socket.receive(Buffer.alloc(8))).to.equal(0);
    socket.close();
    socket.close();
    expect(socket.descriptor).to.equal(-1);
    expect(isOpen(libc.descriptor)).to.equal(false);
  });

  it('takes a read that fills the buffer for a truncated one', () => {
    const socket = new NetlinkSocket({
      protocol: 0,
      libc: { ...libcFailing(), socket: () => fs.openSync('/dev/zero', 'r+') },
    });
    expect(() => socket.receive(Buffer.alloc(8)))
      .to.throw(NetlinkError, 'expected a datagram shorter than 8 bytes')
      .with.property('code', 'truncated');
    socket.close();
  });

  it('that is closed refuses to send and receive', () => {
    const socket = new NetlinkSocket({ protocol: 0, libc: libcFailing() });
    socket.close();
    expect(() => {
      socket.send(Buffer.alloc(16));
    }).to.throw(NetlinkError, 'send netlink messages: ');
    expect(() => socket.receive(Buffer.alloc(16))).to.throw(NetlinkError, 'receive netlink messages: ');
  });

  it('waits on the thread pool for what comes', async () => {
    const socket = new NetlinkSocket({
      protocol: 0,
      libc: { ...libcFailing(), socket: () => fs.openSync('/dev/zero', 'r+') },
    });
    const error: unknown = await socket.wait(Buffer.alloc(8)).catch((reason: unknown) => reason);
    expect(error).to.include({ code: 'truncated' });
    socket.close();
  });
});
