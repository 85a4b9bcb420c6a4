const units: readonly (readonly [name: string, seconds: number])[] = [
  ['d', 86_400],
  ['h', 3600],
  ['m', 60],
  ['s', 1],
];

/** How long something is or takes, for a person, by its two greatest units: `3s`, `4m12s`, `2h13m`, `5d4h`. */
export function ageText(milliseconds: number): string {
  const whole = Math.max(0, Math.floor(milliseconds / 1000));
  const first = units.findIndex(([, seconds]) => whole >= seconds);
  if (first === -1) return '0s';
  let rest = whole;
  const parts = units.slice(first, first + 2).map(([name, seconds]) => {
    const count = Math.floor(rest / seconds);
    rest -= count * seconds;
    return count === 0 ? '' : `${count}${name}`;
  });
  return parts.join('');
}

/** A time that was told as RFC 3339, as how long ago that is: `3s ago`. */
export function agoText(time: string, now: string): string {
  return `${ageText(Date.parse(now) - Date.parse(time))} ago`;
}

/** Milliseconds as people read them: `0.8 ms`, `12 ms`, `3.4 s`. */
export function tookText(milliseconds: number): string {
  if (milliseconds >= 1000) return `${(milliseconds / 1000).toFixed(1)} s`;
  return `${milliseconds.toFixed(milliseconds < 10 ? 1 : 0)} ms`;
}
