import { existsSync, mkdtempSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** A container as the process of it needs to know it. */
export interface ContainerPlan {
  /** The file tree of the image, and an empty folder at which it is to be the root. */
  readonly image: string;
  readonly root: string;
  readonly mounts: readonly {
    readonly source: string;
    readonly target: string;
    readonly readOnly: boolean;
  }[];
  readonly command: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
  readonly privileged: boolean;
  /** Numbers of linux/capability.h. */
  readonly capabilities: readonly number[];
  readonly noNewPrivileges: boolean;
}

/** What is looked at of a container in a DaemonSet. */
export interface Container {
  readonly name: string;
  readonly command: readonly string[];
  readonly args: readonly string[];
  readonly env: readonly {
    readonly name: string;
    readonly value?: string;
    readonly valueFrom?: { readonly fieldRef: { readonly fieldPath: string } };
  }[];
  readonly securityContext: {
    readonly privileged: boolean;
    readonly allowPrivilegeEscalation?: boolean;
    readonly readOnlyRootFilesystem: boolean;
    readonly runAsUser: number;
    readonly capabilities?: { readonly drop: readonly string[]; readonly add: readonly string[] };
  };
  readonly volumeMounts: readonly {
    readonly name: string;
    readonly mountPath: string;
    readonly subPath?: string;
    readonly readOnly?: boolean;
  }[];
}

/** What is looked at of a pod. */
export interface PodSpec {
  readonly initContainers?: readonly Container[];
  readonly containers: readonly Container[];
  readonly volumes: readonly {
    readonly name: string;
    readonly configMap?: { readonly name: string };
    readonly hostPath?: { readonly path: string; readonly type?: string };
    readonly emptyDir?: object;
  }[];
}

/** What the kubelet of a node knows beside the pod. */
export interface Surroundings {
  /** A folder for what it makes. */
  readonly folder: string;
  readonly nodeName: string;
  /** Files of each ConfigMap. */
  readonly configMaps: Readonly<Record<string, Readonly<Record<string, string>>>>;
  /** Files of the account of the pod. */
  readonly account: Readonly<Record<string, string>>;
}

/** linux/capability.h, as far as a chart may ask for it. */
const capabilityNumbers: Readonly<Record<string, number>> = {
  NET_ADMIN: 12,
  NET_RAW: 13,
  SYS_MODULE: 16,
  SYS_ADMIN: 21,
};

const image = fileURLToPath(new URL('../../build/image', import.meta.url));
const contained = fileURLToPath(new URL('contained.ts', import.meta.url));

/**
 * The part of a kubelet that makes volumes and turns a container of a pod into a command line, which runs it in the network
 * namespace of the caller. Seccomp profiles are not followed.
 */
export class PodRuntime {
  readonly #surroundings: Surroundings;
  readonly #sources: ReadonlyMap<string, string>;

  constructor(pod: PodSpec, surroundings: Surroundings) {
    if (!existsSync(image))
      throw new Error(`expected the files of the image at ${image}, got none; run make image-tree`);
    this.#surroundings = surroundings;
    this.#sources = new Map(pod.volumes.map((volume) => [volume.name, this.#sourceOf(volume)]));
  }

  /** The command line of a container. */
  commandLine(container: Container): readonly string[] {
    const plan = JSON.stringify(this.#plan(container));
    return ['unshare', '--mount', '--propagation', 'private', process.execPath, contained, plan];
  }

  #plan({ command, args, env, securityContext, volumeMounts }: Container): ContainerPlan {
    const { folder, nodeName, account } = this.#surroundings;
    if (!securityContext.readOnlyRootFilesystem || securityContext.runAsUser !== 0)
      throw new Error('expected a container of root with a read-only file system, got another');
    const secrets = { source: this.#files(account), target: '/run/secrets/kubernetes.io/serviceaccount' };
    const mounts = volumeMounts.map(({ name, mountPath, subPath = '', readOnly = false }) => ({
      source: join(this.#sources.get(name) ?? '', subPath),
      target: mountPath,
      readOnly,
    }));
    return {
      image,
      root: mkdtempSync(join(folder, 'root-')),
      mounts: [...mounts, { ...secrets, readOnly: true }],
      command: [...command, ...args],
      environment: Object.fromEntries([
        ['PATH', '/usr/sbin:/usr/bin'],
        ...env.map(({ name, value }) => [name, value ?? nodeName] as const),
      ]),
      privileged: securityContext.privileged,
      capabilities: granted(securityContext),
      noNewPrivileges: securityContext.allowPrivilegeEscalation === false,
    };
  }

  #sourceOf({ configMap, hostPath }: PodSpec['volumes'][number]): string {
    if (configMap) return this.#files(this.#surroundings.configMaps[configMap.name] ?? {});
    // Paths of the node are those of the lab's, whose /lib/modules is elsewhere.
    if (hostPath?.type === 'FileOrCreate') writeFileSync(hostPath.path, '', { flag: 'a' });
    return hostPath?.type === undefined ? this.#files({}) : hostPath.path;
  }

  #files(files: Readonly<Record<string, string>>): string {
    const folder = mkdtempSync(join(this.#surroundings.folder, 'volume-'));
    for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text);
    return folder;
  }
}

function granted({ privileged, capabilities }: Container['securityContext']): number[] {
  if (privileged) return [];
  if (capabilities?.drop.join() !== 'ALL') throw new Error('expected every capability to be dropped');
  return capabilities.add.map((name) => {
    const number = capabilityNumbers[name];
    if (number === undefined) throw new Error(`expected a capability that is known here, got ${name}`);
    return number;
  });
}
