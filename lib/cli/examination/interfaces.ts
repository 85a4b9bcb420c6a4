import { join } from 'node:path';
import { linkFlags } from '../../../native-bindings/route-attributes.ts';
import type { Link } from '../../../native-bindings/route-values.ts';
import { Route } from '../../../native-bindings/route.ts';
import type { NodeInterface } from '../../doctor/examined-node.ts';
import { textOf } from '../text-file.ts';

/** Reads every interface of this network namespace, with its addresses. It takes no privilege. */
export async function readInterfaces(): Promise<readonly NodeInterface[]> {
  const route = Route.open();
  try {
    const [links, addresses] = [route.links(), route.addresses()];
    const uplinks = uplinksIn(await textOf('/proc/net/route'), await textOf('/proc/net/ipv6_route'));
    const nameOf = new Map(links.map(({ index, name }) => [index, name]));
    return await Promise.all(
      links.map(async (link) => ({
        ...described(link),
        master: nameOf.get(link.master),
        addresses: addresses.filter(({ index }) => index === link.index),
        hairpin: link.master === 0 ? undefined : await hairpinOf(link.name),
        uplink: uplinks.has(link.name),
      })),
    );
  } finally {
    route.close();
  }
}

function described({ name, kind, flags, mtu }: Link): Pick<NodeInterface, 'name' | 'kind' | 'up' | 'mtu'> {
  return { name, kind, mtu, up: (flags & linkFlags.up) !== 0 };
}

/** Only /sys of this network namespace has its interfaces. */
async function hairpinOf(name: string): Promise<boolean | undefined> {
  const text = await textOf(join('/sys/class/net', name, 'brport/hairpin_mode'));
  return text === undefined ? undefined : text.trim() === '1';
}

/** `RTF_REJECT` of linux/route.h: a route that leads nowhere, such as the kernel's own `unreachable default`. */
const rejecting = 0x200;

/**
 * The interfaces of default routes.
 *
 * @param ipv4 proc(5)'s net/route, `undefined` where the kernel has none
 * @param ipv6 its net/ipv6_route
 */
export function uplinksIn(ipv4 = '', ipv6 = ''): ReadonlySet<string> {
  const ofIpv4 = rowsOf(ipv4)
    .filter(([, destination, , , , , , mask]) => destination === '00000000' && mask === '00000000')
    .map(([name = '']) => name);
  const ofIpv6 = rowsOf(ipv6)
    .filter(([destination, length]) => destination === '0'.repeat(32) && length === '00')
    .filter(([, , , , , , , , flags = '']) => (parseInt(flags, 16) & rejecting) === 0)
    .map((row) => row[9] ?? '');
  return new Set([...ofIpv4, ...ofIpv6]);
}

function rowsOf(text: string): string[][] {
  return text.split('\n').map((line) => line.trim().split(/\s+/));
}
