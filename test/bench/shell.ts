import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { createInterface, type Interface } from 'node:readline';
import type { Readable, Writable } from 'node:stream';

/**
 * A shell for the commands of a measurement, started once and before this process has grown. A process that starts
 * another has every page of its memory write-protected for the moment of the fork and pays a page fault for each when it
 * next writes there: to start ipvsadm between two measurements would be measured with the second.
 */
export class Shell {
  readonly #child: ChildProcessByStdio<Writable, Readable, null>;
  readonly #statuses: Interface;

  constructor() {
    this.#child = spawn('sh', { stdio: ['pipe', 'pipe', 'inherit'] });
    this.#statuses = createInterface({ input: this.#child.stdout });
  }

  /** Its process, which stays in the namespaces that it was started in. */
  get pid(): number {
    return this.#child.pid ?? 0;
  }

  /** Runs a command, whose output must go elsewhere, and gives its exit status. One at a time. */
  status(command: string): Promise<number> {
    return new Promise((resolve, reject) => {
      const died = (): void => {
        reject(new Error(`expected the status of \`${command}\`, got the end of the shell`));
      };
      this.#child.once('close', died);
      this.#statuses.once('line', (line) => {
        this.#child.off('close', died);
        resolve(Number(line));
      });
      this.#child.stdin.write(`${command}; echo $?\n`);
    });
  }

  /** Runs a command that must succeed. */
  async run(command: string): Promise<void> {
    const status = await this.status(command);
    if (status !== 0) throw new Error(`expected \`${command}\` to succeed, got status ${status}`);
  }

  close(): void {
    this.#child.stdin.end();
  }
}
