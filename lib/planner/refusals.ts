import type { SetEntry } from '../model/ip-set.ts';
import type { ExternalPort } from './planned-port.ts';
import { serverEntry } from './virtual-servers.ts';

/** The entries that refuse clients from outside at a virtual server, where they are to be refused. */
export function refusalsOf(address: string, port: number, planned: ExternalPort): SetEntry[] | undefined {
  return planned.reach === 'refused'
    ? [serverEntry('KUBE-NO-LOCAL-ENDPOINTS', address, port, planned)]
    : undefined;
}
