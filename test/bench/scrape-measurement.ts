import { setTimeout as sleep } from 'node:timers/promises';
import type { Control, Replacement } from './control.ts';
import type { ScrapeResult } from './daemon-result.ts';
import { oneChangesOf } from './probed.ts';
import { readNotes } from './probe-notes.ts';
import { RunningDaemon } from './running-daemon.ts';
import { sampleOf } from './sample.ts';
import { Scraping } from './scraping.ts';

/** What measuring scrapes takes. */
export interface ScrapeMeasurementOptions {
  readonly program: string;
  readonly kubeconfig: string;
  readonly probeFile: string;
  readonly control: Control;
  /** What is told of services at a scrape. */
  readonly level: ScrapeResult['level'];
  /** Changes without scrapes, and as many with them. */
  readonly changes: number;
  readonly settleSeconds: number;
}

/** What scrapes without a pause cost single changes, over a kernel that is right already. */
export async function measureScrapes(options: ScrapeMeasurementOptions): Promise<ScrapeResult> {
  const { program, kubeconfig, probeFile, control, level, changes, settleSeconds } = options;
  const args = ['--service-metrics', level, '--service-metrics-limit', '10000000'];
  const daemon = new RunningDaemon({ program, kubeconfig, probeFile, args });
  const offset = await control.clockOffset();
  await daemon.logged('ready: every service is programmed');
  await sleep(settleSeconds * 1000);
  const { resident } = daemon.figures();
  const quiet = await change(control, 0, changes);
  const scraping = new Scraping();
  const sizes: number[] = [];
  const timer = setInterval(() => sizes.push(daemon.figures().resident), 500);
  const scraped = await change(control, changes, changes);
  await scraping.stop();
  clearInterval(timer);
  // The last change is to be written before the daemon ends.
  await sleep(settleSeconds * 1000);
  await daemon.stop();
  const notes = readNotes(probeFile);
  const [began, turned] = [quiet[0], scraped[0]].map((one) => (one?.at ?? NaN) - offset);
  return {
    level,
    quiet: oneChangesOf(notes, quiet, [began ?? NaN, turned ?? NaN]),
    scraped: oneChangesOf(notes, scraped, [turned ?? NaN, Infinity]),
    scrape: sampleOf(scraping.scrapes.map(({ milliseconds }) => milliseconds)),
    bytes: scraping.scrapes.at(-1)?.bytes ?? 0,
    ...{ resident, residentMeanwhile: Math.max(...sizes) },
  };
}

/** Replaces an endpoint in each of some services, one after the other. */
async function change(control: Control, first: number, count: number): Promise<Replacement[]> {
  const made: Replacement[] = [];
  for (let service = first; service < first + count; service += 1) {
    made.push(await control.replace(service));
    await sleep(100);
  }
  return made;
}
