/**
 * Runs every test in stages and ends with one line, `N passed, N failed`. A stage that fails does not keep the next
 * from running; a stage that dies without having counted a failure counts as one.
 */
import { spawn } from 'node:child_process';
import { mkdirSync, readdirSync, rmSync, statSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { stripVTControlCharacters } from 'node:util';
import { allowedProcessors } from '../test/lab/processors.ts';
import { conformancePath, writeConformance } from './conformance.ts';

/** Where every run of mocha leaves what became of its tests. */
const results = resolve('build/results');

const processors = allowedProcessors();

/** Mocha with the hooks that do. */
const mocha = ['mocha', '--require', './test/result-hooks.ts'] as const;

interface Stage {
  readonly title: string;
  /** What runs, the `place`-th of those that run at the same time. */
  readonly command: (place: number) => readonly [string, ...string[]];
}

interface Tally {
  readonly passed: number;
  readonly failed: number;
  /** What failed, as it was told. */
  readonly failures: readonly string[];
}

/** Mocha in a lab of its own, for one file: the kernel of one file is not that of another. */
function inLab(file: string): Stage {
  const lab = ['--timeout', '900', '--write', results, '--env', `TEST_RESULTS=${results}`];
  const command = [...mocha, '--config', '.mocharc.lab.json', file];
  const on = (place: number): string => String(processors[place % processors.length]);
  return {
    title: file,
    command: (place) => ['node', 'test/lab/run.ts', ...lab, '--processor', on(place), '--', ...command],
  };
}

/** Mocha on this machine's own kernel. */
function onHost(file: string): Stage {
  return { title: file, command: () => [...mocha, '--timeout', '240000', file] };
}

/** The test files of a folder, the longest first: what takes long should begin early. */
function filesIn(folder: string): string[] {
  return readdirSync(folder)
    .filter((name) => name.endsWith('.test.ts'))
    .map((name) => join(folder, name))
    .map((file) => ({ file, size: statSync(file).size }))
    .sort((a, b) => b.size - a.size)
    .map(({ file }) => file);
}

/** This one waits for a minute and more while an API server is away: whatever else there is fits beside it. */
const longest = 'test/packets/cluster.test.ts';

/** Everything, what takes long before what does not, so that no processor waits for the last stage. */
const stages: readonly Stage[] = [
  { title: 'lint', command: () => ['npm', 'run', '--silent', 'lint'] },
  { title: 'unit', command: () => [...mocha, 'test/unit/**/*.test.ts'] },
  ...[longest, ...filesIn('test/packets').filter((file) => file !== longest), ...filesIn('test/kernel')].map(
    inLab,
  ),
  ...filesIn('test/host').map(onHost),
];

/** So many run at the same time: more than there are processors, for each waits now and then. */
const atOnce = 2 * processors.length;

/** Lines of an account of failures that are told again at the end; the whole stands where it happened. */
const linesAgain = 60;
/** Columns of such a line. */
const columnsAgain = 300;

/** What mocha tells of failures after its counts, or the end of the output where there is no such account. */
function failuresIn(output: string): string {
  const account = /^\s*\d+ failing\n(.*)$/ms.exec(output)?.[1];
  const lines = account === undefined ? output.split('\n').slice(-20) : account.split('\n');
  return lines
    .slice(0, linesAgain)
    .map((line) => line.slice(0, columnsAgain))
    .join('\n')
    .trim();
}

/** What mocha said it counted: `12 passing (3s)`, `1 failing`. */
function countedBy(output: string): Omit<Tally, 'failures'> {
  const sum = (word: string): number =>
    [...output.matchAll(new RegExp(`^\\s*(\\d+) ${word}\\b`, 'gm'))].reduce(
      (total, match) => total + Number(match[1]),
      0,
    );
  return { passed: sum('passing'), failed: sum('failing') };
}

/** Seconds, as a person reads them. */
function secondsSince(began: number): string {
  return `${Math.round((Date.now() - began) / 1000)} s`;
}

/** Runs a stage, the `place`-th of those that run at the same time; `print` takes what it prints as it comes. */
function run(stage: Stage, place: number, print: (text: string) => void): Promise<Tally> {
  const began = Date.now();
  print(`\n=== ${stage.title}\n`);
  return new Promise((resolve) => {
    const [command, ...args] = stage.command(place);
    const env = { ...process.env, TEST_RESULTS: results };
    const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'], env });
    let output = '';
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8').on('data', (text: string) => {
        output += text;
        print(text);
      });
    }
    child.on('error', (error) => {
      print(`could not run ${command}: ${error.message}\n`);
      resolve({ passed: 0, failed: 1, failures: [`${stage.title}\n${error.message}`] });
    });
    child.on('close', (code) => {
      print(`--- ${stage.title}: ${secondsSince(began)}\n`);
      const plain = stripVTControlCharacters(output);
      const { passed, failed } = countedBy(plain);
      if (code === 0) resolve({ passed: Math.max(passed, 1), failed: 0, failures: [] });
      else
        resolve({ passed, failed: Math.max(failed, 1), failures: [`${stage.title}\n${failuresIn(plain)}`] });
    });
  });
}

/**
 * Runs stages, a few at the same time. What the first of those that run prints is seen as it comes, what the others
 * print when all before them have ended.
 */
async function runAll(): Promise<Tally[]> {
  const held = stages.map(() => '');
  const ended = stages.map(() => false);
  const tallies: Tally[] = [];
  let shown = 0;
  let begun = 0;
  const show = (): void => {
    process.stdout.write(held[shown] ?? '');
    held[shown] = '';
  };
  const work = async (_: unknown, place: number): Promise<void> => {
    for (let index = begun++; index < stages.length; index = begun++) {
      const stage = stages[index];
      if (stage === undefined) return;
      const tally = await run(stage, place, (text) => {
        held[index] = (held[index] ?? '') + text;
        if (index === shown) show();
      });
      tallies.push(tally);
      ended[index] = true;
      while (ended[shown] === true) {
        shown += 1;
        show();
      }
    }
  };
  await Promise.all(Array.from({ length: atOnce }, work));
  return tallies;
}

const began = Date.now();
rmSync(results, { recursive: true, force: true });
mkdirSync(results, { recursive: true });
const tallies = await runAll();
const sum = (key: 'passed' | 'failed'): number => tallies.reduce((total, tally) => total + tally[key], 0);
for (const failure of tallies.flatMap(({ failures }) => failures)) console.log(`\n=== failed: ${failure}`);
await writeConformance(results);
console.log(`\n${conformancePath} is written`);
console.log(secondsSince(began));
console.log(`${sum('passed')} passed, ${sum('failed')} failed`);
process.exitCode = sum('failed') === 0 ? 0 : 1;
