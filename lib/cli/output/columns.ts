/**
 * Lays rows out in columns as kubectl does: two spaces or more between columns, none at the end of a line, numbers and
 * words alike to the left. An empty cell stays empty.
 */
export function columns(rows: readonly (readonly string[])[]): string {
  const widths: number[] = [];
  for (const row of rows) {
    for (const [column, cell] of row.entries()) {
      widths[column] = Math.max(widths[column] ?? 0, cell.length);
    }
  }
  return rows
    .map((row) => {
      const line = row.map((cell, column) => cell.padEnd((widths[column] ?? 0) + 2)).join('');
      return `${line.trimEnd()}\n`;
    })
    .join('');
}
