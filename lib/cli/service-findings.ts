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

/**
 * What is written in services and not followed on this node: logged once while it lasts; but of addresses of nodes, which a
 * controller writes of every load balancer, the first alone, whatever comes after it.
 */
export class ServiceFindings {
  readonly #options: ServiceFindingsOptions;
  /** The lines that were logged, of services that have any. */
  readonly #told = new Map<ServiceKey, readonly string[]>();
  #nodeAddressTold = false;

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
      if (before?.includes(line) !== true) this.#tell(problem, line);
    });
    if (lines.length > 0) this.#told.set(key, lines);
    else this.#told.delete(key);
    this.#options.found?.(key, problems);
  }

  #tell(problem: Problem, line: string): void {
    const { log } = this.#options;
    if (problem.code !== 'node-address') log.warn({ problem }, line);
    else if (this.#nodeAddressTold) log.debug({ problem }, line);
    else log.info({ problem }, line);
    if (problem.code === 'node-address') this.#nodeAddressTold = true;
  }
}
