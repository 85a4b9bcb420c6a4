import { Argument, Option } from '@commander-js/extra-typings';
import type { Command } from '@commander-js/extra-typings';
import { isNotFound, isPermissionDenied } from '../../native-bindings/error.ts';
import { IpSets } from '../../native-bindings/ipset.ts';
import { sourceFlags } from '../config/flags.ts';
import { addConfigurationFlags, configured } from './configure.ts';
import type { Context } from './context.ts';
import { Failure } from './failure.ts';
import { noPermission } from './kernel.ts';
import { findKnowledge } from './knowledge.ts';
import { listingStatuses } from './listing-help.ts';
import { tellNames } from './names-note.ts';
import { columns } from './output/columns.ts';
import { document, formatDocument } from './output/document.ts';
import { elementRows, setRows } from './output/set-rows.ts';
import type { Rows } from './output/service-rows.ts';
import { elementOwners, elementViews, setViews } from './sets-view.ts';

const description = [
  'Prints the IP sets that the kernel holds, whoever made them, or the elements of one of them. The iptables rules ' +
    'of kube-ipvs ask these sets, so they say what is masqueraded, let in and refused.',
  'The Services that an element is for are read from where flags say, or else from where the running kube-ipvs reads; they ' +
    'are <unknown> where nothing tells them. An element that no Service there asks for is <foreign>.',
].join('\n\n');

const examples = `
Examples:
  kube-ipvs get sets
  kube-ipvs get sets KUBE-CLUSTER-IP --kubeconfig /etc/kubernetes/kube-ipvs.conf

  # what each set is for
  kube-ipvs get sets -o wide
${listingStatuses}`;

/** What was written on the command line. */
interface Options {
  readonly output?: 'wide' | 'json' | 'yaml';
  readonly headers: boolean;
}

/** Adds `kube-ipvs get sets`: the IP sets, and what is in one of them. */
export function addGetSets(get: Command, context: Context): void {
  const command = get
    .command('sets')
    .aliases(['set', 'ipsets'])
    .summary('list IP sets, or the elements of one')
    .description(description)
    .addHelpText('after', examples);
  const listed = command
    .addArgument(new Argument('[name]', 'the set whose elements are printed'))
    .addOption(
      new Option('-o, --output <format>', 'how they are printed').choices(['wide', 'json', 'yaml'] as const),
    )
    .option('--no-headers', 'leave the line with the headings out');
  addConfigurationFlags(command, sourceFlags);
  listed.action(async (name: string | undefined, options: Options) => {
    const { rows, names, kind, fields } = await look(name, options, context);
    const { output, headers } = options;
    const text =
      output === 'json' || output === 'yaml'
        ? formatDocument(document(kind, fields), output)
        : columns(rows.slice(headers ? 0 : 1));
    context.terminal.out(text);
    if (names !== undefined && output !== 'json' && output !== 'yaml') tellNames(names, context);
  });
}

/** What is printed, in either way. */
interface Listing {
  /** What told the names in it, see `NamedSelection`; left out where it has none. */
  readonly names?: string | null;
  readonly rows: Rows;
  readonly kind: string;
  readonly fields: Readonly<Record<string, unknown>>;
}

async function look(name: string | undefined, options: Options, context: Context): Promise<Listing> {
  const { configuration } = await configured(sourceFlags, { ...options }, context);
  const sets = IpSets.open();
  try {
    if (name === undefined) {
      const items = setViews(sets.list());
      return { rows: setRows(items, options.output === 'wide'), kind: 'SetList', fields: { items } };
    }
    const members = membersOf(sets, name);
    const knowledge = await findKnowledge(configuration, undefined, context);
    const names = knowledge?.from ?? null;
    const elements = elementViews(name, members, elementOwners(knowledge));
    return { rows: elementRows(elements), names, kind: 'Set', fields: { names, name, elements } };
  } catch (error) {
    throw isPermissionDenied(error) ? noPermission('IP sets', error) : error;
  } finally {
    sets.close();
  }
}

function membersOf(sets: IpSets, name: string): readonly string[] {
  try {
    return sets.members(name);
  } catch (error) {
    if (!isNotFound(error)) throw error;
    const message = `expected the name of a set that the kernel has, got ${name}`;
    throw new Failure('no-set', message, '"kube-ipvs get sets" lists them', { cause: error });
  }
}
