import { readdir } from 'node:fs/promises';
import { release } from 'node:os';
import { join } from 'node:path';
import type { ModuleLists } from '../doctor/examined-node.ts';
import { textOf } from './text-file.ts';

/** Where the files are, unless it is told. */
export interface ModulePlaces {
  readonly proc?: string;
  readonly sys?: string;
  /** Where the modules of the running kernel are, with the lists that depmod(8) makes. */
  readonly modules?: string;
}

/** Reads which modules are loaded, built in, or can be loaded. Never rejects. */
export async function readModuleLists({
  proc = '/proc',
  sys = '/sys',
  modules = join('/lib/modules', release()),
}: ModulePlaces = {}): Promise<ModuleLists> {
  const [loaded, shown, available] = await Promise.all([
    textOf(join(proc, 'modules')),
    readdir(join(sys, 'module')).catch(() => []),
    readAvailable(proc, modules),
  ]);
  const names = (loaded ?? '').split('\n').map((line) => line.replace(/ .*/, ''));
  return { there: new Set([...names, ...shown]), available };
}

async function readAvailable(proc: string, modules: string): Promise<ModuleLists['available']> {
  const [builtIn, loadable, disabled] = await Promise.all([
    textOf(join(modules, 'modules.builtin')),
    textOf(join(modules, 'modules.dep')),
    textOf(join(proc, 'sys/kernel/modules_disabled')),
  ]);
  if (builtIn === undefined || loadable === undefined) return undefined;
  const lists = disabled?.trim() === '1' ? builtIn : `${builtIn}\n${loadable}`;
  const names = lists.matchAll(/^(?:\S*\/)?([^/\s:]+)\.ko(?=[.:\s]|$)/gm);
  return new Set(Array.from(names, ([, name = '']) => name.replaceAll('-', '_')));
}
