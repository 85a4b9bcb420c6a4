/** A request that was answered by a server of the lab. */
export interface Reply {
  readonly ok: true;
  /** Who answered; `""` where an HTTP server that is not of the lab did. */
  readonly name: string;
  /** The address that the request came from as the server saw it, and its port. */
  readonly peer: string;
  readonly peerPort: number;
  /** The address that the request came to as the server saw it, and its port. */
  readonly local: string;
  readonly localPort: number;
  /** Of HTTP requests. */
  readonly status?: number;
  /** What an HTTP server that is not of the lab sent. */
  readonly body?: string;
  readonly ms: number;
}

/** A request that was not answered. */
export interface Failure {
  readonly ok: false;
  /** `refused`, `timeout`, `reset`, `closed` (before an answer came), `unreachable`, or the name of another errno. */
  readonly error: string;
  readonly ms: number;
}

/** What became of one request. */
export type Answer = Reply | Failure;

/** How requests are made. */
export interface AskOptions {
  /** Default `tcp`. */
  readonly protocol?: 'tcp' | 'udp' | 'sctp';
  /** Makes it an HTTP request for this path. */
  readonly http?: string;
  /** Requests, each with a socket of its own. Default 1. */
  readonly count?: number;
  /** Goes on for so many seconds instead of a count. */
  readonly seconds?: number;
  /** Requests a second, at most. */
  readonly rate?: number;
  /** Milliseconds until a request counts as not answered. Default 2000. */
  readonly timeout?: number;
  readonly source?: string;
  readonly sourcePort?: number;
  /** Processes that ask at the same time. */
  readonly parallel?: number;
  /**
   * Bytes of a datagram or of a line to a `hold` port, at most 60000, and of the answer; one of another length fails as
   * `length`. What a server's socket does not take at once is lost: more than 10000 may be too much for a line.
   */
  readonly size?: number;
  /**
   * Instead of many connections one, to a `hold` port, with a line every so many milliseconds until an error, the count
   * or the time: each answer shows that the connection lives.
   */
  readonly hold?: number;
}

/** Arguments of `agent ask` for a request. */
export function askArguments(address: string, port: number, options: AskOptions): string[] {
  const flags: readonly (readonly [string, string | number | undefined])[] = [
    ['--proto', options.protocol],
    ['--http', options.http],
    ['--count', options.count],
    ['--for', options.seconds],
    ['--rate', options.rate],
    ['--timeout', options.timeout],
    ['--source', options.source],
    ['--source-port', options.sourcePort],
    ['--parallel', options.parallel],
    ['--size', options.size],
    ['--hold', options.hold],
  ];
  const given = flags.flatMap(([flag, value]) => (value === undefined ? [] : [flag, String(value)]));
  return [...given, address, String(port)];
}

/**
 * Reads a line that `agent ask` printed.
 * @throws {SyntaxError} when it is none
 */
export function parseAnswer(line: string): Answer {
  const value = JSON.parse(line) as Answer;
  return value.ok ? { ...noReply, ...value } : value;
}

const noReply = { name: '', peer: '', peerPort: 0, local: '', localPort: 0 } as const;

/** Answers counted by who gave them, by the source address that was seen, and by what went wrong. */
export interface Tally {
  readonly byName: ReadonlyMap<string, number>;
  readonly byPeer: ReadonlyMap<string, number>;
  readonly errors: ReadonlyMap<string, number>;
}

/** Counts answers. Keys are in alphabetical order, so that equal counts print equally. */
export function tally(answers: readonly Answer[]): Tally {
  const replies = answers.filter((answer) => answer.ok);
  const failures = answers.filter((answer) => !answer.ok);
  return {
    byName: counts(replies.map((reply) => reply.name)),
    byPeer: counts(replies.map((reply) => reply.peer)),
    errors: counts(failures.map((failure) => failure.error)),
  };
}

function counts(values: readonly string[]): Map<string, number> {
  const found = new Map<string, number>();
  for (const value of [...values].sort()) found.set(value, (found.get(value) ?? 0) + 1);
  return found;
}
