import { pino } from 'pino';
import type { Logger } from 'pino';
import type { Configuration } from '../config/configuration.ts';
import type { Terminal } from './terminal.ts';

/**
 * Makes the log of a command, on standard error: a JSON object a line, or the same as text. Kubernetes' levels become
 * names: from 4 on `debug`, from 6 on `trace`.
 */
export function createLog(
  configuration: Pick<Configuration, 'loggingFormat' | 'verbosity'>,
  terminal: Terminal,
): Logger {
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
    },
    { write },
  );
}

/** One log line. */
interface LogLine {
  readonly ts: string;
  readonly level: string;
  readonly msg?: string;
  /** Of a manifest. Its message tells all of it. */
  readonly problem?: unknown;
  readonly [field: string]: unknown;
}

function levelOf(verbosity: number): string {
  if (verbosity >= 6) return 'trace';
  return verbosity >= 4 ? 'debug' : 'info';
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
