import type { Logger } from 'pino';
import { formatProblem, type Problem } from '../../model/problem.ts';
import type { ServiceKey } from '../../model/service.ts';
import { type Decoded, type FieldProblem, formatPath } from '../objects/decoded.ts';
import type { ProblemListener } from './problem-listener.ts';
import type { ResourceHandler } from './replica.ts';

/** How the objects of one kind reach the catalog. */
export interface ObjectFeedOptions<T> {
  /** `Service`. */
  readonly kind: string;
  readonly decode: (object: object) => Decoded<T>;
  /** The service that an object is, or is a part of; undefined where it does not say. */
  readonly serviceOf: (key: string, object: object) => ServiceKey | undefined;
  readonly set: (value: T) => void;
  readonly delete: (key: string) => void;
  /** Called after every list. */
  readonly synced: () => void;
  readonly log: Logger;
}

/** What is wrong with one object, and the service that it belongs to, where that is known. */
interface Faulty {
  readonly service: ServiceKey | undefined;
  readonly problems: readonly Problem[];
}

/** Where the objects come from, as problems name it. */
const where = 'API server';

/**
 * Decodes the objects of one kind and hands them in. An object that cannot be used keeps its last good version in
 * force, and is told of once for every set of problems that it has.
 */
export class ObjectFeed<T> implements ResourceHandler {
  readonly #options: ObjectFeedOptions<T>;
  readonly #problems = new Map<string, Faulty>();
  readonly #listeners = new Set<ProblemListener>();

  constructor(options: ObjectFeedOptions<T>) {
    this.#options = options;
  }

  /** What is wrong with objects now. */
  get problems(): readonly Problem[] {
    return [...this.#problems.values()].flatMap(({ problems }) => problems);
  }

  /** Has a function told of what is wrong with objects now, and of every change of that. */
  follow(listener: ProblemListener): void {
    this.#listeners.add(listener);
    for (const [key, faulty] of this.#problems) this.#tell(listener, key, faulty);
  }

  set(key: string, object: object): void {
    const decoded = this.#decode(object);
    if (decoded.value !== undefined) this.#options.set(decoded.value);
    else if (decoded.skipped !== undefined) this.#options.delete(key);
    this.#note(key, decoded.problems, object);
  }

  delete(key: string): void {
    this.#options.delete(key);
    this.#note(key, []);
  }

  synced(): void {
    this.#options.synced();
  }

  #decode(object: object): Decoded<T> {
    try {
      return this.#options.decode(object);
    } catch (error) {
      // One object that the decoder does not stand must not end the watch of the others.
      const got = error instanceof Error ? error.message : String(error);
      const hint = 'report this as a fault of kube-ipvs; its last good version stays in force';
      return {
        problems: [{ path: [], expected: 'an object that can be read', got, hint, severity: 'error' }],
      };
    }
  }

  #note(key: string, found: readonly FieldProblem[], object?: object): void {
    const before = this.#problems.get(key);
    if (before === undefined && found.length === 0) return;
    const problems = found.map((problem) => this.#locate(key, problem));
    const service = (object && this.#options.serviceOf(key, object)) ?? before?.service;
    this.#log(problems, new Set(before?.problems.map(formatProblem)));
    this.#keep(key, { service, problems });
    for (const listener of this.#listeners) this.#tell(listener, key, { service, problems });
  }

  #keep(key: string, faulty: Faulty): void {
    if (faulty.problems.length > 0) {
      this.#problems.set(key, faulty);
    } else {
      this.#problems.delete(key);
      this.#options.log.info({}, `no longer a problem: ${this.#options.kind} ${key}`);
    }
  }

  #tell(listener: ProblemListener, key: string, { service, problems }: Faulty): void {
    if (service === undefined) return;
    listener({ object: `${this.#options.kind} ${key}`, service, problems });
  }

  #log(problems: readonly Problem[], told: ReadonlySet<string>): void {
    for (const problem of problems) {
      const line = formatProblem(problem);
      if (told.has(line)) continue;
      if (problem.severity === 'error') this.#options.log.error({ problem }, line);
      else this.#options.log.warn({ problem }, line);
    }
  }

  #locate(key: string, { path, ...rest }: FieldProblem): Problem {
    const object = `${this.#options.kind} ${key}`;
    return { where, object, ...(path.length > 0 && { field: formatPath(path) }), ...rest };
  }
}
