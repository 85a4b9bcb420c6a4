import { setTimeout as sleep } from 'node:timers/promises';
import type { Node } from '../lab/node.ts';
import type { Place } from '../lab/place.ts';
import { hostPort } from './support-objects.ts';
import { upper } from './support-questions.ts';
import { until } from './support.ts';

/**
 * The least affinity, in seconds, that is over in time: a persistence template stays while a connection that it has
 * led is known, and is looked at only once a minute then. One that was reset is known for 10 s.
 */
export const shortAffinity = 12;

/** Milliseconds in which everything is forgotten: the two minutes of TIME_WAIT, and the minute to the next look. */
const longestMemory = 200_000;

/**
 * Asks a pod's port 80 by TCP and gives the pod's name. The connection ends with a reset, as part of the answer is left
 * unread, so that IPVS forgets it after 10 s instead of two minutes.
 */
export async function askAndReset(place: Place, address: string, port: number): Promise<string> {
  const script = `exec 3<>/dev/tcp/${address}/${port}; echo '?' >&3; read -r -d ' ' name <&3; echo "$name"`;
  return (await place.must(['timeout', '60', 'bash', '-c', script])).trim();
}

/** Waits until a kernel knows no connection and no affinity of a client at a virtual server. Nobody is to ask there. */
export async function untilForgotten(
  node: Node,
  client: string,
  server: string,
  port: number,
  protocol: 'tcp' | 'udp' = 'tcp',
): Promise<void> {
  const [from, to] = [hostPort(client, 0).slice(0, -1), hostPort(server, port)];
  await until(
    async () => {
      // Looking is work for a processor that others need.
      await sleep(500);
      const lines = (await node.must(['ipvsadm', '-Lnc'])).split('\n');
      return lines.filter(
        (line) => line.startsWith(upper[protocol]) && line.includes(` ${from}`) && line.includes(` ${to} `),
      );
    },
    (entries) => entries.length === 0,
    longestMemory,
  );
}
