import { expect } from 'chai';
import { dropPages, trimMemory } from '../../../native-bindings/libc.ts';

/** Whether the C library of this process is glibc. */
function hasGlibc(): boolean {
  const { header } = process.report.getReport() as { header: { glibcVersionRuntime?: string } };
  return header.glibcVersionRuntime !== undefined;
}

describe('trimMemory', () => {
  it('gives memory back with glibc, and with no other', () => {
    expect(trimMemory()).to.equal(hasGlibc());
  });

  it('does nothing where the C library has no such call', () => {
    const load = () => ({
      Library: () => {
        throw new Error('Dynamic Symbol Retrieval Error: Symbol not found: malloc_trim');
      },
    });
    expect(trimMemory(load)).to.equal(false);
  });

  it('does nothing where the addon is missing', () => {
    const load = () => {
      throw new Error("Cannot find module 'ffi-napi'");
    };
    expect(trimMemory(load)).to.equal(false);
  });
});

describe('dropPages', () => {
  it('says where the kernel does not take a range', () => {
    expect(dropPages([{ address: 1, length: 4096 }])).to.equal(false);
  });

  it('takes none for all of them', () => {
    expect(dropPages([])).to.equal(true);
  });

  it('does nothing where the addon is missing', () => {
    const load = () => {
      throw new Error("Cannot find module 'ffi-napi'");
    };
    expect(dropPages([], load)).to.equal(false);
  });
});
