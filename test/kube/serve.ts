/**
 * The API server of the tests as a program, for trying things by hand and for labs:
 *   node test/kube/serve.ts --address 127.0.0.1 --port 6443 --kubeconfig-out FILE [--load 1000x10] [--churn 10]
 *   node test/kube/serve.ts --address :: --port 6443 --state FOLDER --alt-name IP:192.0.2.1 --alt-name DNS:api.test
 * At SIGUSR2 it tells every watch that its version is gone.
 */
import { writeFile } from 'node:fs/promises';
import { Command, InvalidArgumentError } from '@commander-js/extra-typings';
import { Churn, load, type LoadSize } from './load.ts';
import { ApiServer } from './server.ts';
import { StateFolder } from './state.ts';

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

function collected(text: string, earlier: readonly string[]): readonly string[] {
  return [...earlier, text];
}

const options = new Command('serve')
  .description('serves the Kubernetes API for tests until it is stopped')
  .option('--address <ip>', 'where to listen', '127.0.0.1')
  .option('--port <number>', 'where to listen; a free port unless told', parseCount, 0)
  .option('--kubeconfig-out <file>', 'where to write a kubeconfig of the user admin')
  .option(
    '--state <folder>',
    'where objects, authority and tokens outlive it (see state.ts); there must be one',
  )
  .option('--alt-name <name>', 'a further name of its certificate; may be repeated', collected, [])
  .option('--load <size>', 'services and endpoints of each to begin with: 1000x10', parseSize)
  .option('--churn <rate>', 'endpoints that are replaced each second', parseCount, 0)
  .option('--churn-seconds <time>', 'how long; for ever unless told', parseCount)
  .option('--bookmark-ms <time>', 'between two bookmarks of a watch', parseCount, 60_000)
  .option('--date-ahead-ms <time>', 'what the Date of answers is ahead of the clock', parseCount, 0)
  .parse()
  .opts();

const state = options.state === undefined ? undefined : new StateFolder(options.state);
const server = await ApiServer.start({
  ...(await state?.read()),
  address: options.address,
  port: options.port,
  bookmarkMs: options.bookmarkMs,
  subjectAltNames: options.altName,
  dateAheadMs: options.dateAheadMs,
});
state?.keep(server.store);
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
process.on('SIGUSR2', () => {
  server.expireWatches();
});
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(signal, () => {
    churn.stop();
    void server.stop();
  });
}
