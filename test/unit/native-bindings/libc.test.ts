import { expect } from 'chai';
import { trimMemory } from '../../../native-bindings/libc.ts';

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
