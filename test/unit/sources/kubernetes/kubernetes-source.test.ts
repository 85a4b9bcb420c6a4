import { expect } from 'chai';
import { Catalog } from '../../../../lib/catalog/catalog.ts';
import { formatProblem } from '../../../../lib/model/problem.ts';
import type { Api, ApiRequest, ApiResponse } from '../../../../lib/sources/kubernetes/api.ts';
import { KubernetesSource } from '../../../../lib/sources/kubernetes/kubernetes-source.ts';
import { Answer, failure, ManualClock, recordingLog, ScriptedApi, turn } from './scripted-api.ts';

const service = (name: string, version: number, port: unknown = 80, spec: object = {}): object => ({
  metadata: { namespace: 'ns', name, resourceVersion: String(version) },
  spec: { clusterIP: '10.0.0.1', ports: [{ port }], futureField: true, ...spec },
});

const slice = (name: string, version: number, ...nodes: string[]): object => ({
  metadata: {
    namespace: 'ns',
    name,
    resourceVersion: String(version),
    labels: { 'kubernetes.io/service-name': 'web' },
  },
  addressType: 'IPv4',
  ports: [{ port: 80 }],
  endpoints: nodes.map((nodeName, index) => ({
    addresses: [`10.1.0.${index + 1}`],
    nodeName,
    hints: { forZones: [{ name: 'zone-with-a-long-name' }] },
  })),
});

/** One script for each of the two resources. */
class TwoScripts implements Api {
  readonly services: ScriptedApi;
  readonly slices: ScriptedApi;

  constructor(services: ApiResponse[], slices: ApiResponse[]) {
    this.services = new ScriptedApi(...services);
    this.slices = new ScriptedApi(...slices);
  }

  request(request: ApiRequest): Promise<ApiResponse> {
    return (request.path === '/api/v1/services' ? this.services : this.slices).request(request);
  }
}

