import { Argument, Option } from '@commander-js/extra-typings';
import type { Command } from '@commander-js/extra-typings';
import { Document, isCollection, isMap, isNode, isScalar } from 'yaml';
import { readConfigurationFile } from '../config/configuration-file.ts';
import type { ConfigurationFile } from '../config/configuration-file.ts';
import { ConfigurationError } from '../config/configuration-error.ts';
import { effectiveConfiguration } from '../config/effective-configuration.ts';
import type { EffectiveConfiguration } from '../config/effective-configuration.ts';
import { yamlOptions } from '../config/file-document.ts';
import { settingPaths } from '../config/file-fields.ts';
import type { FileSetting } from '../config/file-fields.ts';
import { allFlags, flagOf } from '../config/flags.ts';
import { configurationJsonSchema } from '../config/json-schema.ts';
import { fileContent } from '../config/written-file.ts';
import { addConfigurationFlags, configured, readText } from './configure.ts';
import type { Context } from './context.ts';
import { exitStatus } from './failure.ts';
import { document, formatDocument } from './output/document.ts';
import type { DocumentFormat } from './output/document.ts';
import { tellProblem } from './report.ts';
import type { Terminal } from './terminal.ts';

const validateExamples = `
Examples:
  kube-ipvs config validate /var/lib/kube-proxy/config.conf

Exit status:
  0  the file can be used
  1  it cannot: each problem is told with line and column
  2  the command line is wrong`;

const viewExamples = `
Examples:
  # what is in force with this file and this flag, and where each value is from?
  kube-ipvs config view /var/lib/kube-proxy/config.conf --ipvs-scheduler lc

  # every default
  kube-ipvs config view -o json

Exit status:
  0  printed
  1  the file cannot be read
  2  a flag or the file is wrong`;

const schemaExamples = `
Examples:
  kube-ipvs config schema >kube-ipvs.schema.json

Exit status:
  0  printed
  2  the command line is wrong`;

/** Adds `kube-ipvs config`: files of configuration looked at without running anything. */
export function addConfig(program: Command, context: Context): void {
  const command = program
    .command('config')
    .summary('check and show the configuration')
    .description('Checks and shows the configuration, and runs nothing.');
  addValidate(command, context);
  addView(command, context);
  command
    .command('schema')
    .summary('print the JSON Schema of KubeIpvsConfiguration')
    .description('Prints the JSON Schema of KubeIpvsConfiguration, for editors and other programs.')
    .addHelpText('after', schemaExamples)
    .action(() => {
      context.terminal.out(`${JSON.stringify(configurationJsonSchema(), null, 2)}\n`);
    });
}

function addValidate(command: Command, { terminal, finish, nodeName }: Context): void {
  command
    .command('validate')
    .summary('see whether a configuration file can be used')
    .description(
      'Reads a KubeProxyConfiguration or KubeIpvsConfiguration, and tells everything that is wrong with it.',
    )
    .addArgument(new Argument('<file>', 'in YAML or JSON'))
    .addHelpText('after', validateExamples)
    .action(async (name) => {
      const file = readConfigurationFile(name, await readText(name));
      finish(validate(file, nodeName, terminal) ? exitStatus.success : exitStatus.failure);
    });
}

function validate(file: ConfigurationFile, nodeName: string | undefined, terminal: Terminal): boolean {
  for (const problem of file.problems) {
    if (problem.severity === 'warning') tellProblem(problem, terminal);
  }
  for (const { where, path, reason } of file.unused) {
    terminal.err(`note: ${where}: ${path} has no effect: ${reason}\n`);
  }
  try {
    effectiveConfiguration({ flags: {}, file, nodeName });
    terminal.out(`${file.name}: a valid ${file.kind ?? 'configuration'}\n`);
    return true;
  } catch (error) {
    if (!(error instanceof ConfigurationError)) throw error;
    for (const problem of error.problems) tellProblem(problem, terminal);
    return false;
  }
}

function addView(command: Command, context: Context): void {
  const view: Command = command
    .command('view')
    .summary('print the configuration that is in force')
    .description(
      'Prints the configuration that "kube-ipvs run" would have with the same flags, as a KubeIpvsConfiguration ' +
        'with every default, and where each value is from.',
    )
    .addHelpText('after', viewExamples);
  addConfigurationFlags(view, allFlags);
  view
    .addArgument(new Argument('[file]', 'the configuration file, as with --config'))
    .addOption(
      new Option('-o, --output <format>', 'json or yaml').choices(['json', 'yaml'] as const).default('yaml'),
    )
    .action(async (name: string | undefined, options: { output: DocumentFormat }) => {
      const all = { ...options, ...(name === undefined ? {} : { config: name }) };
      const { file, ...effective } = await configured(allFlags, all, context);
      context.terminal.out(formatView(effective, file, options.output));
    });
}

function formatView(
  effective: EffectiveConfiguration,
  file: ConfigurationFile | undefined,
  format: DocumentFormat,
): string {
  const content = fileContent(effective, () => true);
  const origins = originsOf(effective, file);
  if (format === 'json') {
    const fields = { configuration: content, origins: Object.fromEntries(origins) };
    return formatDocument(document('ConfigurationView', fields), 'json');
  }
  const yaml = new Document(content, yamlOptions);
  for (const [path, origin] of origins) comment(yaml, path.split('.'), ` ${origin}`);
  return yaml.toString({ lineWidth: 0 });
}

/** Puts a comment behind a value, or, where that has lines of its own, before its name. */
function comment(yaml: Document, path: readonly string[], text: string): void {
  const group: unknown = path.length === 1 ? yaml.contents : yaml.getIn(path.slice(0, -1), true);
  if (!isMap(group)) return;
  const pair = group.items.find(({ key }) => isScalar(key) && key.value === path.at(-1));
  if (isCollection(pair?.value) && isScalar(pair.key)) pair.key.commentBefore = text;
  else if (isNode(pair?.value)) pair.value.comment = text;
}

/** Where the value of each path is from: `kube-proxy.yaml:3:1`, `--ipvs-scheduler`, `default`. */
function originsOf(
  { configuration, origins }: EffectiveConfiguration,
  file: ConfigurationFile | undefined,
): Map<string, string> {
  const names = { environment: 'NODE_NAME', host: 'the host name', default: 'default' } as const;
  const nameOf = (setting: FileSetting): string => {
    const origin = origins[setting];
    if (origin === 'file') return file?.places.get(setting)?.where ?? 'the file';
    return origin === 'flag' ? flagOf(setting) : names[origin];
  };
  const settings = Object.entries(settingPaths) as [FileSetting, string][];
  return new Map(
    settings
      .filter(([setting]) => configuration[setting] !== undefined)
      .map(([setting, path]) => [path, nameOf(setting)]),
  );
}
