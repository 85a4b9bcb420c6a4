import { expect } from 'chai';
import { formatProblem } from '../../../../lib/model/problem.ts';
import { assemble, type Assembly } from '../../../../lib/sources/manifests/assembly.ts';
import { readManifest } from '../../../../lib/sources/manifests/manifest-file.ts';

/** Assembles files, given as name and documents. */
async function assembleFiles(files: Record<string, string[]>): Promise<Assembly> {
  const read = await Promise.all(
    Object.entries(files).map(([name, documents]) =>
      readManifest(name, documents.join('---\n'), { pause: () => Promise.resolve() }),
    ),
  );
  const objects = read.flatMap((file) => file.objects);
  return assemble(objects, new Set(objects.map(({ id }) => id)));
}

const problemsOf = async (files: Record<string, string[]>): Promise<string[]> =>
  (await assembleFiles(files)).problems.map(formatProblem);

const service = (name: string, spec: string, metadata = ''): string =>
  `apiVersion: v1\nkind: Service\nmetadata: {name: ${name}${metadata}}\nspec: ${spec}\n`;

const slice = (name: string, owner: string): string =>
  `apiVersion: discovery.k8s.io/v1\nkind: EndpointSlice\nmetadata:\n  name: ${name}\n  labels: {kubernetes.io/service-name: ${owner}}\naddressType: IPv4\nports: [{port: 80}]\nendpoints: [{addresses: [10.1.0.1]}]\n`;

const endpoints = (name: string): string =>
  `apiVersion: v1\nkind: Endpoints\nmetadata: {name: ${name}}\nsubsets: [{addresses: [{ip: 10.1.0.1}], ports: [{port: 80}]}]\n`;

const plain = (address: string, more = ''): string => `{clusterIP: ${address}, ports: [{port: 80}]${more}}`;

