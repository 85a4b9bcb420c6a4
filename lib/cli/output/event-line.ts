import type { DaemonEvent } from '../../socket/event.ts';
import type { Paint } from './paint.ts';
import { tookText } from './age.ts';

/** What an entry of each table is called. */
const nouns: Readonly<Record<string, string>> = {
  sysctls: 'sysctl',
  sets: 'set',
  firewall: 'iptables',
  setEntries: 'set-entry',
  virtualServers: 'virtual-server',
  realServers: 'real-server',
  addresses: 'address',
};

const colours = { '+': 'green', '-': 'red', '~': 'yellow' } as const;

/**
 * Writes an event as a line: `15:04:05.123 +real-server 10.96.0.10:53/UDP → 10.0.1.7:53 w=1 (kube-system/kube-dns) 0.8 ms`.
 * @param isDated whether the date comes before the time
 */
export function formatEvent(event: DaemonEvent, paint: Paint, isDated = false): string {
  const { time, kind, key, service, text, milliseconds } = event;
  const parts = [
    paint('dim', isDated ? time : time.slice(11, 23)),
    head(event, paint),
    key === null ? '' : keyText(key),
    kind === 'refused' ? paint('red', text) : text,
    service === null ? '' : paint('cyan', `(${service})`),
    milliseconds === null ? '' : tookText(milliseconds),
  ];
  return `${parts.filter((part) => part !== '').join(' ')}\n`;
}

function head({ kind, action, table }: DaemonEvent, paint: Paint): string {
  const noun = nouns[table ?? ''] ?? '';
  const sign = action ?? '';
  if (kind === 'change') return paint(colours[action ?? '~'], `${sign}${noun}`);
  if (kind === 'refused') return paint('red', `!${sign}${noun} refused`);
  return paint('yellow', `${kind} ${noun}`.trimEnd());
}

/** `UDP 10.96.0.10:53 -> 10.0.1.7:53` with the protocol where people expect it, `10.96.0.10:53/UDP → 10.0.1.7:53`. */
function keyText(key: string): string {
  const parts = /^(?<protocol>[A-Z]+) (?<server>\S+)(?: -> (?<endpoint>\S+))?$/.exec(key)?.groups;
  if (parts === undefined) return key;
  const { protocol = '', server = '', endpoint } = parts;
  return `${server}/${protocol}${endpoint === undefined ? '' : ` → ${endpoint}`}`;
}
