/**
 * The API server of the tests as a program, for trying things by hand and for labs:
 *   node test/kube/serve.ts --address 127.0.0.1 --port 6443 --kubeconfig-out FILE [--load 1000x10] [--churn 10]
 */
import { writeFile } from 'node:fs/promises';
import { Command, InvalidArgumentError } from '@commander-js/extra-typings';
import { Churn, load, type LoadSize } from './load.ts';
import { ApiServer } from './server.ts';

function parseSize(text: string): LoadSize {
  const [, services, endpoints] = /^(\d+)x(\d+)$/.exec(text) ?? [];
  if (services === undefined || endpoints === undefined) {
    throw new InvalidArgumentError('Expected SERVICESxENDPOINTS, such as 1000x10.');
  }
  return { services: Number(services), endpoints: Number(endpoints) };
}

function parseCount(text: string): number {
  if (!/^\d+$/.test(text)) throw new InvalidArgumentError('Expected a number.');
  return Number(text);
}

const options = new Command('serve')
  .description('serves the Kubernetes API for tests until it is stopped')
  .option('--address <ip>', 'where to listen', '127.0.0.1')
  .option('--port <number>', 'where to listen; a free port unless told', parseCount, 0)
  .option('--kubeconfig-out <file>', 'where to write a kubeconfig of the user admin')
  .option('--load <size>', 'services and endpoints of each to begin with: 1000x10', parseSize)
  .option('--churn <rate>', 'endpoints that are replaced each second', parseCount, 0)
  .option('--churn-seconds <time>', 'how long; for ever unless told', parseCount)
  .option('--bookmark-ms <time>', 'between two bookmarks of a watch', parseCount, 60_000)
  .parse()
  .opts();

const server = await ApiServer.start({
  address: options.address,
  port: options.port,
  bookmarkMs: options.bookmarkMs,
});
if (options.load) load(server.store, options.load);
if (options.kubeconfigOut !== undefined) {
  await writeFile(options.kubeconfigOut, server.kubeconfig('admin'), { mode: 0o600 });
}
console.log(server.url);

const { load: size = { services: 0, endpoints: 0 } } = options;
const churn = new Churn(server.store, size, {
  perSecond: options.churn,
  ...(options.churnSeconds !== undefined && { seconds: options.churnSeconds }),
});
churn.start();
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(signal, () => {
    churn.stop();
    void server.stop();
  });
}
