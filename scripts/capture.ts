/**
 * Draws what a program printed on a terminal, colours included, as an SVG.
 *
 *   node scripts/capture.ts [--title TEXT] [--from TEXT] [--lines N] <captured.txt >picture.svg
 *
 * --from starts at the first line that holds the text, --lines ends after so many.
 */
import { text } from 'node:stream/consumers';
import { parseArgs } from 'node:util';
import anser from 'anser';

const charWidth = 8.02;
const lineHeight = 18;
const padding = 16;
const titleHeight = 34;

/** The sixteen colours of a terminal as anser names them (`r, g, b`), in shades that read well on the dark ground. */
const shades: Readonly<Record<string, string>> = {
  '187, 0, 0': '#f0717b',
  '0, 187, 0': '#7fd88f',
  '187, 187, 0': '#e5c07b',
  '0, 0, 187': '#6ca8f5',
  '187, 0, 187': '#c792ea',
  '0, 187, 187': '#5fc9d8',
  '85, 85, 85': '#7f8793',
};

const escaped = (raw: string): string =>
  raw.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');

/** Columns that a text takes; every character that is printed here is one wide. */
const columnsOf = (raw: string): number => Array.from(raw).length;

/** One line as positioned runs of equal style. */
function drawLine(line: string, y: number): string {
  let column = 0;
  return anser
    .ansiToJson(line, { remove_empty: true })
    .map((run) => {
      const x = padding + column * charWidth;
      column += columnsOf(run.content);
      const style = [
        !run.fg ? '' : ` fill="${shades[run.fg] ?? `rgb(${run.fg})`}"`,
        run.decorations.includes('bold') ? ' font-weight="bold"' : '',
        run.decorations.includes('dim') ? ' opacity="0.6"' : '',
      ].join('');
      const width = (columnsOf(run.content) * charWidth).toFixed(1);
      return run.content.trim() === ''
        ? ''
        : `<text x="${x.toFixed(1)}" y="${y}" textLength="${width}" xml:space="preserve"${style}>${escaped(run.content)}</text>`;
    })
    .join('');
}

const { values } = parseArgs({
  options: {
    title: { type: 'string', default: '' },
    from: { type: 'string', default: '' },
    lines: { type: 'string', default: '1000' },
  },
});

const captured = (await text(process.stdin))
  .split('\n')
  .map((line) => line.slice(line.lastIndexOf('\r', line.length - 2) + 1).replaceAll('\r', ''));
const start = Math.max(
  captured.findIndex((line) => line.includes(values.from)),
  0,
);
const lines = captured.slice(start, start + Number(values.lines));
while (lines.at(-1)?.trim() === '') lines.pop();

const columns = Math.max(...lines.map((line) => columnsOf(anser.ansiToText(line))), 60);
const width = Math.ceil(columns * charWidth + 2 * padding);
const height = titleHeight + lines.length * lineHeight + padding;
const dots = ['#f0717b', '#e5c07b', '#7fd88f']
  .map((fill, index) => `<circle cx="${20 + index * 18}" cy="17" r="6" fill="${fill}"/>`)
  .join('');

process.stdout
  .write(`<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" role="img">
<title>${escaped(values.title)}</title>
<rect width="100%" height="100%" rx="8" fill="#1b1f27"/>
${dots}<text x="50%" y="22" fill="#9aa3b2" font-size="13" text-anchor="middle" font-family="sans-serif">${escaped(values.title)}</text>
<g font-family="ui-monospace, SFMono-Regular, Menlo, Consolas, 'DejaVu Sans Mono', monospace" font-size="13.3" fill="#d7dce4">
${lines.map((line, index) => drawLine(line, titleHeight + 14 + index * lineHeight)).join('\n')}
</g>
</svg>
`);
