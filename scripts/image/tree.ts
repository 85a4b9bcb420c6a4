/**
 * Puts what the image has beside Debian's packages into a folder: Node, the bundled program, the packages that it is not
 * bundled with, the licence and the list of all software.
 *   node scripts/image/tree.ts FOLDER
 */
import { chmodSync, copyFileSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { copyPackages } from './packages.ts';
import { softwareOf } from './sbom.ts';

const [target] = process.argv.slice(2);
if (target === undefined) throw new Error('expected the folder of the image, got none');
const home = join(target, 'opt/kube-ipvs');

for (const folder of ['usr/bin', 'opt/kube-ipvs/dist']) mkdirSync(join(target, folder), { recursive: true });
copyFileSync(process.execPath, join(target, 'usr/bin/node'));
chmodSync(join(target, 'usr/bin/node'), 0o755);

// Nothing else of the image needs `env`.
const program = readFileSync('dist/kube-ipvs.mjs', 'utf8').replace(/^#!.*\n/, '#!/usr/bin/node\n');
writeFileSync(join(home, 'dist/kube-ipvs.mjs'), program, { mode: 0o755 });
symlinkSync('/opt/kube-ipvs/dist/kube-ipvs.mjs', join(target, 'usr/bin/kube-ipvs'));
for (const file of ['package.json', 'LICENSE']) copyFileSync(file, join(home, file));
copyPackages(join(home, 'node_modules'));
writeFileSync(join(home, 'sbom.cdx.json'), `${JSON.stringify(softwareOf(target), null, 1)}\n`);
