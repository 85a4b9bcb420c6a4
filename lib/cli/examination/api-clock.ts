import type { IncomingMessage } from 'node:http';
import { request } from 'node:https';
import type { Configuration } from '../../config/configuration.ts';
import type { ProcessInput } from '../../config/process-input.ts';
import type { ClockComparison } from '../../doctor/examined-node.ts';
import { NotExamined } from '../../doctor/finding.ts';
import { identityOf } from '../sources.ts';

/** Milliseconds that an answer is waited for. */
const patience = 3000;

/**
 * Compares the clock of this machine with the `Date` of an answer of the API server, which counts whole seconds. The
 * certificate is not verified, for it is invalid by a clock that is wrong; nothing secret is sent, and nothing else read.
 *
 * @throws {NotExamined} where there is no API server, or it does not answer
 */
export async function compareClocks(
  configuration: Configuration,
  input: Pick<ProcessInput, 'apiServer'>,
): Promise<ClockComparison> {
  const { kubeconfig, master, manifests } = configuration;
  if (manifests !== undefined || (kubeconfig ?? master ?? input.apiServer) === undefined) {
    throw new NotExamined('there is no API server to compare with');
  }
  const { server, proxy } = await identityOf(configuration, input);
  if (proxy !== undefined)
    throw new NotExamined('the API server is behind a proxy, whose clock would be read');
  const began = Date.now();
  const other = await dateOf(server);
  const ended = Date.now();
  const [middle, within] = [(began + ended) / 2, (ended - began) / 2];
  return { with: server.origin, ahead: (middle - other - 500) / 1000, within: (within + 500) / 1000 };
}

function dateOf(server: URL): Promise<number> {
  const url = new URL('/healthz', server);
  return new Promise((resolve, reject) => {
    const fail = (why: string): void => {
      reject(new NotExamined(`${server.origin} does not tell the time: ${why}`));
    };
    const read = (answer: IncomingMessage): void => {
      answer.destroy();
      const date = Date.parse(answer.headers.date ?? '');
      if (Number.isNaN(date)) fail('its answer has no Date');
      else resolve(date);
    };
    const options = { method: 'HEAD', rejectUnauthorized: false, timeout: patience, agent: false };
    const outgoing = request(url, options, read);
    outgoing.on('timeout', () => outgoing.destroy(new Error(`no answer in ${patience / 1000} s`)));
    outgoing.on('error', ({ message }) => {
      fail(message);
    });
    outgoing.end();
  });
}
