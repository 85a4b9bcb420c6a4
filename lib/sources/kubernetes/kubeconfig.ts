import { readFile } from 'node:fs/promises';
import { dirname, isAbsolute, join, resolve } from 'node:path';
import {
  type Cluster,
  type Context,
  newClusters,
  newContexts,
  newUsers,
  type User,
} from '@kubernetes/client-node/dist/config_types.js';
import { parse } from 'yaml';
import { isObject } from '../objects/fields.ts';

/** Where a certificate or key is found: in a file, which may be replaced at any time, or as base64. */
export type Material = { readonly file: string } | { readonly data: string };

/** How an API server is reached and who asks it, as written down. Files are named, not read. */
export interface ServerIdentity {
  readonly server: URL;
  /** The name that the server's certificate is checked for, where it is not that of the URL. */
  readonly serverName: string | undefined;
  readonly proxy: URL | undefined;
  readonly ca: Material | undefined;
  readonly cert: Material | undefined;
  readonly key: Material | undefined;
  readonly token: string | undefined;
  /** Read again every minute, for tokens of service accounts are replaced every hour. */
  readonly tokenFile: string | undefined;
  readonly basic: { readonly username: string; readonly password: string } | undefined;
  readonly impersonate: string | undefined;
  /** The kubeconfig's user, where a program is to be asked for its token or certificate. */
  readonly exec: User | undefined;
}

/** A kubeconfig or service account cannot be used. The message says what was expected, what came and what to do. */
export class CredentialsError extends Error {
  override readonly name = 'CredentialsError';
  readonly code = 'credentials';
}

/** The files that every pod of a service account finds. */
const serviceAccountFiles = { token: 'token', ca: 'ca.crt' };

/** Who a pod is: its service account's files, at an API server that has to be given. */
export function inClusterIdentity(server: string, directory: string): ServerIdentity {
  return {
    server: serverUrl(server, 'the address of the API server'),
    serverName: undefined,
    proxy: undefined,
    ca: { file: join(directory, serviceAccountFiles.ca) },
    cert: undefined,
    key: undefined,
    token: undefined,
    tokenFile: join(directory, serviceAccountFiles.token),
    basic: undefined,
    impersonate: undefined,
    exec: undefined,
  };
}

/**
 * Reads a kubeconfig file and takes its current context. Rejects with CredentialsError.
 * @param server the API server to ask instead of the file's, to reach it without a service address: `https://host:port`
 */
export async function readKubeconfig(file: string, server?: string): Promise<ServerIdentity> {
  const config = await readConfig(file);
  const context = current(config, file);
  const cluster = named(config.clusters, context.cluster, 'cluster', file);
  const user = named(config.users, context.user, 'user', file);
  refuseInsecure(cluster, user, file);
  return identity(config, { cluster, user, file, server });
}

interface Config {
  readonly document: Readonly<Record<string, unknown>>;
  readonly clusters: readonly Cluster[];
  readonly users: readonly User[];
  readonly contexts: readonly Context[];
}

async function readConfig(file: string): Promise<Config> {
  try {
    const parsed: unknown = parse(await readFile(file, 'utf8'));
    const document: Readonly<Record<string, unknown>> = isObject(parsed) ? { ...parsed } : {};
    return {
      document,
      clusters: newClusters(document['clusters']),
      users: newUsers(document['users']),
      contexts: newContexts(document['contexts']),
    };
  } catch (error) {
    // What follows the first line of a parser's message is a piece of the file, which has secrets.
    const [got = ''] = (error instanceof Error ? error.message : String(error)).split(/:?\n/);
    throw new CredentialsError(
      `expected a kubeconfig in ${file}, got: ${got}; correct the file or its path`,
      {
        cause: error,
      },
    );
  }
}

function current({ document, contexts }: Config, file: string): Context {
  const name = document['current-context'];
  return named(contexts, typeof name === 'string' ? name : '', 'current-context', file);
}

