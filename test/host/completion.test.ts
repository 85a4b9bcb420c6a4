import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { kubeIpvs } from '../kernel/cli-program.ts';

/** Prints what bash would offer, a line for each command line, of which the arguments are the words. */
const bashDriver = `
source "$1"
shift
for line; do
  IFS=' ' read -ra COMP_WORDS <<<"$line"
  [[ $line == *' ' ]] && COMP_WORDS+=('')
  COMP_CWORD=$((\${#COMP_WORDS[@]} - 1))
  _kube_ipvs
  printf '%s\\n' "\${COMPREPLY[*]}"
done`;

/** Types each command line and a tabulator in a zsh on a terminal, and prints what the line is then. */
const zshDriver = `
zmodload zsh/zpty
zpty shell zsh -f -i
zpty -w shell "PS1=; stty -echo; autoload -Uz compinit && compinit -u -D; source $1
report() { print -r -- \\"<<\\$BUFFER>>\\"; BUFFER=; }; zle -N report; bindkey '^X' report; echo read''y"
zpty -r -m shell out '*ready*'
shift
for line; do
  zpty -w -n shell "$line"$'\\t'$'\\x18'
  zpty -r -m shell out '*<<*>>*'
  print -r -- "\${\${out##*<<}%%>>*}"
done
zpty -d shell`;

const fishDriver = `
source $argv[1]
for line in $argv[2..-1]
    echo (complete -C "$line" | string replace -r '\\t.*' '' | sort)
end`;

/** A shell that completes. */
interface Shell {
  readonly name: 'bash' | 'zsh' | 'fish';
  readonly start: (script: string, lines: readonly string[]) => readonly string[];
  /** Command lines, each with what the shell makes of it. */
  readonly lines: Readonly<Record<string, string>>;
}

const shells: readonly Shell[] = [
  {
    name: 'bash',
    start: (script, lines) => ['-c', bashDriver, 'bash', script, ...lines],
    lines: {
      'kube-ipvs get ': 'services endpoints sets connections help',
      'kube-ipvs get conn --no-h': '--no-headers',
      'kube-ipvs get svc -o ': 'wide json yaml ipvsadm',
      'kube-ipvs get services --output = w': 'wide',
      'kube-ipvs run --ipvs-sched': '--ipvs-scheduler',
      'kube-ipvs completion ': 'bash zsh fish',
      'kube-ipvs diff --config /etc/passw': '/etc/passwd',
      'kube-ipvs get services -n kube': '',
    },
  },
  {
    name: 'zsh',
    start: (script, lines) => ['-f', '-c', zshDriver, 'zsh', script, ...lines],
    lines: {
      'kube-ipvs get conn': 'kube-ipvs get connections ',
      'kube-ipvs get svc --no-h': 'kube-ipvs get svc --no-headers ',
      'kube-ipvs get services -o w': 'kube-ipvs get services -o wide ',
      'kube-ipvs get services --output=w': 'kube-ipvs get services --output=wide ',
      'kube-ipvs completion f': 'kube-ipvs completion fish ',
      'kube-ipvs get services -n kube': 'kube-ipvs get services -n kube',
    },
  },
  {
    name: 'fish',
    start: (script, lines) => ['--no-config', '-c', fishDriver, script, ...lines],
    lines: {
      'kube-ipvs get ': 'connections endpoints help services sets',
      'kube-ipvs get conn --no-h': '--no-headers',
      'kube-ipvs get svc -o ': 'ipvsadm json wide yaml',
      'kube-ipvs get services --output=w': '--output=wide',
      'kube-ipvs completion ': 'bash fish zsh',
      'kube-ipvs diff --config /etc/passw': '/etc/passwd',
      'kube-ipvs get services -n kube': '',
    },
  },
];

describe('completion', () => {
  let folder: string;

  before(() => {
    folder = mkdtempSync(join(tmpdir(), 'completion-'));
  });

  after(() => {
    rmSync(folder, { recursive: true });
  });

  for (const { name, start, lines } of shells) {
    it(`by ${name} gives commands, flags, their values and files`, () => {
      const { status, out } = kubeIpvs('completion', name);
      expect(status).to.equal(0);
      const script = join(folder, name);
      writeFileSync(script, out);
      const ran = spawnSync(name, start(script, Object.keys(lines)), { encoding: 'utf8', timeout: 60_000 });
      expect({ error: ran.error, err: ran.stderr }).to.deep.equal({ error: undefined, err: '' });
      const offered = ran.stdout.split('\n').map((line) => line.replace(/\/etc\/passwd- ?/, '').trimEnd());
      const wanted = Object.entries(lines);
      expect(Object.fromEntries(wanted.map(([line], index) => [line, offered[index]]))).to.deep.equal(
        Object.fromEntries(wanted.map(([line, words]) => [line, words.trimEnd()])),
      );
    });
  }
});
