import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Misbehaviour, type MisbehaviourRule } from '../kube/misbehaviour.ts';
import type { ApiServer } from '../kube/server.ts';

/** Who the controllers are to the server. */
export const account = 'kube-ipvs';

interface Pending {
  left: number;
  readonly end: () => Promise<void> | void;
}

/**
 * An API server whose troubles end by themselves, so many operations after they began. It keeps the files of a service
 * account, which its clients get in by.
 */
export class TroubledServer {
  readonly api: ApiServer;
  /** Where `token` and `ca.crt` are. */
  readonly directory: string;
  #pending: Pending[] = [];
  #serving = true;

  constructor(api: ApiServer, directory: string) {
    this.api = api;
    this.directory = directory;
    this.writeToken();
    this.writeAuthority();
  }

  /** Whether it takes requests now. */
  get serving(): boolean {
    return this.#serving;
  }

  /** Does something wrong for so many operations, to each request with a probability. */
  misbehave(does: Misbehaviour, operations: number, rest: Omit<MisbehaviourRule, 'does'> = {}): void {
    this.after(operations, this.api.misbehave({ ...rest, does }));
  }

  /** Has something done after so many operations, or when everything is to be well. */
  after(operations: number, end: () => Promise<void> | void): void {
    this.#pending.push({ left: operations, end });
  }

  /** Serves no more for so many operations: it is gone, or it is deaf. */
  async leave(operations: number, how: 'gone' | 'deaf'): Promise<void> {
    if (!this.#serving) return;
    this.#serving = false;
    if (how === 'gone') await this.api.stop();
    else await this.api.restart({ silent: true });
    this.after(operations, async () => {
      this.#serving = true;
      await this.api.restart();
    });
  }

  /** One more operation has passed. */
  async tick(): Promise<void> {
    for (const pending of this.#pending) pending.left -= 1;
    await this.#end(({ left }) => left <= 0);
  }

  /** Ends every trouble at once. */
  async heal(): Promise<void> {
    await this.#end(() => true);
  }

  /** Lets clients know the token that is good now. */
  writeToken(): void {
    writeFileSync(join(this.directory, 'token'), this.api.authentication.token(account));
  }

  /** Lets clients know the authority that is good now. */
  writeAuthority(): void {
    writeFileSync(join(this.directory, 'ca.crt'), this.api.authority.certificate);
  }

  async #end(due: (pending: Pending) => boolean): Promise<void> {
    const ended = this.#pending.filter(due);
    this.#pending = this.#pending.filter((pending) => !due(pending));
    for (const { end } of ended) await end();
  }
}
