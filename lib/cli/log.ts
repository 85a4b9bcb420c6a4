import { pino } from 'pino';
import type { Logger } from 'pino';
import type { Configuration } from '../config/configuration.ts';
import { RepeatLimit } from './repeat-limit.ts';
import type { Terminal } from './terminal.ts';
import { levelOf } from './verbosity.ts';

/**
 * Makes the log of a command, on standard error: a JSON object a line, or the same as text. Kubernetes' levels become
 * names: from 4 on `debug`, from 6 on `trace`. Lines that say the same again and again are limited, see RepeatLimit, but for
 * those that somebody asked for by a verbosity; `leftOut` of the next that comes says how many did not.
 */
export function createLog(
  configuration: Pick<Configuration, 'loggingFormat' | 'verbosity'>,
  terminal: Terminal,
  now: () => number = Date.now,
): Logger {
  const complaints = new RepeatLimit(now, allowances.complaints);
  const changes = new RepeatLimit(now, allowances.changes);
  const limitOf = (level: number): RepeatLimit | undefined => {
    if (level < levels.info) return undefined;
    return level >= levels.warn ? complaints : changes;
  };
  const write =
    configuration.loggingFormat === 'json'
      ? terminal.err
      : (line: string) => {
          terminal.err(textLine(JSON.parse(line) as LogLine));
        };
  return pino(
    {
      level: levelOf(configuration.verbosity),
      base: null,
      errorKey: 'err',
      timestamp: () => `,"ts":"${new Date().toISOString()}"`,
      formatters: { level: (level) => ({ level }) },
      hooks: {
        logMethod(args, method, level) {
          // Every line of this program has fields and a message; pino's types know other forms only.
          const [fields, message = ''] = args as readonly [unknown, string?, ...unknown[]];
          const limit = limitOf(level);
          const leftOut = limit === undefined ? 0 : limit.take(`${level} ${message}`);
          if (leftOut === undefined) return;
          if (leftOut === 0 || typeof fields !== 'object') method.apply(this, args);
          else Reflect.apply(method, this, [{ ...fields, leftOut }, message]);
        },
      },
    },
    { write },
  );
}

/** pino's numbers: `error` is above `warn`. */
const levels = { info: 30, warn: 40 } as const;

/** Complaints are about one thing, mostly; changes are of one Service each, and a rollout brings several a second. */
const allowances = {
  complaints: { burst: 20, refill: 1000 },
  changes: { burst: 100, refill: 100 },
} as const;

/** One log line. */
interface LogLine {
  readonly ts: string;
  readonly level: string;
  readonly msg?: string;
  /** Of a manifest. Its message tells all of it. */
  readonly problem?: unknown;
  readonly [field: string]: unknown;
}

/** `2026-01-02T03:04:05.678Z info  synced services=3 writes.sets=34 err="no such file"`. */
function textLine({ ts, level, msg = '', problem: _told, ...fields }: LogLine): string {
  const pairs = Object.entries(fields).flatMap(([name, value]) => textPairs(name, value));
  return `${ts} ${level.padEnd(5)} ${[msg, ...pairs].join(' ')}\n`;
}

/** A field as `name=value`, an object as one such pair for each of its fields, and an error by its message. */
function textPairs(name: string, value: unknown): string[] {
  if (typeof value !== 'object' || value === null) return [`${name}=${textValue(String(value))}`];
  if (Array.isArray(value)) return [`${name}=${textValue(value.map(textItem).join(','))}`];
  if ('message' in value && 'stack' in value) return [`${name}=${textValue(String(value.message))}`];
  return Object.entries(value).flatMap(([field, inner]) => textPairs(`${name}.${field}`, inner));
}

function textItem(item: unknown): string {
  return typeof item === 'string' ? item : JSON.stringify(item);
}

function textValue(text: string): string {
  return /^[^\s"=]+$/.test(text) ? text : JSON.stringify(text);
}
