import {
  allCommands,
  type CompletedCommand,
  type CompletedFlag,
  type CompletedValue,
} from './command-tree.ts';

/** A script that teaches fish the words of a command line, each with what it is for. It starts no program. */
export function fishCompletion(program: string, root: CompletedCommand): string {
  const name = `__${program.replaceAll('-', '_')}_path`;
  const commands = [...allCommands(root)];
  return `# Completion of ${program} for fish.
function ${name} --description 'Whether the words so far lead to a command'
    set -l path ''
    for word in (commandline -opc)[2..-1]
        switch "$path $word"
${commands
  .filter(({ path }) => path.length > 0)
  .map(stepCase)
  .join('\n')}
        end
    end
    test "$path" = "$argv[1]"
end

complete -c ${program} -f
${commands.flatMap((command) => lines(program, name, command)).join('\n')}
`;
}

function pathText(path: readonly string[]): string {
  return path.map((word) => ` ${word}`).join('');
}

function stepCase({ path, aliases }: CompletedCommand): string {
  const parent = path.slice(0, -1);
  const ways = [path.at(-1) ?? '', ...aliases].map((word) => `'${pathText([...parent, word])}'`);
  return `            case ${ways.join(' ')}\n                set path '${pathText(path)}'`;
}

function lines(program: string, name: string, command: CompletedCommand): string[] {
  const start = `complete -c ${program} -n "${name} '${pathText(command.path)}'"`;
  return [
    ...command.commands.map(({ path, summary }) => `${start} -a ${path.at(-1) ?? ''} -d ${quoted(summary)}`),
    ...argumentWords(command.argument).map((words) => `${start} ${words}`),
    ...command.flags.map((flag) => `${start} ${flagWords(flag)}`),
  ];
}

function argumentWords({ choices, file }: CompletedValue): string[] {
  if (file) return ['-F'];
  return choices.length === 0 ? [] : [`-a ${quoted(choices.join(' '))}`];
}

function flagWords({ long, short, summary, value, optional }: CompletedFlag): string {
  return [
    ...(long === undefined ? [] : [`-l ${long.slice(2)}`]),
    ...(short === undefined ? [] : [`-s ${short.slice(1)}`]),
    ...(value === undefined || optional ? [] : [value.file ? '-rF' : '-x']),
    ...(value === undefined || value.choices.length === 0 ? [] : [`-a ${quoted(value.choices.join(' '))}`]),
    `-d ${quoted(summary)}`,
  ].join(' ');
}

function quoted(text: string): string {
  return `'${text.replace(/['\\]/g, (sign) => `\\${sign}`)}'`;
}
