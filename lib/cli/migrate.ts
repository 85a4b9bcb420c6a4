import type { Command } from '@commander-js/extra-typings';
import { migrateConfiguration } from '../config/migration.ts';
import { formatFile } from '../config/written-file.ts';
import { readText } from './configure.ts';
import type { Context } from './context.ts';

const examples = `
Examples:
  kube-ipvs migrate --from-kube-proxy /var/lib/kube-proxy/config.conf >kube-ipvs.yaml

  # that of a cluster of kubeadm
  kubectl -n kube-system get configmap kube-proxy -o jsonpath='{.data.config\\.conf}' |
    kube-ipvs migrate --from-kube-proxy /dev/stdin

Exit status:
  0  printed
  1  the file cannot be read
  2  a flag or the file is wrong`;

/** Adds `kube-ipvs migrate`: the configuration of kube-proxy, moved over. */
export function addMigrate(program: Command, { terminal }: Context): void {
  program
    .command('migrate')
    .summary("make a configuration of kube-proxy's")
    .description(
      'Prints the KubeIpvsConfiguration that is the same as a KubeProxyConfiguration, and as comments what will be ' +
        "different. kube-ipvs takes kube-proxy's own file, too: moving is not needed to begin.",
    )
    .requiredOption('--from-kube-proxy <file>', 'a KubeProxyConfiguration, in YAML or JSON')
    .addHelpText('after', examples)
    .action(async ({ fromKubeProxy }) => {
      const { content, differences } = migrateConfiguration(fromKubeProxy, await readText(fromKubeProxy));
      const comments = differences.map((sentence) => `# - ${sentence}\n`).join('');
      terminal.out(`# Different from kube-proxy:\n${comments}${formatFile(content)}`);
    });
}