describe('KubernetesSource', () => {
  let clock: ManualClock;
  let catalog: Catalog;
  let api: TwoScripts;
  let source: KubernetesSource;
  let lines: { level: number; msg: string }[];

  async function begin(services: ApiResponse[], slices: ApiResponse[]): Promise<void> {
    clock = new ManualClock();
    catalog = new Catalog();
    api = new TwoScripts(services, slices);
    const recording = recordingLog();
    lines = recording.lines;
    source = new KubernetesSource({ api, catalog, log: recording.log, clock, random: () => 0.5 });
    source.start();
    await settle();
  }

  const settle = async (): Promise<void> => {
    for (let count = 0; count < 20; count += 1) await turn();
  };
  const port = (): number | undefined => catalog.get('ns/web')?.service.ports[0]?.port;
  const warnings = (): string[] => lines.filter(({ level }) => level >= 40).map(({ msg }) => msg);

  afterEach(() => source.stop());

  it("asks for what is meant for kube-proxy's kind, of all namespaces", async () => {
    await begin([], []);
    const selector = '!service.kubernetes.io/service-proxy-name,!service.kubernetes.io/headless';
    expect(api.services.requests.map(({ path, query }) => [path, query?.['labelSelector']])).to.deep.equal([
      ['/api/v1/services', selector],
    ]);
    expect(api.slices.requests.map(({ path, query }) => [path, query?.['labelSelector']])).to.deep.equal([
      ['/apis/discovery.k8s.io/v1/endpointslices', selector],
    ]);
  });

  it('marks the catalog synced when both have been listed, and not before', async () => {
    const slices = new Answer().event('ADDED', slice('web-1', 3, 'node-a'));
    await begin([new Answer().event('ADDED', service('web', 2)).bookmark(5, true)], [slices]);
    expect(catalog.get('ns/web')).not.to.equal(undefined);
    expect(catalog.synced).to.equal(false);
    slices.bookmark(5, true);
    await settle();
    expect(catalog.synced).to.equal(true);
    expect(catalog.get('ns/web')?.slices.map(({ name }) => name)).to.deep.equal(['web-1']);
  });

  it('takes away what is deleted, or no longer selected', async () => {
    const services = new Answer().event('ADDED', service('web', 2)).bookmark(5, true);
    const slices = new Answer().event('ADDED', slice('web-1', 3, 'node-a')).bookmark(5, true);
    await begin([services], [slices]);
    slices.event('DELETED', slice('web-1', 6, 'node-a'));
    await settle();
    expect(catalog.get('ns/web')?.slices).to.deep.equal([]);
    services.event('DELETED', service('web', 7));
    await settle();
    expect(catalog.get('ns/web')).to.equal(undefined);
  });

  it('takes away a service that turns into one that is not programmed', async () => {
    const services = new Answer().event('ADDED', service('web', 2)).bookmark(5, true);
    await begin([services], []);
    services.event('MODIFIED', service('web', 6, 80, { type: 'ExternalName' }));
    await settle();
    expect(catalog.get('ns/web')).to.equal(undefined);
    expect(source.problems()).to.deep.equal([]);
  });

  it('keeps the last good version of what cannot be used, and tells of it once', async () => {
    const services = new Answer().event('ADDED', service('web', 2)).bookmark(5, true);
    await begin([services], []);
    services.event('MODIFIED', service('web', 6, 'wrong')).event('MODIFIED', service('web', 7, 'wrong'));
    await settle();
    expect(port()).to.equal(80);
    expect(source.problems().map(formatProblem)).to.deep.equal(warnings());
    expect(warnings()).to.have.length(1);
    expect(warnings()[0]).to.match(
      /^API server: Service ns\/web: spec\.ports\[0\]\.port: expected a whole number/,
    );
    services.event('MODIFIED', service('web', 8, 81));
    await settle();
    expect(port()).to.equal(81);
    expect(source.problems()).to.deep.equal([]);
    expect(lines.at(-1)?.msg).to.equal('no longer a problem: Service ns/web');
  });

  it('tells whoever follows what is wrong with which service, from the begin and at every change', async () => {
    const services = new Answer().event('ADDED', service('web', 2, 'wrong')).bookmark(5, true);
    const slices = new Answer().event('ADDED', slice('web-1', 3, 'node-a')).bookmark(5, true);
    await begin([services], [slices]);
    const told: [string, string, number][] = [];
    source.followProblems(({ object, service: of, problems }) => told.push([object, of, problems.length]));
    slices.event('MODIFIED', { ...slice('web-1', 6), endpoints: [{ addresses: ['fd00::1'] }] });
    services.event('MODIFIED', service('web', 7));
    await settle();
    slices.event('DELETED', slice('web-1', 8));
    await settle();
    expect(told).to.have.deep.members([
      ['Service ns/web', 'ns/web', 1],
      ['EndpointSlice ns/web-1', 'ns/web', 2],
      ['Service ns/web', 'ns/web', 0],
      ['EndpointSlice ns/web-1', 'ns/web', 0],
    ]);
    expect(told[0]).to.deep.equal(['Service ns/web', 'ns/web', 1]);
  });

  it('takes fields that it does not know without a word', async () => {
    await begin([new Answer().event('ADDED', service('web', 2)).bookmark(5, true)], []);
    expect(warnings()).to.deep.equal([]);
  });

  it('keeps everything while one of the two is forbidden, and says which', async () => {
    const slices = new Answer().event('ADDED', slice('web-1', 3, 'node-a')).bookmark(5, true);
    await begin([failure(403)], [slices]);
    expect(catalog.synced).to.equal(false);
    expect(source.troubles).to.have.length(1);
    expect(source.troubles[0]).to.match(/^expected Services, got 403/);
    expect(source.counters.services.troubles.get('forbidden')).to.equal(1);
    expect(source.counters.endpointSlices.watching).to.equal(true);
  });

  it('keeps the lists of hints that are equal only once', async () => {
    const services = new Answer().event('ADDED', service('web', 2)).bookmark(5, true);
    const slices = new Answer().event('ADDED', slice('web-1', 3, 'node-a', 'node-a')).bookmark(5, true);
    await begin([services], [slices]);
    const endpoints = catalog.get('ns/web')?.slices[0]?.endpoints ?? [];
    expect(endpoints).to.have.length(2);
    expect(endpoints[0]?.zoneHints).to.deep.equal(['zone-with-a-long-name']);
    expect(endpoints[0]?.zoneHints).to.equal(endpoints[1]?.zoneHints);
  });
});
