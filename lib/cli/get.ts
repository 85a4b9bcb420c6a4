import { Argument, Option } from '@commander-js/extra-typings';
import type { Command } from '@commander-js/extra-typings';
import { addConfigurationFlags, configured } from './configure.ts';
import type { Context } from './context.ts';
import { namesFlags } from './daemon-names.ts';
import { addGetConnections } from './get-connections.ts';
import { addGetSets } from './get-sets.ts';
import { readHeld } from './held.ts';
import type { HeldVirtualServer } from './held.ts';
import { openIpvs } from './kernel.ts';
import { listingStatuses, namesHelp } from './listing-help.ts';
import { tellNames } from './names-note.ts';
import { tellNone } from './none-note.ts';
import { columns } from './output/columns.ts';
import { document, formatDocument } from './output/document.ts';
import { formatIpvsadm, formatIpvsadmRealServers } from './output/ipvsadm.ts';
import { endpointRows, serviceRows } from './output/service-rows.ts';
import type { Rows } from './output/service-rows.ts';
import {
  addSelection,
  type NamedSelection,
  selectionReader,
  type SelectionOptions,
  selects,
} from './service-selection.ts';
import { selectServices, sortByName } from './services-view.ts';
import type { ServiceView, ShownService } from './services-view.ts';

const names = `${namesHelp} A virtual server that no Service asks for is <foreign>.`;

const servicesDescription = [
  'Prints the virtual servers that the kernel holds, whoever made them. ENDPOINTS counts the real ' +
    'servers that take new connections, and all of them.',
  names,
].join('\n\n');

const endpointsDescription = [
  'Prints the real servers that the kernel holds, whoever made them. One of weight 0 is draining: ' +
    'it takes no new connections.',
  names,
].join('\n\n');

const servicesExamples = `
Examples:
  kube-ipvs get services
  kube-ipvs get services -n kube-system kube-dns
  kube-ipvs get services -l 'app in (web, api)' -o wide

  # as ipvsadm -Sn prints it, in the same order; ipvsadm -R reads it
  kube-ipvs get services -o ipvsadm
${listingStatuses}`;

const endpointsExamples = `
Examples:
  kube-ipvs get endpoints --manifests /etc/kube-ipvs/manifests web
  kube-ipvs get endpoints -o json

  # the lines of ipvsadm -Sn that begin with -a, in the same order
  kube-ipvs get endpoints -o ipvsadm
${listingStatuses}`;

/** The formats of listings, besides the narrow columns. */
const formats = ['wide', 'json', 'yaml', 'ipvsadm'] as const;
type Format = (typeof formats)[number];

/** What was written on the command line. */
interface GetOptions extends SelectionOptions {
  readonly output?: Format;
  readonly headers: boolean;
}

/** What is listed. */
interface Listing {
  readonly kind: string;
  /** What it lists, for people. */
  readonly noun: string;
  readonly rows: (views: readonly ServiceView[], wide: boolean) => Rows;
  readonly items: (views: readonly ServiceView[]) => readonly unknown[];
  readonly ipvsadm: (held: readonly HeldVirtualServer[]) => string;
}

const services: Listing = {
  kind: 'ServiceList',
  noun: 'virtual servers',
  rows: serviceRows,
  items: (views) => views,
  ipvsadm: formatIpvsadm,
};

const endpoints: Listing = {
  kind: 'EndpointList',
  noun: 'endpoints',
  rows: endpointRows,
  items: (views) =>
    views.flatMap(({ endpoints: all, ...service }) => all.map((endpoint) => ({ ...endpoint, service }))),
  ipvsadm: formatIpvsadmRealServers,
};

/** Adds `kube-ipvs get services`, `endpoints`, `sets` and `connections`: what the kernel holds. */
export function addGet(program: Command, context: Context): void {
  const get = program
    .command('get')
    .summary('list what the kernel holds')
    .description('Lists what the kernel holds.');
  const serviceCommand = get
    .command('services')
    .aliases(['service', 'svc'])
    .summary('list virtual servers')
    .description(servicesDescription)
    .addHelpText('after', servicesExamples);
  const endpointCommand = get
    .command('endpoints')
    .aliases(['endpoint', 'ep'])
    .summary('list real servers')
    .description(endpointsDescription)
    .addHelpText('after', endpointsExamples);
  addListing(serviceCommand, services, context);
  addListing(endpointCommand, endpoints, context);
  addGetSets(get, context);
  addGetConnections(get, context);
}

function addListing(command: Command, listing: Listing, context: Context): void {
  const listed = addSelection(command, 'those of')
    .addArgument(new Argument('[name]', 'only those of the Service of this name'))
    .addOption(new Option('-o, --output <format>', 'how they are printed').choices(formats))
    .option('--no-headers', 'leave the line with the headings out');
  addConfigurationFlags(command, namesFlags);
  listed.action(async (name: string | undefined, options: GetOptions) => {
    await list(listing, { ...options, name }, context);
  });
}

const noNames: NamedSelection = { names: undefined, from: null, selection: {} };

async function list(listing: Listing, options: GetOptions, context: Context): Promise<void> {
  const { output, headers } = options;
  const { configuration } = await configured(namesFlags, { ...options }, context);
  const read = selectionReader(options, configuration, context);
  const ipvs = openIpvs(undefined);
  try {
    // ipvsadm knows no names.
    const nameless = output === 'ipvsadm' && !selects(options);
    const { names, from, selection } = nameless ? noNames : await read();
    const shown = selectServices(readHeld(ipvs), names, selection);
    context.terminal.out(formatListing(listing, shown, from, output, headers));
    const isForPeople = output === undefined || output === 'wide';
    if (isForPeople) tellNames(from, context);
    if (isForPeople && shown.length === 0) tellNone(listing.noun, options, context);
  } finally {
    ipvs.close();
  }
}

function formatListing(
  { kind, rows, items, ipvsadm }: Listing,
  shown: readonly ShownService[],
  from: string | null,
  output: Format | undefined,
  headers: boolean,
): string {
  const views = sortByName(shown.map(({ view }) => view));
  switch (output) {
    case 'ipvsadm':
      return ipvsadm(shown.map(({ held }) => held));
    case 'json':
    case 'yaml':
      return formatDocument(document(kind, { names: from, items: items(views) }), output);
    default:
      return columns(rows(views, output === 'wide').slice(headers ? 0 : 1));
  }
}
