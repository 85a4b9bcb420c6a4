/** What can be wrong with the socket of a daemon, and what to do about it. */
const troubles = {
  'no-daemon': [
    'a kube-ipvs that listens',
    'none',
    'start "kube-ipvs run", or name its socket with --socket',
  ],
  off: ['a socket to ask at', 'none', 'leave it out, or name the socket of a running kube-ipvs'],
  'no-permission': [
    'to be let in',
    'EACCES',
    'run this as the user that kube-ipvs runs as, which is root mostly',
  ],
  'no-answer': ['an answer', 'none in time', 'see whether it is stopped or has no processor time'],
  'bad-answer': [
    'an answer of kube-ipvs',
    'another one',
    'see that the daemon is of the version of this command',
  ],
  'no-socket': ['a socket or nothing', 'something else', 'remove it, or name another path with --socket'],
  taken: [
    'no other kube-ipvs',
    'one that answers',
    'stop the other one, or give this one a --socket of its own',
  ],
  unusable: [
    'a folder that sockets can be made in',
    'a refusal',
    'let it be written to, or name another with --socket',
  ],
} as const;

/** Which of them it is. */
export type SocketTrouble = keyof typeof troubles;

/** The socket of a daemon cannot be used. The message says what to do. */
export class SocketError extends Error {
  override readonly name = 'SocketError';
  readonly code: SocketTrouble;
  readonly path: string;
  /** What to do, in the imperative. */
  readonly hint: string;
  /** What was expected and what came, in one line. */
  readonly summary: string;

  /** @param detail what came, where more is known than `code` says */
  constructor(code: SocketTrouble, path: string, detail?: string, options?: ErrorOptions) {
    const [expected, got, hint] = troubles[code];
    const summary = `${path}: expected ${expected}, got ${detail ?? got}`;
    super(`${summary}; ${hint}`, options);
    this.code = code;
    this.path = path;
    this.hint = hint;
    this.summary = summary;
  }
}

const codes: Readonly<Record<'listen' | 'connect', Readonly<Record<string, SocketTrouble>>>> = {
  listen: { EADDRINUSE: 'taken' },
  connect: {
    ENOENT: 'no-daemon',
    ECONNREFUSED: 'no-daemon',
    EACCES: 'no-permission',
    EPERM: 'no-permission',
  },
};

/** The SocketError that an error of the system amounts to, met when listening or connecting at a path. */
export function socketError(when: 'listen' | 'connect', path: string, cause: unknown): SocketError {
  const code = cause instanceof Error && 'code' in cause ? String(cause.code) : undefined;
  const known = code === undefined ? undefined : codes[when][code];
  const detail = code ?? (cause instanceof Error ? cause.message : String(cause));
  return new SocketError(known ?? (when === 'listen' ? 'unusable' : 'bad-answer'), path, detail, { cause });
}
