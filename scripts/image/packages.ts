import { cpSync, existsSync, readFileSync, readdirSync, rmdirSync, statSync } from 'node:fs';
import { basename, dirname, join, relative, sep } from 'node:path';
import { libraryOptions } from '../bundle-options.ts';

/** Folders of a package that nothing is loaded from. */
const unused = ['test', 'docs', 'example', 'types', 'tools'];

/** What is loaded of a package, and what has to go with it. */
const loaded = /(\.[cm]?js|\.json|\.node|^licen[cs]e(\..*)?)$/i;

/**
 * Copies the packages that the program is not bundled with, and those that they need, into a folder. Of each the files
 * that are loaded and the licence go, so that no source and no header of the addons is left to be compiled.
 *
 * @param target a folder that is called node_modules
 */
export function copyPackages(target: string): void {
  for (const folder of packageFolders()) {
    const filter = (source: string): boolean =>
      isLoaded(relative(folder, source), statSync(source).isDirectory());
    cpSync(folder, join(dirname(target), folder), { recursive: true, filter });
    removeEmpty(join(dirname(target), folder));
  }
}

/** Removes the folders in a folder of which nothing was copied. */
function removeEmpty(folder: string): void {
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    if (!entry.isDirectory()) continue;
    const path = join(folder, entry.name);
    removeEmpty(path);
    if (readdirSync(path).length === 0) rmdirSync(path);
  }
}

/** The folders of the packages, from the repository's directory. */
function packageFolders(): readonly string[] {
  const folders = new Set<string>();
  const visit = (name: string, from: string): void => {
    const folder = folderOf(name, from);
    if (folders.has(folder)) return;
    folders.add(folder);
    const { dependencies = {} } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as {
      dependencies?: Readonly<Record<string, string>>;
    };
    for (const needed of Object.keys(dependencies)) visit(needed, folder);
  };
  for (const name of libraryOptions.external) visit(name, '.');
  return [...folders].sort();
}

/** Where Node finds a package when one in a folder asks for it. */
function folderOf(name: string, from: string): string {
  const folder = join(from, 'node_modules', name);
  if (existsSync(folder)) return folder;
  if (from === '.') throw new Error(`expected the package ${name} in node_modules, got none; run npm ci`);
  return folderOf(name, from.slice(0, Math.max(from.lastIndexOf('node_modules') - 1, 0)) || '.');
}

function isLoaded(path: string, isFolder: boolean): boolean {
  const parts = path.split(sep);
  if (parts.some((part) => unused.includes(part) || part === 'node_modules' || part.startsWith('.')))
    return false;
  if (isFolder) return true;
  // Of what was compiled the addon itself, not what the compiler left beside it.
  return parts[0] === 'build' ? /^build\/Release\/[^/]*\.node$/.test(path) : loaded.test(basename(path));
}
