import type { CommandUnknownOpts, Option } from '@commander-js/extra-typings';

/** What may be written for a value. */
export interface CompletedValue {
  /** The words that are possible; empty where they are not known. */
  readonly choices: readonly string[];
  /** Whether a file or a directory is asked for. */
  readonly file: boolean;
}

/** A flag, as a shell completes it. */
export interface CompletedFlag {
  /** `--output`; a flag that has a short form alone has none. */
  readonly long: string | undefined;
  /** `-o`. */
  readonly short: string | undefined;
  readonly summary: string;
  /** Left out where the flag takes no value. */
  readonly value?: CompletedValue;
  /** Whether the value may be left out, and is then written behind `=` alone. */
  readonly optional: boolean;
}

/** A command, as a shell completes it. */
export interface CompletedCommand {
  /** The words that lead to it, without the program's: `['get', 'services']`. */
  readonly path: readonly string[];
  /** Other words for the last of the path. */
  readonly aliases: readonly string[];
  readonly summary: string;
  readonly flags: readonly CompletedFlag[];
  /** What comes behind it, where that is no command. */
  readonly argument: CompletedValue;
  readonly commands: readonly CompletedCommand[];
}

/** What can be completed of a command line, hidden flags and commands left out. */
export function completedCommand(
  command: CommandUnknownOpts,
  path: readonly string[] = [],
): CompletedCommand {
  const help = command.createHelp();
  return {
    path,
    aliases: command.aliases(),
    summary: firstSentence(command.summary() || command.description()),
    flags: help.visibleOptions(command).map(flagOf),
    argument: argumentOf(command),
    commands: help.visibleCommands(command).map((child) => completedCommand(child, [...path, child.name()])),
  };
}

/** A command and all below it. */
export function* allCommands(command: CompletedCommand): Generator<CompletedCommand> {
  yield command;
  for (const child of command.commands) yield* allCommands(child);
}

function flagOf(option: Option): CompletedFlag {
  const { long, short, description, argChoices = [], required, optional, flags } = option;
  return {
    long: long ?? undefined,
    short: short ?? undefined,
    summary: firstSentence(description),
    ...(required || optional ? { value: { choices: argChoices, file: namesFile(flags) } } : {}),
    optional,
  };
}

function argumentOf(command: CommandUnknownOpts): CompletedValue {
  const [first] = command.registeredArguments;
  return { choices: first?.argChoices ?? [], file: first !== undefined && namesFile(`<${first.name()}>`) };
}

/** Whether the value in the usage of a flag, `--config <file>`, is the name of a file or a directory. */
function namesFile(usage: string): boolean {
  return /[<[](?:file|directory|path|socket)[>\]]/.test(usage);
}

function firstSentence(text: string): string {
  return text.split(/[.;]\s|\n/)[0]?.replace(/\.$/, '') ?? '';
}
