import { spawn, spawnSync } from 'node:child_process';
import type { Duplex } from 'node:stream';
import { agentPath } from './agent.ts';
import type { Lab } from './launch.ts';
import { initArguments } from './launch.ts';
import type { LabOptions } from './options.ts';

/** One of each kind of thing that the lab needs of a kernel, made in a network namespace that ends with the probe. */
const probe = [
  'ipvsadm -Ln',
  'ip link add probe0 type dummy',
  'ip link add probe1 type veth peer name probe2',
  'ip link add probe3 type bridge',
  'ipset create probe hash:ip,port,ip',
].join(' && ');

/** Whether namespaces of the running kernel can hold a lab: it has IPVS and the rest, and we are root. */
export function namespacesServe(): boolean {
  if (process.getuid?.() !== 0) return false;
  const environment = { ...process.env, PATH: `${process.env['PATH'] ?? ''}:/usr/sbin:/sbin` };
  return (
    spawnSync('unshare', ['--net', 'sh', '-c', probe], { stdio: 'ignore', env: environment }).status === 0
  );
}

/** Runs the options' command in fresh namespaces of the running kernel. */
export function enterNamespaces(options: LabOptions): Lab {
  const inherited = options.interactive ? 'inherit' : 'ignore';
  const child = spawn(agentPath, ['init', '--namespaces', ...initArguments(options, process.env)], {
    stdio: [inherited, 'inherit', 'inherit', 'pipe'],
  });
  const control = child.stdio[3] as unknown as Duplex;
  return {
    child,
    reports: control,
    orders: control,
    console: () => '',
    kill: () => void control.destroy(),
  };
}
