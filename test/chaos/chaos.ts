import { setImmediate as breathe, setTimeout as sleep } from 'node:timers/promises';
import { Dice } from './dice.ts';
import { apiOperations } from './api-operations.ts';
import { ChaosFailure } from './failure.ts';
import { kernelOperations } from './kernel-operations.ts';
import { chooseKinds } from './kinds.ts';
import { backup, serverOperations } from './server-operations.ts';
import { settle, type Settled } from './settling.ts';
import { Stage, type StageOptions } from './stage.ts';
import { until } from './until.ts';

/** What a run is. The same values are the same run, as far as a run can be repeated. */
export interface ChaosOptions extends Omit<StageOptions, 'kinds'> {
  readonly operations: number;
  /** Kinds that are left out; the others stay what they are. */
  readonly without?: readonly string[];
}

/** What a run was like that found nothing. */
export interface ChaosReport extends Settled {
  readonly kinds: ReadonlySet<string>;
  /** Controllers that were started. */
  readonly lives: number;
  readonly writes: number;
}

/**
 * A number of random operations on an API server and a kernel, with everything going wrong that can, and a controller
 * between the two that is killed now and then. Rejects with ChaosFailure as soon as something happens that must not:
 * see Witness for what is watched all the time, and `settle` for what holds at the end.
 *
 * A replay repeats the operations on the API, with every object and revision that they make, when which trouble begins
 * and ends and with what numbers, and the waits in between. What it does not repeat is how fast the machine is: which
 * request a trouble meets, how far the controller has come, and so which entry of the kernel stands at the place that
 * was drawn. A failure that needs such a coincidence may take some replays to show again.
 */
export async function chaos(options: ChaosOptions): Promise<ChaosReport> {
  const kinds = chooseKinds(new Dice(options.seed, 0));
  for (const kind of options.without ?? []) kinds.delete(kind);
  const stage = await Stage.open({ ...options, kinds });
  try {
    for (; stage.step < options.operations; stage.step += 1) {
      if (stage.step >= options.operations / 2) for (const kind of renewing) kinds.delete(kind);
      await operate(stage, kinds, new Dice(options.seed, 1, stage.step));
    }
    const settled = await settle(stage, kinds);
    const { witness, lives } = stage;
    return { ...settled, kinds, lives: lives.count, writes: witness.writes };
  } catch (error) {
    throw error instanceof ChaosFailure ? error.of(options, stage) : error;
  } finally {
    await stage.close();
  }
}

/** Every operation, with what it works on. */
const operations: readonly Operation[] = [
  ...share(880, apiOperations, (run) => (stage, dice) => {
    run(stage.server.api.store, dice);
  }),
  ...share(75, serverOperations, (run) => (stage, dice) => run(stage.server, dice)),
  ...share(40, kernelOperations, (run) => (stage, dice) => run(stage.kernel, dice)),
  { kind: 'kill', weight: 4, run: kill },
  { kind: 'restore', weight: 1, run: restore },
];

/**
 * What has every service planned anew, and so mends what came of single changes: in the second half of a run it does not
 * happen, so that a life goes on long enough for its faults to be there at the end.
 */
const renewing: readonly string[] = ['kill', 'change-node', 'recreate-node'];

interface Operation {
  readonly kind: string;
  readonly weight: number;
  readonly run: (stage: Stage, dice: Dice) => Promise<void> | void;
}

/** Operations of one sort, which come about in so many of a thousand cases. */
function share<Run>(
  weight: number,
  sort: readonly { readonly kind: string; readonly weight: number; readonly run: Run }[],
  on: (run: Run) => Operation['run'],
): Operation[] {
  const sum = sort.reduce((total, operation) => total + operation.weight, 0);
  return sort.map(({ kind, run, ...operation }) => ({
    kind,
    weight: (weight * operation.weight) / sum,
    run: on(run),
  }));
}

async function operate(stage: Stage, kinds: ReadonlySet<string>, dice: Dice): Promise<void> {
  await stage.server.tick();
  const { kind, run } = dice.weighted(operations);
  if (kinds.has(kind)) await run(stage, dice);
  await pace(dice);
  stage.check();
}

/** Bursts, with pauses in which the controller comes along, or troubles play out. */
async function pace(dice: Dice): Promise<void> {
  const pause = dice.next();
  if (pause < 0.3) await breathe();
  else if (pause < 0.45) await sleep(dice.between(1, 5));
  else if (pause < 0.46) await sleep(dice.between(20, 120));
}

/** The controller dies in the middle of something and the next one begins. */
async function kill(stage: Stage, dice: Dice): Promise<void> {
  const writes = dice.below(6);
  if (stage.kernel.gaps && !(await stage.mendRecords())) return;
  stage.history.push(`${stage.step}: the controller is killed`);
  await stage.lives.end(writes);
  await stage.witness.lookAtForeign(stage.kernel.tables);
  stage.lives.begin(stage.witness);
}

/**
 * The server goes back to a backup, in the sight of clients that watch it: that of a server which is at the same version
 * again before anybody looks no client can notice (see Reflector).
 */
async function restore({ server, lives }: Stage, dice: Dice): Promise<void> {
  await server.heal();
  const watching = (): boolean => lives.controller.watching && server.api.watchCount >= 3;
  await until(
    watching,
    () =>
      new ChaosFailure(['the controller does not watch before a restoration', ...lives.controller.troubles]),
  );
  await server.api.restart({ restoreTo: backup(server, dice) });
  await until(
    watching,
    () =>
      new ChaosFailure(['the controller does not watch after a restoration', ...lives.controller.troubles]),
  );
}
