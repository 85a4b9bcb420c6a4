/** Milliseconds in each unit that Go's `time.ParseDuration` knows. */
const units: Readonly<Record<string, number>> = {
  ns: 1e-6,
  us: 1e-3,
  µs: 1e-3,
  μs: 1e-3,
  ms: 1,
  s: 1000,
  m: 60_000,
  h: 3_600_000,
};

// Escaped, for one character beyond ASCII has the whole bundle kept in two bytes a character.
const part = /(\d+\.?\d*|\.\d+)(ns|us|\u00b5s|\u03bcs|ms|s|m|h)/g;
const whole = new RegExp(`^(?:${part.source})+$`);

/** What a duration looks like, for messages. */
export const durationForm = 'a duration such as 30s, 1m30s, 500ms or 0';

/**
 * Reads a duration in Go's notation, which is Kubernetes': `30s`, `1m30s`, `1.5h`, `0`. Gives milliseconds, or
 * undefined where the text is no duration; a duration below zero is none here.
 */
export function parseDuration(text: string): number | undefined {
  const trimmed = text.trim();
  if (trimmed === '0') return 0;
  if (!whole.test(trimmed)) return undefined;
  return [...trimmed.matchAll(part)].reduce(
    (sum, [, amount, unit]) => sum + Number(amount) * (units[unit ?? ''] ?? 0),
    0,
  );
}

/** What to write instead of a text that is no duration. */
export function durationHint(text: string): string {
  const trimmed = text.trim();
  if (/^\d+(\.\d+)?$/.test(trimmed)) return `give it a unit: ${trimmed}s for seconds`;
  if (trimmed.startsWith('-')) return 'write a duration of 0 or more';
  return 'write numbers with their units ns, us, ms, s, m or h';
}

/** Writes milliseconds in Go's notation, in whole milliseconds: `1m30s`, `500ms`, `0s`. */
export function formatDuration(milliseconds: number): string {
  const rounded = Math.round(milliseconds);
  if (rounded > 0 && rounded < 1000) return `${rounded}ms`;
  const hours = Math.floor(rounded / 3_600_000);
  const minutes = Math.floor((rounded % 3_600_000) / 60_000);
  const seconds = (rounded % 60_000) / 1000;
  if (hours > 0) return `${hours}h${minutes}m${seconds}s`;
  return minutes > 0 ? `${minutes}m${seconds}s` : `${seconds}s`;
}
