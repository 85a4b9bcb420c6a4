/** What the process was started with: all that this program takes from its environment. */
export interface ProcessInput {
  /** The command line behind the program's name. */
  readonly args: readonly string[];
  /** `NODE_NAME`, as a DaemonSet sets it from `spec.nodeName`. */
  readonly nodeName: string | undefined;
  /**
   * Where pods find the API server: `https://host:port` of `KUBERNETES_SERVICE_HOST` and `KUBERNETES_SERVICE_PORT`.
   * Undefined where the host is not set, outside of a cluster.
   */
  readonly apiServer: string | undefined;
  /** Whether a terminal may be given colours: `NO_COLOR` (no-color.org) is not set, nor is `TERM` `dumb`. */
  readonly colours: boolean;
}

/** Reads what this process was started with. */
export function processInput(): ProcessInput {
  return {
    args: process.argv.slice(2),
    nodeName: variable('NODE_NAME'),
    apiServer: apiServerOf(variable('KUBERNETES_SERVICE_HOST'), variable('KUBERNETES_SERVICE_PORT')),
    colours: variable('NO_COLOR') === undefined && variable('TERM') !== 'dumb',
  };
}

/** The address of an API server of a host, which may be an IPv6 address, and a port, 443 where none is given. */
export function apiServerOf(host: string | undefined, port: string | undefined): string | undefined {
  if (host === undefined) return undefined;
  const bracketed = host.includes(':') && !host.startsWith('[') ? `[${host}]` : host;
  return `https://${bracketed}:${port ?? '443'}`;
}

/** A variable of the environment; undefined where it is not set or blank. */
function variable(name: string): string | undefined {
  const value = process.env[name]?.trim();
  return value === '' ? undefined : value;
}
