import { expect } from 'chai';
import fc from 'fast-check';
import { JsonLines, type Line, unreadable } from '../../../../lib/sources/kubernetes/json-lines.ts';

function cut(chunks: readonly Uint8Array[], longest?: number): { lines: Line[]; unfinished: boolean } {
  const splitter = new JsonLines(longest);
  const lines = chunks.flatMap((chunk) => [...splitter.push(chunk)]);
  return { lines, unfinished: splitter.unfinished };
}

describe('JsonLines', () => {
  it('gives the same lines wherever the bytes are cut', () => {
    fc.assert(
      fc.property(
        fc.array(fc.string({ unit: 'grapheme', minLength: 1 }).filter((text) => !text.includes('\n'))),
        fc.array(fc.nat({ max: 200 })),
        (lines, cuts) => {
          const bytes = Buffer.from(lines.map((line) => `${line}\n`).join(''));
          const places = [
            0,
            ...cuts.filter((place) => place < bytes.length).sort((a, b) => a - b),
            bytes.length,
          ];
          const chunks = places.slice(1).map((end, index) => bytes.subarray(places[index], end));
          expect(cut(chunks)).to.deep.equal({ lines, unfinished: false });
        },
      ),
    );
  });

  it('tells that the last line is cut', () => {
    expect(cut([Buffer.from('{"a":1}\n{"b"')])).to.deep.equal({ lines: ['{"a":1}'], unfinished: true });
  });

  it('leaves out empty lines', () => {
    expect(cut([Buffer.from('\n\na\n\n')])).to.deep.equal({ lines: ['a'], unfinished: false });
  });

  it('passes over a line that is too long and goes on behind it', () => {
    expect(cut([Buffer.from('abc'), Buffer.from('def\nok\n')], 5).lines).to.deep.equal([unreadable, 'ok']);
  });

  it('takes a line of just the greatest length', () => {
    expect(cut([Buffer.from('abcde\n')], 5).lines).to.deep.equal(['abcde']);
  });

  it('does not make up characters for bytes that are none', () => {
    expect(cut([Buffer.from([0xff, 0x0a, 0x61, 0x0a])]).lines).to.deep.equal([unreadable, 'a']);
  });
});
