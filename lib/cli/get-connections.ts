import { Argument, Option } from '@commander-js/extra-typings';
import type { Command } from '@commander-js/extra-typings';
import { readConnections } from '../kernel/ipvs-connections.ts';
import { addConfigurationFlags, configured } from './configure.ts';
import { type ConnectionView, readAddressFilter, selectConnections } from './connections-view.ts';
import type { Context } from './context.ts';
import { countParser } from './count-option.ts';
import { namesFlags } from './daemon-names.ts';
import { noIpvs } from './kernel.ts';
import { listingStatuses, namesHelp } from './listing-help.ts';
import { tellNames } from './names-note.ts';
import { tellNone } from './none-note.ts';
import { columns } from './output/columns.ts';
import { connectionRows } from './output/connection-rows.ts';
import { document, formatDocument } from './output/document.ts';
import { addSelection, selectionReader, type SelectionOptions } from './service-selection.ts';

const description = [
  'Prints the connections that IPVS remembers, with the Service and the endpoint that each belongs to, from ' +
    '/proc/net/ip_vs_conn. A client without a port is an affinity: where its next connections go.',
  `${namesHelp} A connection through a virtual server that no Service asks for is <foreign>.`,
].join('\n\n');

const examples = `
Examples:
  kube-ipvs get connections
  kube-ipvs get connections -n kube-system kube-dns

  # who is still served by an endpoint that drains?
  kube-ipvs get connections --endpoint 10.244.1.4:80

  # all connections of a network, for another program
  kube-ipvs get connections --client 192.168.7.0/24 --limit 0 -o json
${listingStatuses}`;

/** Connections that are printed unless told otherwise. */
const usualLimit = 500;

/** What was written on the command line. */
interface Options extends SelectionOptions {
  readonly client?: string;
  readonly endpoint?: string;
  readonly limit: number;
  readonly output?: 'wide' | 'json' | 'yaml';
  readonly headers: boolean;
}

/** Adds `kube-ipvs get connections`: who is served by whom at this moment. */
export function addGetConnections(get: Command, context: Context): void {
  const command = get
    .command('connections')
    .aliases(['connection', 'conn'])
    .summary('list connections with the Service and endpoint of each')
    .description(description)
    .addHelpText('after', examples);
  const listed = addSelection(command, 'those to')
    .addArgument(new Argument('[name]', 'only those to the Service of this name'))
    .option('--client <address>', 'only those of a client: an address, or a network such as 10.0.0.0/8')
    .option('--endpoint <address>', 'only those that an endpoint serves: an address, or ADDRESS:PORT')
    .addOption(
      new Option('--limit <number>', 'how many are printed at most; 0 prints all')
        .default(usualLimit)
        .argParser(countParser('--limit', String(usualLimit))),
    )
    .addOption(
      new Option('-o, --output <format>', 'how they are printed').choices(['wide', 'json', 'yaml'] as const),
    )
    .option('--no-headers', 'leave the line with the headings out');
  addConfigurationFlags(command, namesFlags);
  listed.action(async (name: string | undefined, options: Options) => {
    await list({ ...options, name }, context);
  });
}

async function list(options: Options, context: Context): Promise<void> {
  const { limit, headers, output } = options;
  const client = readAddressFilter('--client', options.client);
  const endpoint = readAddressFilter('--endpoint', options.endpoint);
  const { configuration } = await configured(namesFlags, { ...options }, context);
  const { names, from, selection } = await selectionReader(options, configuration, context)();
  const found = await withIpvs(() =>
    selectConnections(readConnections(), names, { ...selection, client, endpoint, limit }),
  );
  const { terminal } = context;
  if (output === 'json' || output === 'yaml') {
    terminal.out(formatDocument(listDocument(from, found.views, found.rest), output));
    return;
  }
  terminal.out(columns(connectionRows(found.views, output === 'wide').slice(headers ? 0 : 1)));
  tellNames(from, context);
  const what = (client ?? endpoint) === undefined ? 'connections' : 'connections that fit';
  if (found.views.length === 0) tellNone(what, options, context);
  if (found.rest > 0) {
    terminal.err(
      `note: ${found.rest} more are not shown; --limit 0 shows all, --client and --endpoint fewer\n`,
    );
  }
}

/** As lists of Kubernetes say what they leave out. */
function listDocument(
  names: string | null,
  items: readonly ConnectionView[],
  rest: number,
): ReturnType<typeof document> {
  const metadata = rest === 0 ? {} : { remainingItemCount: rest };
  return document('ConnectionList', { names, metadata, items });
}

async function withIpvs<Value>(look: () => Promise<Value>): Promise<Value> {
  try {
    return await look();
  } catch (error) {
    throw error instanceof Error && 'code' in error && error.code === 'ENOENT' ? noIpvs(error) : error;
  }
}
