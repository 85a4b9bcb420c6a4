import type { LogLine } from '../lab/controller.ts';
import type { Seat, Stage } from './stage.ts';
import type { Story } from './story.ts';

/** Changes that one line of a controller's log tells of. */
function written(line: LogLine): number {
  const { writes } = line.fields;
  if (typeof writes !== 'object' || writes === null) return 0;
  return Object.values(writes).reduce((sum: number, count) => sum + Number(count), 0);
}

const isSync = (line: LogLine): boolean => line.fields['msg'] === 'synced';

async function synced(seat: Seat, from: number, began: number): Promise<string> {
  const line = await seat.controller.log(isSync, 15_000, from);
  const elapsed = Math.round(performance.now() - began);
  const own = Number(line.fields['milliseconds']);
  return `${seat.node.name.padEnd(21)} ${String(written(line)).padStart(3)} writes in ${own} ms; ${elapsed} ms after the file`;
}

/**
 * Makes a change of the manifests and tells how long it took each controller to bring it into its kernel: until the
 * first line of its log that says so.
 */
export async function programmed(stage: Stage, story: Story, change: () => Promise<void>): Promise<void> {
  const from = stage.seats.map(({ controller }) => controller.lines.length);
  const began = performance.now();
  await change();
  const lines = await Promise.all(stage.seats.map((seat, index) => synced(seat, from[index] ?? 0, began)));
  story.tell('programmed', ...lines);
}

/** Waits until no kernel gives new connections to this real server any more. */
export async function untilWithdrawn(stage: Stage, realServer: string): Promise<void> {
  const deadline = performance.now() + 15_000;
  for (const { node } of stage.seats) {
    while (serves(await node.must(['ipvsadm', '-Sn']), realServer)) {
      if (performance.now() > deadline) throw new Error(`${realServer} is still behind a virtual server`);
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }
}

/** Whether there is such a real server that is not draining. */
function serves(rules: string, realServer: string): boolean {
  return rules.split('\n').some((rule) => rule.includes(` ${realServer} `) && !/ -w 0\b/.test(rule));
}

/** Tells what a kernel holds for some addresses, in the words of `ipvsadm`. */
export async function tellKernel(
  { node }: Seat,
  story: Story,
  addresses: readonly string[],
): Promise<string[]> {
  const rules = (await node.must(['ipvsadm', '-Sn'])).split('\n').map((rule) => rule.trim());
  const wanted = rules.filter((rule) => addresses.some((address) => rule.includes(` ${address} `)));
  story.tell('kernel', ...wanted.map((rule) => `ipvsadm ${rule}`));
  return wanted;
}
