/** What to do about an errno of bind(2) or listen(2). */
const hints: Readonly<Record<string, string>> = {
  EADDRINUSE: 'end the program that has the port (ss -ltnp names it) or choose another',
  EADDRNOTAVAIL: 'give the address to an interface of this node or choose another',
  EACCES: 'allow CAP_NET_BIND_SERVICE or choose a port from 1024 on',
};

/** A server could not begin to listen. The message says what to do. */
export class ListenError extends Error {
  override readonly name = 'ListenError';
  /** Symbolic errno. */
  readonly code: string;

  /** @param place `0.0.0.0:10256`, or `port 30000 of every address` */
  constructor(place: string, cause: NodeJS.ErrnoException) {
    const code = cause.code ?? 'unknown';
    const hint = hints[code] ?? 'see that the node lets this program listen there';
    super(`expected to listen at ${place}, got ${code}; ${hint}`, { cause });
    this.code = code;
  }
}
