/**
 * Becomes the process of a container, as far as it can be one without an engine: `unshare --mount node contained.ts PLAN`.
 * Started in a mount namespace of its own, it lays the image's file tree and the mounts over each other, makes what is to
 * be read-only so, drops capabilities and becomes the program. The network is the one that it is started in.
 */
import { execFileSync } from 'node:child_process';
import { closeSync, existsSync, mkdirSync, openSync, statSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import type { ContainerPlan } from './container.ts';

/** linux/prctl.h */
const prctl = { dropBounding: 24, noNewPrivileges: 38 } as const;
/** CAP_CHECKPOINT_RESTORE, the last one of linux/capability.h. */
const lastCapability = 40;

interface Libc {
  chroot(path: string): number;
  prctl(option: number, value: number, third: number, fourth: number, fifth: number): number;
}

interface Ffi {
  Library(name: null, functions: Readonly<Record<keyof Libc, readonly [string, readonly string[]]>>): Libc;
  errno(): number;
}

const ffi = createRequire(import.meta.url)('ffi-napi') as Ffi;
const libc = ffi.Library(null, {
  chroot: ['int', ['string']],
  prctl: ['int', ['int', 'ulong', 'ulong', 'ulong', 'ulong']],
});

function must(what: string, result: number): void {
  if (result !== 0) throw new Error(`expected ${what}, got errno ${ffi.errno()}`);
}

function mount(...args: readonly string[]): void {
  execFileSync('mount', args);
}

/** Puts a file or a folder of outside to a path of the container. */
function bind(source: string, target: string, readOnly: boolean): void {
  if (!existsSync(target)) {
    const isFolder = statSync(source).isDirectory();
    mkdirSync(isFolder ? target : dirname(target), { recursive: true });
    if (!isFolder) closeSync(openSync(target, 'a'));
  }
  mount('--bind', source, target);
  if (readOnly) mount('-o', 'remount,bind,ro', target);
}

/** What a runtime mounts of itself: /sys, /proc and, but for a privileged container, /proc/sys are read-only. */
function systemMounts(root: string, privileged: boolean): void {
  mount('-t', 'proc', 'proc', join(root, 'proc'));
  mount('-t', 'sysfs', '-o', 'ro', 'sysfs', join(root, 'sys'));
  mount('--rbind', '/dev', join(root, 'dev'));
  if (!privileged) bind(join(root, 'proc/sys'), join(root, 'proc/sys'), true);
}

function confine(plan: ContainerPlan): void {
  for (let capability = 0; !plan.privileged && capability <= lastCapability; capability += 1) {
    if (plan.capabilities.includes(capability)) continue;
    // A capability that an older kernel does not have cannot be dropped.
    libc.prctl(prctl.dropBounding, capability, 0, 0, 0);
  }
  if (plan.noNewPrivileges) must('no new privileges', libc.prctl(prctl.noNewPrivileges, 1, 0, 0, 0));
}

const plan = JSON.parse(process.argv[2] ?? '') as ContainerPlan;
mount('--bind', plan.image, plan.root);
// Mount points that the image has not are made by the runtime: those of these folders, which are empty in the image.
const folders = ['run', 'etc/kube-ipvs'].map((folder) => join(plan.root, folder));
for (const folder of folders) mount('-t', 'tmpfs', 'tmpfs', folder);
systemMounts(plan.root, plan.privileged);
for (const { source, target, readOnly } of plan.mounts) bind(source, join(plan.root, target), readOnly);
for (const folder of folders) mount('-o', 'remount,ro', folder);
mount('-o', 'remount,bind,ro', plan.root);
must('another root', libc.chroot(plan.root));
process.chdir('/');
confine(plan);
const [program = '', ...args] = plan.command;
const path = ['/usr/sbin', '/usr/bin']
  .map((folder) => join(folder, program))
  .find((file) => existsSync(file));
if (!process.execve) throw new Error(`expected a Node that has process.execve, got ${process.version}`);
process.execve(path ?? program, [program, ...args], plan.environment);
