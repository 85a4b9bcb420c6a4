import type { ConnectionView } from '../connections-view.ts';
import { hostPort } from './ipvsadm.ts';
import { nameHeadings, names, type Rows } from './service-rows.ts';

/** One line for each connection, as `get connections` shows them. `wide` adds the rarer columns. */
export function connectionRows(views: readonly ConnectionView[], wide: boolean): Rows {
  const headings = [...nameHeadings, 'CLIENT', 'VIRTUAL-SERVER', 'ENDPOINT', 'STATE', 'EXPIRES'];
  return [
    wide ? [...headings, 'KIND', 'ENGINE'] : headings,
    ...views.map((view) => [...connectionRow(view), ...(wide ? wideRow(view) : [])]),
  ];
}

function connectionRow(view: ConnectionView): string[] {
  const { protocol, client, virtualServer, endpoint, state, expires } = view;
  return [
    ...names(view),
    client.port === null ? client.address : hostPort(client.address, client.port),
    `${protocol} ${hostPort(virtualServer.address, virtualServer.port)}`,
    hostPort(endpoint.address, endpoint.port),
    state,
    `${expires}s`,
  ];
}

function wideRow({ affinity, persistenceEngine }: ConnectionView): string[] {
  return [affinity ? 'affinity' : 'connection', persistenceEngine ?? '-'];
}
