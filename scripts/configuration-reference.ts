import { fileKinds } from '../lib/config/configuration-file.ts';
import { externalIPsGate, featureGates } from '../lib/config/feature-gates.ts';
import { ownSettings, settingPaths } from '../lib/config/file-fields.ts';
import type { FileSetting } from '../lib/config/file-fields.ts';
import { jsonFormOf } from '../lib/config/file-values.ts';
import { allFlags, longName } from '../lib/config/flags.ts';
import { unusedFields } from '../lib/config/unused-fields.ts';
import { unusedFlags } from '../lib/config/unused-flags.ts';
import { table } from './markdown-table.ts';

const introduction = `# Fields of the configuration file

Every field of \`KubeIpvsConfiguration\` (\`${fileKinds.KubeIpvsConfiguration}\`), and of kube-proxy's
\`KubeProxyConfiguration\` (\`${fileKinds.KubeProxyConfiguration}\`), which is taken as it is. \`make docs\` makes this
page from the program; [how to configure](../configuration.md) tells the rest.
`;

/** What stands for a setting in a file, in words. */
function typeOf(setting: FileSetting): string {
  const { type, format, enum: names, minimum, maximum } = jsonFormOf(setting);
  if (Array.isArray(names)) return (names as string[]).map((name) => `\`${name}\``).join(', ');
  if (type === 'integer') return `${String(minimum)} to ${String(maximum)}`;
  const words = { 'go-duration': 'duration', 'address-port': 'address:port', cidrs: 'CIDRs with commas' };
  if (format !== undefined) return words[format];
  return { boolean: 'boolean', string: 'text', array: 'list of CIDRs', object: 'map of booleans' }[type];
}

function settingRows(): string[][] {
  return (Object.entries(settingPaths) as [FileSetting, string][]).map(([setting, path]) => {
    const flag = allFlags.find(({ field }) => field === setting);
    return [
      `\`${path}\``,
      typeOf(setting),
      flag?.standard ?? '',
      flag === undefined ? '' : `\`${longName(flag)}\``,
      ownSettings.has(setting) ? 'no' : 'the same',
      setting === 'scheduler' ? 'how a new connection finds its endpoint' : (flag?.help ?? ''),
    ];
  });
}

function pairs(title: readonly string[], entries: Iterable<readonly [string, string]>): string {
  return table([title, ...[...entries].map(([name, text]) => [`\`${name}\``, text])]);
}

/** The page of every field of a configuration file, in Markdown. */
export function configurationReference(): string {
  const head = ['Field', 'Value', 'Default', 'Flag', 'In kube-proxy', 'Meaning'];
  const gates = [...featureGates].map(([name, on]) => {
    const here = on ? 'on' : 'off';
    return [name, name === externalIPsGate ? `${here}, or as written` : here] as const;
  });
  return [
    introduction,
    table([head, ...settingRows()]),
    '\n## Fields without effect\n\nThey are known, and named once in the log where they have a value.\n',
    pairs(['Field', 'Why'], unusedFields),
    '\n## Flags of kube-proxy without effect\n\nThey are taken, and named once in the log.\n',
    pairs(['Flag', 'Why'], unusedFlags),
    '\n## Feature gates\n\nOne is followed. What the others are for is always on, or always off:\n',
    `${pairs(['Gate', 'Here'], gates)}\n`,
  ].join('\n');
}
