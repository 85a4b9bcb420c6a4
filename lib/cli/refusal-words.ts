import type { RefusedStatus } from '../socket/status.ts';

/**
 * What the kernel refuses to do, and why: `add address 10.96.0.1, for default/web: EACCES (permission denied); …`. A
 * reason that names the entry and what was tried, as those of the kernel do, is told without these.
 */
export function refusalWords(
  { operation, key, reason }: Pick<RefusedStatus, 'operation' | 'key' | 'reason'>,
  services = '',
): string {
  const action = operation.includes(key) ? operation : `${operation} ${key}`;
  const at = reason.indexOf(`${operation}: `);
  return `${action}${services}: ${at < 0 ? reason : reason.slice(at + operation.length + 2)}`;
}
