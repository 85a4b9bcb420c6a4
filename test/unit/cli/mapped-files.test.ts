import { readFileSync } from 'node:fs';
import { expect } from 'chai';
import { releaseMappedFiles, unmodifiedMappings } from '../../../lib/cli/mapped-files.ts';

/** A mapping as /proc/PID/smaps tells it. */
function mapping(line: string, anonymous: number): string {
  return `${line}\nSize:                 64 kB\nRss:                  64 kB\nAnonymous:      ${String(anonymous).padStart(8)} kB\nVmFlags: rd ex mr mw me\n`;
}

const text = '00400000-00410000 r-xp 00000000 fe:00 4711                       /usr/bin/node';

describe('unmodifiedMappings', () => {
  const cases: readonly (readonly [title: string, line: string, anonymous: number, length: number])[] = [
    ['program text', text, 0, 0x10000],
    ['constants', text.replace('r-xp', 'r--p'), 0, 0x10000],
    ['what the dynamic linker has filled in', text.replace('r-xp', 'r--p'), 8, 0],
    ['text in which somebody has set a breakpoint', text, 4, 0],
    ['what may be written to', text.replace('r-xp', 'rw-p'), 0, 0],
    ['what is shared with other processes', text.replace('r-xp', 'r-xs'), 0, 0],
    ['memory that no file backs', '7ffd0000-7ffd1000 r-xp 00000000 00:00 0', 0, 0],
    ["the kernel's own page", '7ffd0000-7ffd1000 r-xp 00000000 00:00 0                  [vdso]', 0, 0],
    ['a file that is deleted, as an upgrade does', `${text} (deleted)`, 0, 0x10000],
  ];
  for (const [title, line, anonymous, length] of cases) {
    it(`${length > 0 ? 'has' : 'leaves out'} ${title}`, () => {
      expect(unmodifiedMappings(mapping(line, anonymous))).to.deep.equal(
        length > 0 ? [{ address: 0x400000, length }] : [],
      );
    });
  }

  it('leaves out what a kernel says nothing of', () => {
    expect(unmodifiedMappings(`${text}\nSize: 64 kB\n`)).to.deep.equal([]);
  });

  it('reads mappings above four gigabytes, and several of them', () => {
    const high = text.replace('00400000-00410000', '7f0012345000-7f0012347000');
    expect(unmodifiedMappings(mapping(text, 0) + mapping(high, 0))).to.deep.equal([
      { address: 0x400000, length: 0x10000 },
      { address: 0x7f0012345000, length: 0x2000 },
    ]);
  });
});

/** Bytes of files that are in the memory of this process. */
function mappedBytes(): number {
  return Number(/^RssFile:\s+(\d+) kB/m.exec(readFileSync('/proc/self/status', 'latin1'))?.[1]) * 1024;
}

describe('releaseMappedFiles', () => {
  it('takes most of the program out of memory, and the program goes on', () => {
    const before = mappedBytes();
    releaseMappedFiles();
    const after = mappedBytes();
    expect(after).to.be.lessThan(before * 0.75);
    expect(JSON.parse('{"still":["here"]}')).to.deep.equal({ still: ['here'] });
  });
});