describe('assemble', () => {
  it('takes the object in the file that comes first by name', async () => {
    const files = {
      'a.yaml': [service('web', plain('10.0.0.1'))],
      'b.yaml': [service('web', plain('10.0.0.2'))],
    };
    expect((await assembleFiles(files)).services.get('default/web')?.clusterIPs).to.deep.equal(['10.0.0.1']);
    expect(await problemsOf(files)).to.deep.equal([
      'b.yaml:1: Service default/web: expected every object once, got one that stands in a.yaml:1 too; remove one of the two; the first is used',
    ]);
  });

  it('warns of a slice outside any service, and keeps it for the day when the service comes', async () => {
    const files = { 'a.yaml': [slice('web-1', 'web')] };
    expect([...(await assembleFiles(files)).slices.keys()]).to.deep.equal(['default/web-1']);
    expect(await problemsOf(files)).to.deep.equal([
      'a.yaml:5: EndpointSlice default/web-1: metadata.labels["kubernetes.io/service-name"]: expected the name of a service in the same namespace, got endpoints outside any service: there is no Service default/web; correct the name or add the service; the endpoints are used as soon as it is there',
    ]);
  });

  it('warns of Endpoints outside any service', async () => {
    expect(await problemsOf({ 'a.yaml': [endpoints('db')] })).to.deep.equal([
      'a.yaml:3: Endpoints default/db: metadata.name: expected the name of a service in the same namespace, got endpoints outside any service: there is no Service default/db; correct the name or add the service; the endpoints are used as soon as it is there',
    ]);
  });

  it('mirrors the Endpoints of a service without selector', async () => {
    const { slices, problems } = await assembleFiles({
      'a.yaml': [endpoints('db'), service('db', plain('10.0.0.1'))],
    });
    expect(problems).to.deep.equal([]);
    expect(slices.get('default/db-mirrored-1')?.endpoints.map(({ address }) => address)).to.deep.equal([
      '10.1.0.1',
    ]);
  });

  it('does not mirror the Endpoints of a service with a selector, and says so', async () => {
    const files = { 'a.yaml': [service('db', plain('10.0.0.1', ', selector: {app: db}')), endpoints('db')] };
    expect([...(await assembleFiles(files)).slices.keys()]).to.deep.equal([]);
    expect(await problemsOf(files)).to.deep.equal([
      'a.yaml:6: Endpoints default/db: expected Endpoints of a service without selector, got those of Service default/db, which has one; they are not used; write an EndpointSlice instead, or remove the selector',
    ]);
  });

  it('is silent about endpoints of services that are skipped or invalid', async () => {
    const files = {
      'a.yaml': [
        service('headless', plain('None')),
        slice('headless-1', 'headless'),
        service('wrong', plain('10.0.0.256')),
        slice('wrong-1', 'wrong'),
        endpoints('wrong'),
      ],
    };
    expect(await problemsOf(files)).to.deep.equal([]);
  });

  const conflicts: [title: string, documents: string[], problems: string[]][] = [
    [
      'an address and port',
      [service('b', plain('10.0.0.1')), service('a', plain('10.0.0.1'))],
      [
        'a.yaml:4: Service default/b: spec.ports[0].port: expected an address and port that no other service has, got TCP 10.0.0.1:80, which Service default/a has (a.yaml:9); give one of the two another; the older service is served there, then the first by name',
      ],
    ],
    [
      'an external address and a cluster address',
      [service('a', plain('10.0.0.1', ', externalIPs: [10.0.0.9]')), service('b', plain('10.0.0.9'))],
      [
        'a.yaml:9: Service default/b: spec.ports[0].port: expected an address and port that no other service has, got TCP 10.0.0.9:80, which Service default/a has (a.yaml:4); give one of the two another; the older service is served there, then the first by name',
      ],
    ],
    [
      'a node port',
      ['a', 'b'].map((name, n) =>
        service(name, `{type: NodePort, clusterIP: 10.0.0.${n + 1}, ports: [{port: 80, nodePort: 30000}]}`),
      ),
      [
        'a.yaml:9: Service default/b: spec.ports[0].nodePort: expected an address and port that no other service has, got TCP node port 30000, which Service default/a has (a.yaml:4); give one of the two another; the older service is served there, then the first by name',
      ],
    ],
    [
      'two addresses, told once',
      [
        service('a', '{clusterIPs: [10.0.0.1, "fd00::1"], ports: [{port: 80}]}'),
        service('b', '{clusterIPs: [10.0.0.1, "fd00::1"], ports: [{port: 80}]}'),
      ],
      [
        'a.yaml:9: Service default/b: spec.ports[0].port: expected an address and port that no other service has, got TCP 10.0.0.1:80, which Service default/a has (a.yaml:4); give one of the two another; the older service is served there, then the first by name',
      ],
    ],
  ];
  for (const [title, documents, problems] of conflicts) {
    it(`finds two services that want ${title}`, async () => {
      const files = { 'a.yaml': documents };
      expect(await problemsOf(files)).to.deep.equal(problems);
      expect((await assembleFiles(files)).services.size).to.equal(2);
    });
  }

  it('gives a contested address to the older service', async () => {
    const [problem] = await problemsOf({
      'a.yaml': [
        service('a', plain('10.0.0.1'), ', creationTimestamp: "2026-01-02T00:00:00Z"'),
        service('b', plain('10.0.0.1'), ', creationTimestamp: "2026-01-01T00:00:00Z"'),
      ],
    });
    expect(problem).to.match(/^a\.yaml:4: Service default\/a: .* which Service default\/b has/);
  });

  it('finds nothing wrong with one port in two protocols, or one port on two addresses', async () => {
    expect(
      await problemsOf({
        'a.yaml': [
          service('a', '{clusterIP: 10.0.0.1, ports: [{port: 53, protocol: UDP}]}'),
          service('b', '{clusterIP: 10.0.0.1, ports: [{port: 53, protocol: TCP}]}'),
          service('c', '{clusterIP: 10.0.0.2, ports: [{port: 53, protocol: UDP}]}'),
        ],
      }),
    ).to.deep.equal([]);
  });
});
