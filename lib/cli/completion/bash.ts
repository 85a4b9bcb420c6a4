import {
  allCommands,
  type CompletedCommand,
  type CompletedFlag,
  type CompletedValue,
} from './command-tree.ts';

/**
 * A script that teaches bash (4 and later) the words of a command line. It needs nothing of the package
 * bash-completion, and starts no program.
 */
export function bashCompletion(program: string, root: CompletedCommand): string {
  const commands = [...allCommands(root)];
  const name = program.replaceAll('-', '_');
  return `# Completion of ${program} for bash.
_${name}() {
  local cur=\${COMP_WORDS[COMP_CWORD]} prev=\${COMP_WORDS[COMP_CWORD - 1]} path= word index words= flags=
  COMPREPLY=()
  # Bash takes the sign of --flag=value for a word of its own.
  if [[ $cur == = ]]; then
    cur=
  elif [[ $prev == = ]]; then
    prev=\${COMP_WORDS[COMP_CWORD - 2]}
  fi
  for ((index = 1; index < COMP_CWORD; index++)); do
    word=\${COMP_WORDS[index]}
    case "$path $word" in
${commands
  .filter(({ path }) => path.length > 0)
  .map(stepCase)
  .join('\n')}
    esac
  done
  case "$path $prev" in
${valueCases(commands).join('\n')}
  esac
  case "$path" in
${commands.map(wordsCase).join('\n')}
  esac
  if [[ $cur == -* ]]; then
    COMPREPLY=($(compgen -W "$flags" -- "$cur"))
  elif [[ $words == '<file>' ]]; then
    compopt -o filenames 2>/dev/null
    COMPREPLY=($(compgen -f -- "$cur"))
  else
    COMPREPLY=($(compgen -W "$words" -- "$cur"))
  fi
}
complete -F _${name} ${program}
`;
}

/** How the script knows a path: each word with a blank before it. */
function pathText(path: readonly string[]): string {
  return path.map((word) => ` ${word}`).join('');
}

function stepCase({ path, aliases }: CompletedCommand): string {
  const parent = path.slice(0, -1);
  const ways = [path.at(-1) ?? '', ...aliases].map((word) => `"${pathText([...parent, word])}"`);
  return `      ${ways.join(' | ')}) path="${pathText(path)}" ;;`;
}

/** What comes behind a flag that takes a value. Commands that have the same are together. */
function valueCases(commands: readonly CompletedCommand[]): string[] {
  const groups = new Map<string, string[]>();
  for (const { path, flags } of commands) {
    for (const flag of flags) {
      if (flag.value === undefined || flag.optional) continue;
      const action = valueAction(flag.value);
      groups.set(action, [
        ...(groups.get(action) ?? []),
        ...namesOf(flag).map((name) => `"${pathText(path)} ${name}"`),
      ]);
    }
  }
  return [...groups].map(
    ([action, patterns]) => `    ${patterns.join(' | \\\n      ')})\n${action}\n      return\n      ;;`,
  );
}

function valueAction({ choices, file }: CompletedValue): string {
  if (file) return '      compopt -o filenames 2>/dev/null\n      COMPREPLY=($(compgen -f -- "$cur"))';
  return choices.length === 0
    ? '      COMPREPLY=()'
    : `      COMPREPLY=($(compgen -W "${choices.join(' ')}" -- "$cur"))`;
}

function wordsCase({ path, flags, commands, argument }: CompletedCommand): string {
  const words = argument.file
    ? ['<file>']
    : [...commands.map((child) => child.path.at(-1) ?? ''), ...argument.choices];
  return [
    `    "${pathText(path)}")`,
    `      words='${words.join(' ')}'`,
    `      flags='${flags.flatMap(namesOf).join(' ')}'`,
    '      ;;',
  ].join('\n');
}

function namesOf({ long, short }: CompletedFlag): string[] {
  return [long, short].filter((name) => name !== undefined);
}
