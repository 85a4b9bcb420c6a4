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
    const uplinks = uplinksIn((await textOf('/proc/net/route')) ?? '');
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

/** The interfaces of default routes, of proc(5)'s net/route. */
function uplinksIn(text: string): ReadonlySet<string> {
  const rows = text.split('\n').map((line) => line.split('\t'));
  return new Set(
    rows
      .filter(([, destination, , , , , , mask]) => destination === '00000000' && mask === '00000000')
      .map(([name = '']) => name),
  );
}
