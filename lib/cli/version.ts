import { release } from 'node:os';
import { Option } from '@commander-js/extra-typings';
import type { Command } from '@commander-js/extra-typings';
import { Ipvs } from '../../native-bindings/ipvs.ts';
import { programVersion } from './build-info.ts';
import type { Context } from './context.ts';
import { columns } from './output/columns.ts';
import { document, formatDocument } from './output/document.ts';

const after = `
Examples:
  kube-ipvs version
  kube-ipvs version -o json

Exit status:
  0  printed
  2  the command line is wrong`;

/** Adds `kube-ipvs version`: what is running here. */
export function addVersion(program: Command, { terminal }: Context): void {
  program
    .command('version')
    .summary('print the versions of kube-ipvs, Node, the kernel and its IPVS')
    .description('Prints the versions of kube-ipvs, Node, the kernel and its IPVS.')
    .addOption(new Option('-o, --output <format>', 'how it is printed').choices(['json', 'yaml']))
    .addHelpText('after', after)
    .action(({ output }) => {
      const versions = {
        kubeIpvs: programVersion(),
        node: process.versions.node,
        kernel: release(),
        ipvs: ipvsVersion(),
      };
      terminal.out(
        output === undefined
          ? columns([
              ['kube-ipvs', versions.kubeIpvs],
              ['node', versions.node],
              ['kernel', versions.kernel],
              ['ipvs', versions.ipvs ?? 'not available: the kernel has none, or this user may not read it'],
            ])
          : formatDocument(document('Version', versions), output),
      );
    });
}

/** `null` where it cannot be read. */
function ipvsVersion(): string | null {
  try {
    const ipvs = Ipvs.open();
    const { version } = ipvs.info();
    ipvs.close();
    return version;
  } catch {
    return null;
  }
}
