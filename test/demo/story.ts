import { styleText } from 'node:util';

/** One thing that was looked at, and whether it was as it should be. */
interface Check {
  readonly scene: string;
  readonly what: string;
  readonly held: boolean;
  readonly seen: string;
}

const width = 92;
const labelWidth = 11;
const bold = (text: string): string => styleText('bold', text);
const dim = (text: string): string => styleText('dim', text);

/**
 * Tells a walkthrough on standard output as it goes, and keeps account of what was checked. Colours are used where the
 * terminal has them or FORCE_COLOR asks for them.
 */
export class Story {
  readonly #checks: Check[] = [];
  readonly #began = performance.now();
  #scene = '';

  /** The heading of the whole. */
  title(text: string, ...lines: readonly string[]): void {
    this.#print('', bold(text), ...lines.map((line) => dim(line)));
  }

  /** Begins a scene. */
  scene(number: string, text: string): void {
    this.#scene = text;
    const at = `${((performance.now() - this.#began) / 1000).toFixed(0)} s`;
    const rule = '─'.repeat(Math.max(width - number.length - text.length - at.length - 6, 3));
    this.#print('', `${styleText('cyan', '──')} ${bold(`${number} ${text}`)} ${dim(`${rule} ${at}`)}`);
  }

  /** A line of what happens, under a word that says what kind of line it is; the word is not repeated. */
  tell(label: string, ...lines: readonly string[]): void {
    lines.forEach((line, index) => {
      this.#print(`  ${styleText('cyan', (index === 0 ? label : '').padEnd(labelWidth))}${line}`);
    });
  }

  /** Something that must hold, and what was seen. */
  check(what: string, held: boolean, seen: string): void {
    this.#checks.push({ scene: this.#scene, what, held, seen });
    const sign = held ? styleText('green', '✔') : styleText('red', '✘');
    this.#print(`  ${sign} ${what}${seen === '' ? '' : dim(` · ${seen}`)}`);
  }

  /** Whether everything that was checked held, and something was. */
  get good(): boolean {
    return this.#checks.length > 0 && this.#checks.every((check) => check.held);
  }

  /** The table of everything that was checked. */
  close(): void {
    const scenes = Map.groupBy(this.#checks, (check) => check.scene);
    const wide = Math.max(...[...scenes.keys()].map((scene) => scene.length));
    const seconds = ((performance.now() - this.#began) / 1000).toFixed(0);
    this.#print('', bold('WHAT WAS CHECKED'));
    for (const [scene, checks] of scenes) {
      const held = checks.filter((check) => check.held).length;
      const verdict =
        held === checks.length ? styleText('green', '✔ all of it') : styleText('red', '✘ not all of it');
      this.#print(`  ${scene.padEnd(wide)}   ${`${held} of ${checks.length}`.padStart(8)}   ${verdict}`);
      for (const check of checks.filter((one) => !one.held)) {
        this.#print(
          `    ${styleText('red', '✘')} ${check.what}${check.seen === '' ? '' : `: ${check.seen}`}`,
        );
      }
    }
    const held = this.#checks.filter((check) => check.held).length;
    this.#print('', `${bold(`${held} of ${this.#checks.length} checks held`)} ${dim(`in ${seconds} s`)}`);
  }

  #print(...lines: readonly string[]): void {
    process.stdout.write(`${lines.join('\n')}\n`);
  }
}

/** A bar as long as the share of the whole that it stands for. */
export function bar(count: number, whole: number): string {
  return styleText('green', '█'.repeat(Math.round((24 * count) / Math.max(whole, 1))));
}