function named<T extends { readonly name: string }>(
  list: readonly T[],
  name: string | undefined,
  what: string,
  file: string,
): T {
  const found = list.find((item) => item.name === name);
  if (found !== undefined) return found;
  const known = list.map((item) => item.name).join(', ');
  throw new CredentialsError(
    `expected ${file} to have the ${what} ${JSON.stringify(name ?? '')}, got ${known === '' ? 'none' : known}; correct the name`,
  );
}

function refuseInsecure(cluster: Cluster, user: User, file: string): void {
  if (cluster.skipTLSVerify) {
    throw new CredentialsError(
      `expected the server of cluster ${cluster.name} in ${file} to be verified, got insecure-skip-tls-verify: true; give certificate-authority-data instead, and tls-server-name where the name differs`,
    );
  }
  if (isObject(user.authProvider)) {
    throw new CredentialsError(
      `expected user ${user.name} in ${file} to have a certificate, token or exec plugin, got an auth-provider, which Kubernetes no longer has; use the provider's exec plugin`,
    );
  }
}

interface Chosen {
  readonly cluster: Cluster;
  readonly user: User;
  readonly file: string;
  readonly server: string | undefined;
}

function identity(config: Config, { cluster, user, file, server }: Chosen): ServerIdentity {
  const directory = dirname(resolve(file));
  const at = (path: string): string => (isAbsolute(path) ? path : join(directory, path));
  const material = (path: string | undefined, data: string | undefined): Material | undefined =>
    path ? { file: at(path) } : data ? { data } : undefined;
  const tokenFile = tokenFileOf(config, user.name);
  return {
    server: serverUrl(server ?? cluster.server, `the server of cluster ${cluster.name} in ${file}`),
    serverName: cluster.tlsServerName,
    proxy: proxyUrl(cluster),
    ca: material(cluster.caFile, cluster.caData),
    cert: material(user.certFile, user.certData),
    key: material(user.keyFile, user.keyData),
    token: user.token ?? undefined,
    tokenFile: tokenFile === undefined ? undefined : at(tokenFile),
    basic: user.username ? { username: user.username, password: user.password ?? '' } : undefined,
    impersonate: user.impersonateUser ?? undefined,
    exec: isObject(user.exec) ? withPath(user, directory) : undefined,
  };
}

/** client-node knows it by a name that kubeconfigs do not have. */
function tokenFileOf({ document }: Config, name: string): string | undefined {
  const users: unknown[] = Array.isArray(document['users']) ? document['users'] : [];
  const entry = users.filter(isObject).find((user) => 'name' in user && user.name === name);
  const user = entry !== undefined && 'user' in entry && isObject(entry.user) ? entry.user : {};
  return 'tokenFile' in user && typeof user.tokenFile === 'string' ? user.tokenFile : undefined;
}

/** A command with a slash in it is found relative to the file, others on the PATH. */
function withPath(user: User, directory: string): User {
  const exec = user.exec as { readonly command?: unknown };
  const { command } = exec;
  if (typeof command !== 'string' || !command.includes('/') || isAbsolute(command)) return user;
  return { ...user, exec: { ...exec, command: join(directory, command) } };
}

function serverUrl(text: string, what: string): URL {
  const url = URL.parse(text.includes('://') ? text : `https://${text}`);
  if (url?.protocol === 'https:' && url.username === '' && url.password === '') return url;
  throw new CredentialsError(
    `expected ${what} to be https://host:port, got ${shown(text)}; without TLS a server cannot be trusted`,
  );
}

/** An address for a message, without the name and password that may be in it. */
function shown(text: string): string {
  return JSON.stringify(text.replace(/^([^/]*\/\/)?[^/]*@/, '$1...@'));
}

function proxyUrl({ proxyUrl: text, name }: Cluster): URL | undefined {
  if (!text) return undefined;
  const url = URL.parse(text);
  if (url?.protocol === 'http:' || url?.protocol === 'https:') return url;
  throw new CredentialsError(
    `expected proxy-url of cluster ${name} to be http://host:port or https://host:port, got ${shown(text)}; use an HTTP proxy`,
  );
}
