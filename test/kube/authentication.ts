import { randomBytes } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { TLSSocket } from 'node:tls';
import { ApiError } from './status.ts';

/** Who may ask: by bearer token, or by a client certificate of the server's authority, whose CN is the name. */
export class Authentication {
  readonly #tokens: Map<string, string>;

  /** @param tokens users by token */
  constructor(tokens: ReadonlyMap<string, string> = new Map()) {
    this.#tokens = new Map(tokens);
  }

  /** The newest token of a user; one is made where there is none. */
  token(user: string): string {
    for (const [token, owner] of [...this.#tokens].reverse()) if (owner === user) return token;
    const token = randomBytes(24).toString('base64url');
    this.#tokens.set(token, user);
    return token;
  }

  /** Gives a user a new token. The old ones cease to count, unless they are kept. */
  rotateToken(user: string, keepOld = false): string {
    if (!keepOld) this.revokeTokens(user);
    const token = randomBytes(24).toString('base64url');
    this.#tokens.set(token, user);
    return token;
  }

  /** Makes all tokens of a user void. */
  revokeTokens(user: string): void {
    for (const [token, owner] of [...this.#tokens]) if (owner === user) this.#tokens.delete(token);
  }

  /** The user who asks. Throws 401 where there is none. */
  userOf(request: IncomingMessage): string {
    const bearer = /^Bearer (.+)$/.exec(request.headers.authorization ?? '')?.[1];
    const user = bearer === undefined ? certificateUser(request) : this.#tokens.get(bearer);
    if (user === undefined) throw new ApiError(401, 'Unauthorized', 'Unauthorized');
    return user;
  }
}

function certificateUser(request: IncomingMessage): string | undefined {
  const { socket } = request;
  if (!(socket instanceof TLSSocket) || !socket.authorized) return undefined;
  const name = socket.getPeerCertificate().subject.CN;
  return Array.isArray(name) ? name[0] : name;
}
