import { formatProblem, type Problem } from '../model/problem.ts';
import type { ServiceKey } from '../model/service.ts';
import type { Log } from '../reconciler/log.ts';
import type { Planning } from './planning.ts';

/** What ServiceFindings need. */
export interface ServiceFindingsOptions {
  readonly planning: Pick<Planning, 'problems'>;
  readonly log: Log;
  /** Told of a service whenever it is planned with something in it that is not followed, or no longer. */
  readonly found?: ((service: ServiceKey, problems: readonly Problem[]) => void) | undefined;
}

/** What is written in services and not followed on this node: logged once while it lasts. */
export class ServiceFindings {
  readonly #options: ServiceFindingsOptions;
  /** The lines that were logged, of services that have any. */
  readonly #told = new Map<ServiceKey, readonly string[]>();

  constructor(options: ServiceFindingsOptions) {
    this.#options = options;
  }

  /** A service is planned, or is gone. Never throws, for that it is served matters more than that it is told of. */
  look(key: ServiceKey): void {
    const { planning, log } = this.#options;
    try {
      this.#note(key, planning.problems(key));
    } catch (error) {
      log.error({ service: key, err: error }, 'it could not be found out what is wrong in a service');
    }
  }

  #note(key: ServiceKey, problems: readonly Problem[]): void {
    const before = this.#told.get(key);
    if (before === undefined && problems.length === 0) return;
    const lines = problems.map(formatProblem);
    problems.forEach((problem, index) => {
      const line = lines[index] ?? '';
      if (before?.includes(line) !== true) this.#options.log.warn({ problem }, line);
    });
    if (lines.length > 0) this.#told.set(key, lines);
    else this.#told.delete(key);
    this.#options.found?.(key, problems);
  }
}
