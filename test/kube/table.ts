import { type JsonObject, type KubeObject, listIn, objectIn } from './object.ts';
import type { ResourceType } from './resource-type.ts';

/** What a table carries of each object. */
export interface TableForm {
  readonly include: 'None' | 'Metadata' | 'Object';
}

interface Column {
  readonly name: string;
  /** 0 is always shown, 1 with `-o wide`. */
  readonly priority: 0 | 1;
  readonly cell: (object: KubeObject) => string | number;
}

/** The table that is asked for, if one is: `Accept: application/json;as=Table;…`. */
export function tableForm(accept: string, query: URLSearchParams): TableForm | undefined {
  if (!/application\/json;[^,]*\bas=Table\b/.test(accept)) return undefined;
  const include = query.get('includeObject');
  return { include: include === 'None' || include === 'Object' ? include : 'Metadata' };
}

/** Objects as `Table` of meta/v1. */
export function tableOf(
  type: ResourceType,
  objects: readonly KubeObject[],
  metadata: object,
  form: TableForm,
  withColumns = true,
): object {
  const columns = columnsOf(type);
  return {
    kind: 'Table',
    apiVersion: 'meta.k8s.io/v1',
    metadata,
    columnDefinitions: withColumns
      ? columns.map(({ name, priority }) => ({
          name,
          type: 'string',
          format: name === 'Name' ? 'name' : '',
          description: name,
          priority,
        }))
      : [],
    rows: objects.map((object) => ({
      cells: columns.map((column) => column.cell(object)),
      ...carried(object, form),
    })),
  };
}

/** The JSON of `tableOf`. */
export function tableText(
  type: ResourceType,
  objects: readonly KubeObject[],
  metadata: object,
  form: TableForm,
): string {
  return `${JSON.stringify(tableOf(type, objects, metadata, form))}\n`;
}

function carried(object: KubeObject, form: TableForm): JsonObject {
  if (form.include === 'None') return {};
  if (form.include === 'Object') return { object };
  return {
    object: { kind: 'PartialObjectMetadata', apiVersion: 'meta.k8s.io/v1', metadata: object.metadata },
  };
}

function column(name: string, cell: Column['cell'], priority: Column['priority'] = 0): Column {
  return { name, priority, cell };
}

const nameColumn = column('Name', ({ metadata }) => metadata.name);
const ageColumn = column('Age', ({ metadata }) => ageOf(metadata.creationTimestamp ?? undefined));

const columnsByKind: Readonly<Record<string, readonly Column[]>> = {
  Service: [
    column('Type', (object) => text(specOf(object)['type'])),
    column('Cluster-IP', (object) => text(specOf(object)['clusterIP'], '<none>')),
    column('External-IP', externalAddresses),
    column('Port(s)', (object) => listIn(specOf(object)['ports']).map(servicePort).join(',') || '<none>'),
    ageColumn,
    column('Selector', (object) => pairs(specOf(object)['selector']), 1),
  ],
  EndpointSlice: [
    column('AddressType', (object) => text(object['addressType'])),
    column('Ports', (object) =>
      shortList(listIn(object['ports']).map((port) => text(objectIn(port)['port'], '*'))),
    ),
    column('Endpoints', (object) => shortList(listIn(object['endpoints']).flatMap(addressesOf))),
    ageColumn,
  ],
  Endpoints: [
    column('Endpoints', (object) => shortList(listIn(object['subsets']).flatMap(subsetAddresses))),
    ageColumn,
  ],
  Node: [
    column('Status', nodeStatus),
    column('Roles', () => '<none>'),
    ageColumn,
    column('Version', (object) => text(objectIn(objectIn(object['status'])['nodeInfo'])['kubeletVersion'])),
  ],
  Namespace: [column('Status', (object) => text(objectIn(object['status'])['phase'])), ageColumn],
  Pod: [column('Status', (object) => text(objectIn(object['status'])['phase'])), ageColumn],
  Event: [
    column('Type', (object) => text(object['type'])),
    column('Reason', (object) => text(object['reason'])),
    column('Object', eventObject),
    column('Message', (object) => text(object['message'] ?? object['note'])),
  ],
};

function columnsOf(type: ResourceType): readonly Column[] {
  return [nameColumn, ...(columnsByKind[type.kind] ?? [ageColumn])];
}

function specOf(object: KubeObject): JsonObject {
  return objectIn(object['spec']);
}

function text(value: unknown, otherwise = ''): string {
  return typeof value === 'string' || typeof value === 'number' ? String(value) : otherwise;
}

function pairs(value: unknown): string {
  const all = Object.entries(objectIn(value)).map(([key, one]) => `${key}=${text(one)}`);
  return all.join(',') || '<none>';
}

function shortList(items: readonly string[]): string {
  if (items.length === 0) return '<unset>';
  return items.length <= 3 ? items.join(',') : `${items.slice(0, 3).join(',')} + ${items.length - 3} more...`;
}

function addressesOf(endpoint: unknown): string[] {
  return listIn(objectIn(endpoint)['addresses']).map((address) => text(address));
}

function subsetAddresses(subset: unknown): string[] {
  const { addresses, ports } = objectIn(subset);
  return listIn(addresses).flatMap((address) =>
    listIn(ports).map((port) => `${text(objectIn(address)['ip'])}:${text(objectIn(port)['port'])}`),
  );
}

function servicePort(port: unknown): string {
  const { port: number, nodePort, protocol } = objectIn(port);
  return `${text(number)}${nodePort === undefined ? '' : `:${text(nodePort)}`}/${text(protocol, 'TCP')}`;
}

function externalAddresses(object: KubeObject): string {
  const spec = specOf(object);
  if (spec['type'] === 'ExternalName') return text(spec['externalName']);
  const ingress = listIn(objectIn(objectIn(object['status'])['loadBalancer'])['ingress']).map((one) =>
    text(objectIn(one)['ip'], text(objectIn(one)['hostname'])),
  );
  const all = [...ingress, ...listIn(spec['externalIPs']).map((address) => text(address))];
  return all.join(',') || (spec['type'] === 'LoadBalancer' ? '<pending>' : '<none>');
}

function nodeStatus(object: KubeObject): string {
  const ready = listIn(objectIn(object['status'])['conditions'])
    .map(objectIn)
    .find((condition) => condition['type'] === 'Ready');
  const words = [ready ? (ready['status'] === 'True' ? 'Ready' : 'NotReady') : 'Unknown'];
  if (specOf(object)['unschedulable'] === true) words.push('SchedulingDisabled');
  return words.join(',');
}

function eventObject(object: KubeObject): string {
  const { kind, name } = objectIn(object['involvedObject'] ?? object['regarding']);
  return `${text(kind).toLowerCase()}/${text(name)}`;
}

/** How long ago, in the short form of kubectl; the one place that asks the clock, for people only. */
function ageOf(timestamp: string | undefined): string {
  if (timestamp === undefined) return '<unknown>';
  const seconds = Math.max(0, Math.round((Date.now() - Date.parse(timestamp)) / 1000));
  if (seconds < 120) return `${seconds}s`;
  if (seconds < 7200) return `${Math.floor(seconds / 60)}m`;
  return seconds < 172_800 ? `${Math.floor(seconds / 3600)}h` : `${Math.floor(seconds / 86_400)}d`;
}
