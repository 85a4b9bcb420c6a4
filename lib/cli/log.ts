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
  readonly [field: string]: unknown;
}

function levelOf(verbosity: number): string {
  if (verbosity >= 6) return 'trace';
  return verbosity >= 4 ? 'debug' : 'info';
}

/** `2026-01-02T03:04:05.678Z info  synced services=3 err="no such file"`. */
function textLine({ ts, level, msg = '', ...fields }: LogLine): string {
  const pairs = Object.entries(fields).map(([name, value]) => ` ${name}=${textValue(value)}`);
  return `${ts} ${level.padEnd(5)} ${msg}${pairs.join('')}\n`;
}

function textValue(value: unknown): string {
  const text = typeof value === 'string' ? value : JSON.stringify(value);
  return /^[^\s"=]+$/.test(text) ? text : JSON.stringify(text);
}
