import { expect } from 'chai';
import { Failure } from '../../../lib/cli/failure.ts';
import { checkScheduler } from '../../../lib/cli/scheduler-check.ts';
import { systemError } from '../../../native-bindings/error.ts';

const errnos = { ENOENT: 2, EEXIST: 17 } as const;

/** A kernel with some schedulers, to which modprobe adds those of `loadable`; it keeps what was asked of it. */
function kernel(schedulers: readonly string[], loadable: readonly string[] = [], busy = false) {
  const known = new Set(schedulers);
  const asked: string[] = [];
  return {
    asked,
    batch: () => {
      let outcome: 'ENOENT' | 'EEXIST' | undefined;
      return {
        newService: ({ address, port, scheduler }: { address: string; port: number; scheduler: string }) => {
          asked.push(`+ ${address}:${port} ${scheduler}`);
          if (!known.has(scheduler)) outcome = 'ENOENT';
          else if (busy) outcome = 'EEXIST';
        },
        deleteService: ({ address, port }: { address: string; port: number }) => {
          asked.push(`- ${address}:${port}`);
        },
        run: () => {
          const outcomes = [outcome && systemError('add virtual server', errnos[outcome])];
          outcome = undefined;
          return outcomes;
        },
      };
    },
    run: (command: string, args: readonly string[]) => {
      asked.push([command, ...args].join(' '));
      const name = args[0]?.replace('ip_vs_', '') ?? '';
      if (loadable.includes(name)) known.add(name);
      return Promise.resolve({ status: 0, stdout: '', stderr: '' });
    },
  };
}

describe('the check of the scheduler', () => {
  it('passes where the kernel has it, and leaves no virtual server behind', async () => {
    const { asked, run, ...ipvs } = kernel(['rr']);
    await checkScheduler(ipvs, 'rr', run);
    expect(asked).to.deep.equal(['+ 198.51.100.0:20000 rr', '- 198.51.100.0:20000']);
  });

  it('passes where an earlier probe was left behind', async () => {
    const { run, ...ipvs } = kernel(['rr'], [], true);
    await checkScheduler(ipvs, 'rr', run);
  });

  it('loads the module where it is missing', async () => {
    const { asked, run, ...ipvs } = kernel([], ['mh']);
    await checkScheduler(ipvs, 'mh', run);
    expect(asked).to.contain('modprobe ip_vs_mh');
  });

  it('fails with what to do where it cannot be loaded', async () => {
    const { run, ...ipvs } = kernel(['rr']);
    const failure = await checkScheduler(ipvs, 'mh', run).catch((error: unknown) => error);
    expect(failure).to.be.instanceOf(Failure);
    expect(failure).to.include({
      code: 'no-scheduler',
      message: '--ipvs-scheduler: expected a scheduler that the kernel has, got "mh"',
    });
    expect((failure as Failure).hint).to.contain('modprobe ip_vs_mh');
  });
});
