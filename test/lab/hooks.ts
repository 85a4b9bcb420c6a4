import { readFileSync, readdirSync } from 'node:fs';
import { commandOf, parentOf, processIds } from './processes.ts';

/** What tests must not leave behind in the lab. */
interface Contents {
  readonly namespaces: readonly string[];
  readonly mounts: readonly string[];
  /** `PID COMMAND` */
  readonly processes: readonly string[];
}

/** This process and everything that it runs under. */
function ownLine(): Set<number> {
  const line = new Set<number>();
  for (let pid = process.pid; pid > 0; pid = parentOf(pid)) line.add(pid);
  return line;
}

function look(): Contents {
  const own = ownLine();
  return {
    namespaces: readdirSync('/run/netns'),
    mounts: readFileSync('/proc/self/mounts', 'utf8').trimEnd().split('\n'),
    processes: processIds()
      .filter((pid) => !own.has(pid))
      .map((pid) => ({ pid, command: commandOf(pid) }))
      .filter(({ command }) => command !== '')
      .map(({ pid, command }) => `${pid} ${command}`),
  };
}

/** What is in one and was not in the other. */
function added(before: readonly string[], after: readonly string[]): readonly string[] {
  const known = new Set(before);
  return after.filter((one) => !known.has(one));
}

/** Hooks that compare the lab after all tests with what it was before. */
function leftoverHooks(): { beforeAll(): void; afterAll(): void } {
  let before: Contents | undefined;
  return {
    beforeAll() {
      if (process.env['LAB'] !== '1')
        throw new Error('these tests need the lab: node test/lab/run.ts -- mocha …');
      before = look();
    },
    afterAll() {
      if (before === undefined) return;
      const known = before;
      const after = look();
      const left = (['namespaces', 'mounts', 'processes'] as const).flatMap((kind) =>
        added(known[kind], after[kind]).map((one) => `${kind}: ${one}`),
      );
      if (left.length > 0) throw new Error(`tests left behind in the lab:\n${left.join('\n')}`);
    },
  };
}

/** For every run of mocha in the lab: no test may leave a namespace, a mount or a process behind. */
export const mochaHooks = leftoverHooks();
