/**
 * Runs every test in stages and ends with one line, `N passed, N failed`. A stage that fails does not keep the next
 * from running; a stage that dies without having counted a failure counts as one.
 */
import { spawn } from 'node:child_process';

interface Stage {
  readonly title: string;
  readonly command: readonly [string, ...string[]];
}

interface Tally {
  readonly passed: number;
  readonly failed: number;
}

const stages: readonly Stage[] = [
  { title: 'lint', command: ['npm', 'run', '--silent', 'lint'] },
  { title: 'unit', command: ['mocha', '--fail-zero', 'test/unit/**/*.test.ts'] },
  {
    title: 'the real kernel: tables and packets',
    command: [
      'node',
      'test/lab/run.ts',
      '--timeout',
      '800',
      '--',
      'mocha',
      '--fail-zero',
      '--config',
      '.mocharc.lab.json',
      'test/kernel/**/*.test.ts',
      'test/packets/**/*.test.ts',
    ],
  },
  {
    title: 'the lab, from outside',
    command: ['mocha', '--fail-zero', '--timeout', '120000', 'test/host/**/*.test.ts'],
  },
];

/** What mocha said it counted: `12 passing (3s)`, `1 failing`. */
function countedBy(output: string): Tally {
  const sum = (word: string): number =>
    [...output.matchAll(new RegExp(`^\\s*(\\d+) ${word}\\b`, 'gm'))].reduce(
      (total, match) => total + Number(match[1]),
      0,
    );
  return { passed: sum('passing'), failed: sum('failing') };
}

function run(stage: Stage): Promise<Tally> {
  console.log(`\n=== ${stage.title}`);
  return new Promise((resolve) => {
    const [command, ...args] = stage.command;
    const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'inherit'] });
    let output = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      output += text;
      process.stdout.write(text);
    });
    child.on('error', (error) => {
      console.log(`could not run ${command}: ${error.message}`);
      resolve({ passed: 0, failed: 1 });
    });
    child.on('close', (code) => {
      // eslint-disable-next-line no-control-regex -- colours stand between the number and the line's start
      const tally = countedBy(output.replaceAll(/\u001b\[[0-9;]*m/g, ''));
      if (code === 0) resolve(tally.passed === 0 ? { passed: 1, failed: 0 } : tally);
      else resolve({ passed: tally.passed, failed: Math.max(tally.failed, 1) });
    });
  });
}

const began = Date.now();
let passed = 0;
let failed = 0;
for (const stage of stages) {
  const tally = await run(stage);
  passed += tally.passed;
  failed += tally.failed;
}
console.log(`\n${Math.round((Date.now() - began) / 1000)} s`);
console.log(`${passed} passed, ${failed} failed`);
process.exitCode = failed === 0 ? 0 : 1;
