import type { Logger } from 'pino';
import { Catalog } from '../catalog/catalog.ts';
import type { Configuration } from '../config/configuration.ts';
import { ConfigurationError } from '../config/configuration-error.ts';
import { flagOf } from '../config/flags.ts';
import type { ProcessInput } from '../config/process-input.ts';
import type { Labels } from '../model/label-selector.ts';
import type { ReservedAddress } from '../model/node-facts.ts';
import type { ServiceKey } from '../model/service.ts';
import { inClusterIdentity, readKubeconfig, type ServerIdentity } from '../sources/kubernetes/kubeconfig.ts';
import { ManifestSource, type ManifestSourceOptions } from '../sources/manifests/manifest-source.ts';
import type { LabelListener } from '../sources/objects/decoded.ts';
import { ApiServers } from './api-servers.ts';
import { Cluster } from './cluster.ts';
import { type ServiceSource, type SourceNode, unknownNode } from './service-source.ts';

/** Where Kubernetes puts the credentials of a pod's service account. */
const serviceAccountDirectory = '/var/run/secrets/kubernetes.io/serviceaccount';

/** Milliseconds that a command which ends by itself waits for an API server and the Node, at most. */
const mostPatience = 30_000;

/** What a source is made for. */
export interface SourceOptions {
  readonly configuration: Configuration;
  readonly input: Pick<ProcessInput, 'apiServer'>;
  readonly catalog: Catalog;
  readonly log: Logger;
  readonly labelled?: LabelListener | undefined;
}

/**
 * Makes the source that is configured, and does not start it.
 *
 * @throws ConfigurationError where none is configured and this is no pod
 * @throws CredentialsError where the kubeconfig or the service account cannot be used
 */
export async function openSource(options: SourceOptions): Promise<ServiceSource> {
  const { configuration, input, catalog, log, labelled } = options;
  const { manifests } = configuration;
  if (manifests !== undefined) return manifestSource({ directory: manifests, catalog, log, labelled });
  const identity = await identityOf(configuration, input);
  const { once, nodeTimeout } = configuration;
  const patience = once ? Math.min(mostPatience, nodeTimeout) : undefined;
  const cluster = new Cluster({ identity, configuration, catalog, log, labelled, patience });
  await cluster.checkCredentials();
  return cluster;
}

/** Everything that a source has, read once. */
export interface Snapshot {
  readonly catalog: Catalog;
  /** Of every Service. */
  readonly labels: ReadonlyMap<ServiceKey, Labels>;
  readonly node: SourceNode;
  /** Where the API servers are. */
  readonly apiServers: readonly ReservedAddress[];
}

/** Reads everything that the configured source has. An API server is waited for no longer than with `--once`. */
export async function readSource(options: Omit<SourceOptions, 'catalog' | 'labelled'>): Promise<Snapshot> {
  const catalog = new Catalog();
  const labels = new Map<ServiceKey, Labels>();
  const labelled: LabelListener = (service, its) => labels.set(service, its);
  const configuration = { ...options.configuration, once: true };
  const source = await openSource({ ...options, configuration, catalog, labelled });
  try {
    const apiServers = new ApiServers({ url: source.cluster?.server, catalog, log: options.log });
    await Promise.all([source.start(), apiServers.resolve()]);
    return { catalog, labels, node: source.node, apiServers: apiServers.addresses };
  } finally {
    await source.stop();
  }
}

function manifestSource(options: ManifestSourceOptions): ServiceSource {
  const source = new ManifestSource(options);
  return {
    cluster: undefined,
    node: unknownNode,
    start: () => source.start(),
    // Files are read as soon as one of them would be.
    readAhead: () => Promise.resolve([]),
    stop: () => source.stop(),
  };
}

/**
 * How the API server is reached that is configured, and as whom.
 *
 * @throws ConfigurationError where none is configured and this is no pod
 * @throws CredentialsError where the kubeconfig cannot be used
 */
export async function identityOf(
  { kubeconfig, master }: Configuration,
  { apiServer }: Pick<ProcessInput, 'apiServer'>,
): Promise<ServerIdentity> {
  if (kubeconfig !== undefined) return readKubeconfig(kubeconfig, master);
  const server = master ?? apiServer;
  if (server !== undefined) return inClusterIdentity(server, serviceAccountDirectory);
  throw new ConfigurationError([
    {
      where: 'the source of services',
      expected: `${flagOf('kubeconfig')}, ${flagOf('manifests')}, or a pod, which has KUBERNETES_SERVICE_HOST`,
      got: 'none of them',
      hint: `name the file that tells how to reach the API server, or a directory: ${flagOf('manifests')} /etc/kube-ipvs/manifests`,
      severity: 'error',
    },
  ]);
}
