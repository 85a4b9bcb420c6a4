/**
 * Runs every test in stages and ends with one line, `N passed, N failed`. A stage that fails does not keep the next
 * from running; a stage that dies without having counted a failure counts as one.
 */
import { spawn } from 'node:child_process';
import { stripVTControlCharacters } from 'node:util';

interface Stage {
  readonly title: string;
  readonly command: readonly [string, ...string[]];
}

interface Tally {
  readonly passed: number;
  readonly failed: number;
  /** What failed, as it was told. */
  readonly failures: readonly string[];
}

/** Runs mocha in a lab of its own. */
function inLab(title: string, files: string): Stage {
  const mocha = ['mocha', '--fail-zero', '--config', '.mocharc.lab.json', files];
  return { title, command: ['node', 'test/lab/run.ts', '--timeout', '1200', '--', ...mocha] };
}

/**
 * What runs at the same time stands side by side. The kernel's tables and the packets have a lab each: the former move
 * their process into namespaces of its own, where no cluster can be built.
 */
const rounds: readonly (readonly Stage[])[] = [
  [
    { title: 'lint', command: ['npm', 'run', '--silent', 'lint'] },
    { title: 'unit', command: ['mocha', '--fail-zero', 'test/unit/**/*.test.ts'] },
  ],
  [
    inLab('packets, on a real kernel', 'test/packets/**/*.test.ts'),
    inLab('the tables of a real kernel', 'test/kernel/**/*.test.ts'),
  ],
  [
    {
      title: 'the host',
      command: ['mocha', '--fail-zero', '--timeout', '120000', 'test/host/**/*.test.ts'],
    },
  ],
];

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

/** Runs a stage; `print` takes what it prints as it comes. */
function run(stage: Stage, print: (text: string) => void): Promise<Tally> {
  print(`\n=== ${stage.title}\n`);
  return new Promise((resolve) => {
    const [command, ...args] = stage.command;
    const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'] });
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
      const plain = stripVTControlCharacters(output);
      const { passed, failed } = countedBy(plain);
      if (code === 0) resolve({ passed: Math.max(passed, 1), failed: 0, failures: [] });
      else
        resolve({ passed, failed: Math.max(failed, 1), failures: [`${stage.title}\n${failuresIn(plain)}`] });
    });
  });
}

/** Runs stages at the same time; the first one's output is seen live, that of each other when its turn has come. */
async function runTogether(stages: readonly Stage[]): Promise<Tally[]> {
  const held: string[] = stages.map(() => '');
  let shown = 0;
  const running = stages.map((stage, index) =>
    run(stage, (text) => {
      if (index === shown) process.stdout.write(text);
      else held[index] = (held[index] ?? '') + text;
    }),
  );
  const tallies: Tally[] = [];
  for (const stage of running) {
    tallies.push(await stage);
    shown += 1;
    process.stdout.write(held[shown] ?? '');
  }
  return tallies;
}

const began = Date.now();
const tallies: Tally[] = [];
for (const round of rounds) tallies.push(...(await runTogether(round)));
const sum = (key: 'passed' | 'failed'): number => tallies.reduce((total, tally) => total + tally[key], 0);
for (const failure of tallies.flatMap(({ failures }) => failures)) console.log(`\n=== failed: ${failure}`);
console.log(`\n${Math.round((Date.now() - began) / 1000)} s`);
console.log(`${sum('passed')} passed, ${sum('failed')} failed`);
process.exitCode = sum('failed') === 0 ? 0 : 1;
