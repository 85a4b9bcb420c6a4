/**
 * M1, M3, M4, P1, P5 and P6: the program as it is shipped, as a process of its own, on a kernel with IPVS, with an API
 * server over TLS that runs beside the lab. Writes one JSON file; `beside-lab.ts` starts it where it can.
 *
 *   node test/bench/daemon-process.ts RESULT.json CONTROL_URL CABLE_DEVICE CABLE_ADDRESS PLAN
 *
 * PLAN is JSON: see MeasurementPlan.
 */
import { writeFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { Control, type Replacement } from './control.ts';
import type { DaemonResult, ScrapeResult, WindowResult } from './daemon-result.ts';
import { MeasuredNamespace } from './measured-namespace.ts';
import type { MeasurementPlan, PlannedSize } from './measurement-plan.ts';
import { burstOf, oneChangesOf } from './probed.ts';
import { readNotes } from './probe-notes.ts';
import { IpvsRig, MemoryRig, type Rig } from './rig.ts';
import { RunningDaemon } from './running-daemon.ts';
import { sampleOf } from './sample.ts';
import { measureScrapes } from './scrape-measurement.ts';
import { Shell } from './shell.ts';

const kubeconfig = '/tmp/kube-ipvs-kubeconfig';
const probeFile = '/tmp/kube-ipvs-probe';
const ready = 'ready: every service is programmed';
const tell = (line: string): void => void process.stderr.write(`  ${line}\n`);

/** The measurements of one size. */
class Measurement {
  right = true;
  readonly #rig: Rig;
  readonly #size: PlannedSize;
  readonly #plan: MeasurementPlan;
  readonly #control: Control;
  readonly #namespace: MeasuredNamespace;

  constructor(
    rig: Rig,
    size: PlannedSize,
    plan: MeasurementPlan,
    control: Control,
    namespace: MeasuredNamespace,
  ) {
    this.#rig = rig;
    this.#size = size;
    this.#plan = plan;
    this.#control = control;
    this.#namespace = namespace;
  }

  async run(): Promise<DaemonResult> {
    const { services, endpoints, rounds } = this.#size;
    const times: Record<'firstService' | 'ready' | 'peak', number[]> = {
      firstService: [],
      ready: [],
      peak: [],
    };
    for (let round = 1; round < rounds; round += 1) await (await this.#start(times)).stop();
    const daemon = await this.#start(times);
    const windows = await this.#windows(daemon);
    await daemon.stop();
    const probed = await this.#probed();
    // On the one processor of a lab client and daemon take turns, which says nothing of a machine.
    const scrapes = this.#size.scrapes && this.#rig.kernel === 'memory' ? await this.scrapes() : [];
    return {
      size: { services, endpoints },
      kernel: this.#rig.kernel,
      firstService: sampleOf(times.firstService),
      ready: sampleOf(times.ready),
      peak: sampleOf(times.peak),
      ...windows,
      ...probed,
      scrapes,
      right: this.right,
    };
  }

  /** What scrapes cost, at each level. */
  async scrapes(): Promise<ScrapeResult[]> {
    const results: ScrapeResult[] = [];
    for (const level of ['service', 'endpoint'] as const) {
      const { singleChanges: changes, settleSeconds } = this.#plan;
      const result = await measureScrapes({
        ...{ program: this.#rig.program, kubeconfig, probeFile, control: this.#control },
        ...{ level, changes, settleSeconds },
      });
      tell(JSON.stringify(result));
      results.push(result);
    }
    return results;
  }

  /** A daemon over an empty kernel, from its start until everything is programmed. */
  async #start(times: Record<'firstService' | 'ready' | 'peak', number[]>): Promise<RunningDaemon> {
    await this.#renew();
    const daemon = new RunningDaemon({ program: this.#rig.program, kubeconfig });
    const first = await Promise.race([this.#rig.firstService(daemon), daemon.ended()]);
    times.firstService.push(first - daemon.started);
    times.ready.push((await daemon.logged(ready)) - daemon.started);
    times.peak.push(daemon.figures().peak);
    tell(
      `first service ${(first - daemon.started).toFixed()} ms, ready ${times.ready.at(-1)?.toFixed() ?? ''} ms`,
    );
    await this.#compare(daemon);
    return daemon;
  }

  async #windows(daemon: RunningDaemon): Promise<Pick<DaemonResult, 'idle' | 'churn' | 'anonymous'>> {
    const { windowSeconds: seconds, changesPerSecond } = this.#plan;
    await sleep(this.#plan.settleSeconds * 1000);
    const idle = await this.#window(daemon, () => sleep(seconds * 1000, 0));
    const { anonymous } = daemon.figures();
    const churn = await this.#window(daemon, () => this.#control.churn(changesPerSecond, seconds));
    await this.#settleAndCompare(daemon);
    return { idle, churn, anonymous };
  }

  async #window(daemon: RunningDaemon, work: () => Promise<number>): Promise<WindowResult> {
    const before = daemon.figures();
    const began = performance.now();
    const resident: number[] = [];
    const timer = setInterval(() => resident.push(daemon.figures().resident), 1000);
    const changes = await work();
    clearInterval(timer);
    const after = daemon.figures();
    const result = {
      seconds: (performance.now() - began) / 1000,
      processorSeconds: after.processor - before.processor,
      changes,
      resident: sampleOf(resident).median,
    };
    tell(
      `${changes} changes in ${result.seconds.toFixed()} s: ${result.processorSeconds.toFixed(2)} s of processor, ${(result.resident / 1e6).toFixed()} MB`,
    );
    return result;
  }

  /** What a probe tells of another daemon: of its start, of single changes and of a burst. */
  async #probed(): Promise<Pick<DaemonResult, 'usableAfterLists' | 'oneChange' | 'burst'>> {
    await this.#renew();
    const offset = await this.#control.clockOffset();
    const daemon = new RunningDaemon({ program: this.#rig.program, kubeconfig, probeFile });
    await daemon.logged(ready);
    this.right &&= await this.#namespace.masquerades();
    const { single, burst } = await this.#change(daemon);
    await daemon.stop();
    const notes = readNotes(probeFile);
    const usable = this.#rig.usableAfterLists(daemon, notes);
    tell(`usable ${usable.toFixed()} ms after the lists`);
    const result = {
      usableAfterLists: usable,
      oneChange: oneChangesOf(notes, single, [
        (single[0]?.at ?? NaN) - offset,
        (burst[0]?.at ?? NaN) - offset,
      ]),
      burst: burstOf(notes, burst, offset),
    };
    tell(JSON.stringify(result));
    return result;
  }

  /** Changes one endpoint after the other, and then many at once. */
  async #change(daemon: RunningDaemon): Promise<Record<'single' | 'burst', readonly Replacement[]>> {
    await sleep(this.#plan.settleSeconds * 1000);
    const single: Replacement[] = [];
    for (let change = 0; change < this.#plan.singleChanges; change += 1) {
      single.push(await this.#control.replace(change));
      await sleep(100);
    }
    const burst = await this.#control.burst(Math.min(this.#plan.burst, this.#size.services));
    await this.#settleAndCompare(daemon);
    return { single, burst };
  }

  async #renew(): Promise<void> {
    await this.#namespace.renew(this.#size.services * this.#size.endpoints);
  }

  /** Waits until the kernel holds what is asked for, for a while at most. */
  async #settleAndCompare(daemon: RunningDaemon): Promise<void> {
    const rules = await this.#control.rules();
    for (let tries = 0; tries < 10; tries += 1) {
      if (await this.#rig.holds(daemon, rules)) return;
      await sleep(2000);
    }
    this.right = false;
  }

  async #compare(daemon: RunningDaemon): Promise<void> {
    this.right = (await this.#rig.holds(daemon, await this.#control.rules())) && this.right;
  }
}

const [resultFile = '/dev/stdout', controlUrl = '', device = '', address = '', planText = '{}'] =
  process.argv.slice(2);
const plan = JSON.parse(planText) as MeasurementPlan;
const shell = new Shell();
const control = new Control(controlUrl);
const namespace = new MeasuredNamespace(shell, { device, address });
const rig = plan.kernel === 'ipvs' ? new IpvsRig(namespace) : new MemoryRig();
if (rig instanceof MemoryRig) await rig.build();
await namespace.renew(0);
const results: DaemonResult[] = [];
for (const size of plan.sizes) {
  tell(`daemon ${size.services} services × ${size.endpoints} endpoints`);
  const { kubeconfig: text } = await control.serve(size);
  writeFileSync(kubeconfig, text);
  const measurement = new Measurement(rig, size, plan, control, namespace);
  if (plan.scrapesAlone === true) await measurement.scrapes();
  else results.push(await measurement.run());
}
writeFileSync(resultFile, `${JSON.stringify(results)}\n`);
shell.close();
