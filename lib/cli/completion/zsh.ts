import {
  allCommands,
  type CompletedCommand,
  type CompletedFlag,
  type CompletedValue,
} from './command-tree.ts';

/** A script that teaches zsh the words of a command line, each with what it is for. It starts no program. */
export function zshCompletion(program: string, root: CompletedCommand): string {
  const name = program.replaceAll('-', '_');
  return `#compdef ${program}
# Completion of ${program} for zsh.
${[...allCommands(root)].map((command) => commandFunction(`_${name}`, command)).join('\n')}
if [ "$funcstack[1]" = "_${name}" ]; then
  _${name} "$@"
else
  compdef _${name} ${program}
fi
`;
}

/** The function of a command: its flags, and the commands or the value behind it. */
function commandFunction(prefix: string, command: CompletedCommand): string {
  const specs = command.flags.flatMap(flagSpecs);
  const name = functionName(prefix, command.path);
  if (command.commands.length === 0)
    return functionText(name, [argumentsCall([...specs, argumentSpec(command.argument)])]);
  return functionText(name, [
    'local -a commands',
    'local curcontext=$curcontext state line',
    argumentsCall([...specs, "'1: :->command'", "'*:: :->rest'"]),
    'case $state in',
    '  command)',
    `    commands=(${command.commands.map(described).join(' ')})`,
    "    _describe 'command' commands",
    '    ;;',
    '  rest)',
    '    case $line[1] in',
    ...command.commands.map(
      ({ path, aliases }) =>
        `      ${[path.at(-1) ?? '', ...aliases].join('|')}) ${functionName(prefix, path)} ;;`,
    ),
    '    esac',
    '    ;;',
    'esac',
  ]);
}

function functionName(prefix: string, path: readonly string[]): string {
  return [prefix, ...path].join('__').replaceAll('-', '_');
}

function functionText(name: string, lines: readonly string[]): string {
  return `${name}() {\n${lines.map((line) => `  ${line}`).join('\n')}\n}\n`;
}

function argumentsCall(specs: readonly string[]): string {
  return `_arguments -C -s \\\n    ${specs.join(' \\\n    ')}`;
}

function flagSpecs(flag: CompletedFlag): string[] {
  const { long, short, summary, value, optional } = flag;
  const behind = value === undefined ? '' : `${optional ? '::' : ':'}value:${valueText(value)}`;
  const spec = (name: string, sign: string): string =>
    `'${name}${value === undefined ? '' : sign}[${quoted(summary)}]${behind}'`;
  return [
    ...(long === undefined ? [] : [spec(long, optional ? '=-' : '=')]),
    ...(short === undefined ? [] : [spec(short, '+')]),
  ];
}

function argumentSpec(value: CompletedValue): string {
  return `'1::argument:${valueText(value)}'`;
}

function valueText({ choices, file }: CompletedValue): string {
  if (file) return '_files';
  return `(${choices.length === 0 ? ' ' : choices.join(' ')})`;
}

function described({ path, summary }: CompletedCommand): string {
  return `'${path.at(-1) ?? ''}:${quoted(summary)}'`;
}

/** A text within single quotes and square brackets, which both end where they are met. */
function quoted(text: string): string {
  return text.replaceAll("'", "'\\''").replace(/[[\]:]/g, (sign) => `\\${sign}`);
}
