/** A word as a shell takes it: quoted where it has to be. */
export function shellWord(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
}

/** The command that gives a kernel setting a value, by its path under /proc/sys. */
export function setSysctl(key: string, value: string): string {
  return `sysctl -w ${key.replaceAll('/', '.')}=${shellWord(value)}`;
}

/** The first few of some lines, and how many more there are. */
export function firstFew(lines: readonly string[], most = 5): readonly string[] {
  const left = lines.length - most;
  return left > 0 ? [...lines.slice(0, most), `and ${left} more`] : lines;
}

/** A number of things: `1 rule`, `2 rules`. */
export function counted(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`;
}
