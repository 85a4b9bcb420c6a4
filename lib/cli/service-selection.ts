import type { Command } from '@commander-js/extra-typings';
import type { Configuration } from '../config/configuration.ts';
import { ConfigurationError } from '../config/configuration-error.ts';
import { type LabelSelector, parseLabelSelector } from '../model/label-selector.ts';
import { type ServiceKey, serviceKey } from '../model/service.ts';
import type { Context } from './context.ts';
import { daemonNames, runningDaemon } from './daemon-names.ts';
import { findKnowledge, type Knowledge, namesSource } from './knowledge.ts';
import { type ServiceName, serviceNames } from './service-names.ts';

/** Kubernetes' names of virtual servers by key, or `undefined` where they are not known at all. */
export type KnownNames = ReadonlyMap<string, ServiceName> | undefined;

/** Which Services are shown; all, and what is of none, where nothing is given. */
export interface Selection {
  readonly namespace?: string | undefined;
  readonly name?: string | undefined;
  /** Those with the labels that are asked for. */
  readonly services?: ReadonlySet<ServiceKey> | undefined;
}

/** What was written on the command line to select by. */
export interface SelectionOptions {
  readonly name?: string | undefined;
  readonly namespace?: string | undefined;
  readonly selector?: string | undefined;
}

/** Whether anything is selected by. */
export function selects({ name, namespace, selector }: SelectionOptions): boolean {
  return (name ?? namespace ?? selector) !== undefined;
}

/** A selection, and the names that it is made by. */
export interface NamedSelection {
  readonly names: KnownNames;
  /** What told the names: `the running kube-ipvs`. `null` where nothing did. */
  readonly from: string | null;
  readonly selection: Selection;
}

/**
 * Adds the flags that select Services.
 * @param shown what is shown of them: `those of`
 */
export function addSelection(command: Command, shown: string): Command {
  return command
    .option('-n, --namespace <namespace>', `only ${shown} Services in this namespace`)
    .option('-A, --all-namespaces', `${shown} all namespaces and foreign ones, as without -n`)
    .option(
      '-l, --selector <query>',
      `only ${shown} Services with these labels, as kubectl has it: app=web,tier!=cache`,
    );
}

/**
 * What reads the names of Kubernetes and selects by them: by the source that flags name, else by what the running kube-ipvs
 * says at its socket, which has no labels, else by anything else that tells. It rejects with a Failure where there is
 * something to select by and nothing tells the names.
 *
 * @throws ConfigurationError where the selector is none
 */
export function selectionReader(
  { name, namespace, selector }: SelectionOptions,
  configuration: Configuration,
  context: Context,
): () => Promise<NamedSelection> {
  const fits = selector === undefined ? undefined : readSelector(selector);
  const asksDaemon = selector === undefined && !namesSource(configuration);
  return async () => {
    const told = asksDaemon ? await daemonNames(configuration.socket) : undefined;
    if (told !== undefined) return { names: told, from: runningDaemon, selection: { namespace, name } };
    const asked = name ?? namespace ?? selector;
    const knowledge = await findKnowledge(configuration, asked, context);
    if (knowledge === undefined) return { names: undefined, from: null, selection: {} };
    const { states, node, options, from } = knowledge;
    const services = fits && servicesWith(fits, knowledge);
    return { names: serviceNames(states, node, options), from, selection: { namespace, name, services } };
  };
}

/** Whether something of a Service is shown, by what Kubernetes calls it; without a name it is of none that is known. */
export function isSelected(
  known: ServiceName | undefined,
  { namespace, name, services }: Selection,
): boolean {
  const wanted = [
    [namespace, known?.namespace],
    [name, known?.name],
  ];
  if (wanted.some(([one, got]) => one !== undefined && one !== got)) return false;
  return services === undefined || (known !== undefined && services.has(keyOf(known)));
}

function keyOf({ namespace, name }: ServiceName): ServiceKey {
  return serviceKey(namespace, name);
}

function readSelector(text: string): LabelSelector {
  const read = parseLabelSelector(text);
  if ('selector' in read) return read.selector;
  throw new ConfigurationError([
    {
      where: '--selector',
      expected: 'labels such as app=web, tier!=cache, tier in (web, api), app or !app, with commas between',
      got: JSON.stringify(read.wrong),
      hint: 'put all of it in quotes where it has spaces, parentheses or "!"',
      severity: 'error',
    },
  ]);
}

function servicesWith(fits: LabelSelector, { labels }: Knowledge): ReadonlySet<ServiceKey> {
  return new Set([...labels].filter(([, its]) => fits(its)).map(([service]) => service));
}
