import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import fc from 'fast-check';
import { formatProblem } from '../../../../lib/model/problem.ts';
import { assemble } from '../../../../lib/sources/manifests/assembly.ts';
import { type ManifestFile, readManifest } from '../../../../lib/sources/manifests/manifest-file.ts';

const scenarios = join(import.meta.dirname, '../../../fixtures/scenarios');

const read = (text: string, name = 'web.yaml'): Promise<ManifestFile> =>
  readManifest(name, text, { pause: () => Promise.resolve() });

const problemsOf = async (text: string, name?: string): Promise<string[]> =>
  (await read(text, name)).problems.map(formatProblem);

/** A service that is right, as a YAML document of eight lines. */
const good = (name: string, address = '10.96.0.1'): string => `apiVersion: v1
kind: Service
metadata:
  name: ${name}
spec:
  clusterIP: ${address}
  ports:
    - port: 80
`;

describe('readManifest', () => {
  it('tells the labels of the services that it reads', async () => {
    const told: unknown[] = [];
    const text = good('web').replace('  name: web', '  name: web\n  labels: {app: web}');
    await readManifest('web.yaml', text, {
      pause: () => Promise.resolve(),
      labelled: (...labels) => told.push(labels),
    });
    expect(told).to.deep.equal([['default/web', { app: 'web' }]]);
  });

  const expected: Record<string, { services: string[]; slices: string[] }> = {
    '01-clusterip.yaml': {
      services: ['default/nginx-svc'],
      slices: ['nginx-svc: 10.244.0.2 10.244.1.4 !10.244.1.9'],
    },
    '02-nodeport.yaml': { services: ['default/nginx-svc'], slices: ['nginx-svc: 10.244.1.6 10.244.0.3'] },
    '03-no-selector.yaml': {
      services: ['default/mysql-production', 'tms-test/mongodb'],
      slices: ['mysql-production: 192.168.1.25', 'mongodb: 192.168.1.26'],
    },
    '04-local.yaml': { services: ['default/web-local'], slices: ['web-local: 10.244.1.6'] },
    '05-affinity.yaml': { services: ['default/sticky'], slices: ['sticky: 10.244.0.3 10.244.1.6'] },
    '06-loadbalancer.yaml': { services: ['default/shop'], slices: ['shop: 10.244.0.3 10.244.1.6'] },
    '07-not-balanced.yaml': { services: [], slices: [] },
    '08-dualstack.yaml': {
      services: ['default/dual'],
      slices: ['dual: 10.244.0.3 10.244.1.6', 'dual: fd00:10:244::3 fd00:10:244:1::6'],
    },
  };

  it('knows every walkthrough scenario', () => {
    const files = readdirSync(scenarios).filter((file) => file.endsWith('.yaml'));
    expect(files).to.deep.equal(Object.keys(expected));
  });

  for (const [file, { services, slices }] of Object.entries(expected)) {
    it(`reads ${file} without a problem`, async () => {
      const manifest = await read(readFileSync(join(scenarios, file), 'utf8'), file);
      const assembly = assemble(manifest.objects, new Set(manifest.objects.map(({ id }) => id)));
      expect([...manifest.problems, ...assembly.problems]).to.deep.equal([]);
      expect(manifest.damaged).to.equal(false);
      expect([...assembly.services.keys()]).to.deep.equal(services);
      const shown = [...assembly.slices.values()]
        .filter(({ service, namespace }) => assembly.services.has(`${namespace}/${service}`))
        .map(
          ({ service, endpoints }) =>
            `${service}: ${endpoints.map(({ ready, address }) => (ready ? '' : '!') + address).join(' ')}`,
        );
      expect(shown).to.deep.equal(slices);
    });
  }

  const yaml: [title: string, text: string, problem: string][] = [
    [
      'a file that is no YAML',
      `${good('a')}---\nkind: Service\n  metadata: {`,
      'web.yaml:10: expected YAML, got a fault: Nested mappings are not allowed in compact mappings; correct it; until then the last good version of what the file held is served',
    ],
    [
      'a key that is written twice',
      'kind: Service\napiVersion: v1\nkind: Endpoints\n',
      'web.yaml:3: expected YAML, got a fault: Map keys must be unique; correct it; until then the last good version of what the file held is served',
    ],
    [
      'a tab as indentation',
      'kind: Service\nmetadata:\n\tname: web\n',
      'web.yaml:3: expected YAML, got a fault: Tabs are not allowed as indentation; correct it; until then the last good version of what the file held is served',
    ],
    [
      'an alias without anchor',
      'kind: Service\nmetadata: *web\n',
      'web.yaml:1: expected YAML, got a fault: Unresolved alias (the anchor must be set before the alias): web; correct it; until then the last good version of what the file held is served',
    ],
    [
      'an empty file',
      ' \n',
      'web.yaml: expected at least one object, or a comment, got an empty file; remove the file to withdraw what it held; until then that is served',
    ],
    [
      'a document that is no object',
      `${good('a')}---\n- 1\n`,
      'web.yaml:10: expected a Kubernetes object, got a list; write apiVersion, kind and metadata',
    ],
    [
      'an object without kind',
      'apiVersion: v1\nmetadata: {name: web}\n',
      'web.yaml:1: kind: expected a kind, such as Service, got nothing; write the kind of the object',
    ],
    [
      'an object without version',
      'kind: EndpointSlice\n',
      'web.yaml:1: apiVersion: expected discovery.k8s.io/v1, got nothing; write apiVersion: discovery.k8s.io/v1',
    ],
    [
      'an EndpointSlice of a version that is gone',
      'kind: EndpointSlice\napiVersion: discovery.k8s.io/v1beta1\n',
      'web.yaml:2: apiVersion: expected discovery.k8s.io/v1, got "discovery.k8s.io/v1beta1"; write the EndpointSlice as of discovery.k8s.io/v1',
    ],
    [
      'a Service of a version that never was',
      'kind: Service\napiVersion: v2\n',
      'web.yaml:2: apiVersion: expected v1, got "v2"; write the Service as of v1',
    ],
    [
      'a wrong field, on its own line',
      good('web').replace('port: 80', 'port: 80\n      protocol: http'),
      'web.yaml:9: Service default/web: spec.ports[0].protocol: expected one of TCP, UDP, SCTP, got "http"; write one of these',
    ],
    [
      'a wrong field of a later document',
      `# two services\n${good('a')}---\n# the second\n${good('b').replace('80', '70000')}`,
      'web.yaml:19: Service default/b: spec.ports[0].port: expected a whole number from 1 to 65535, got 70000; write a number in this range',
    ],
    [
      'a missing field, on the line of what should hold it',
      good('web').replace('- port: 80', '- name: a'),
      'web.yaml:8: Service default/web: spec.ports[0].port: expected a whole number from 1 to 65535, got nothing; write the port',
    ],
    [
      'an octal number, whose meaning depends on the reader',
      good('web').replace('80', '0o120'),
      'web.yaml:8: Service default/web: spec.ports[0].port: expected a whole number from 1 to 65535, got "0o120"; write a decimal number, without quotes or leading zeros',
    ],
    [
      'a number with a leading zero, whatever %YAML says',
      `%YAML 1.1\n---\n${good('web').replace('80', '080')}`,
      'web.yaml:10: Service default/web: spec.ports[0].port: expected a whole number from 1 to 65535, got "080"; write a decimal number, without quotes or leading zeros',
    ],
    [
      'an address that YAML would read as a number, had it not dots',
      good('web', '010.96.0.1'),
      'web.yaml:6: Service default/web: spec.clusterIP: expected an IP address without leading zeros, got "010.96.0.1"; it is read in decimal as 10.96.0.1; write that',
    ],
    [
      'an item of a list',
      `apiVersion: v1\nkind: List\nitems:\n- apiVersion: v1\n  kind: Service\n  metadata: {name: web}\n  spec:\n    clusterIP: 10.0.0.256\n    ports: [{port: 80}]\n`,
      'web.yaml:8: Service default/web: spec.clusterIP: expected an IP address, got "10.0.0.256", no IP address; write an address such as 10.0.0.1 or fd00::1',
    ],
    [
      'a list of no items',
      'apiVersion: v1\nkind: List\nitems: web\n',
      'web.yaml:3: items: expected a list, got "web"; write objects below it, each behind "- "',
    ],
    [
      'a list in a list',
      'apiVersion: v1\nkind: List\nitems:\n- apiVersion: v1\n  kind: List\n  items: []\n',
      'web.yaml:4: expected an object in the list, got another list; write its items into the outer list',
    ],
    [
      'an object that stands twice in a file',
      `${good('web')}---\n${good('web', '10.96.0.2')}`,
      'web.yaml:10: Service default/web: expected every object once, got one that stands in web.yaml:1 too; remove one of the two; the first is used',
    ],
    [
      'a field behind an alias',
      `apiVersion: v1\nkind: Service\nmetadata: {name: web}\nspec:\n  clusterIP: 10.0.0.1\n  ports: &p\n  - port: 0\nstatus: {x: *p}\n`,
      'web.yaml:7: Service default/web: spec.ports[0].port: expected a whole number from 1 to 65535, got 0; write a number in this range',
    ],
  ];
  for (const [title, text, problem] of yaml) {
    it(`tells file, line, object and field of ${title}`, async () => {
      expect(await problemsOf(text)).to.deep.equal([problem]);
    });
  }

  it('goes on reading behind a document that is no YAML', async () => {
    const manifest = await read(`${good('a')}---\na: b: c\n---\n${good('b', '10.96.0.2')}`);
    expect(manifest.objects.map(({ id }) => id)).to.deep.equal(['Service default/a', 'Service default/b']);
    expect(manifest.damaged).to.equal(true);
  });

  it('passes over kinds that are none of ours, those that share a name with ours included', async () => {
    const manifest = await read(
      'apiVersion: apps/v1\nkind: Deployment\n---\napiVersion: serving.knative.dev/v1\nkind: Service\n---\napiVersion: v1\nkind: ConfigMap\n',
    );
    expect(manifest.objects).to.deep.equal([]);
    expect(manifest.problems).to.deep.equal([]);
    expect([...manifest.ignoredKinds]).to.deep.equal([
      'Deployment',
      'Service of serving.knative.dev',
      'ConfigMap',
    ]);
  });

  it('reads typed lists, whose items need not say what they are', async () => {
    const manifest = await read(
      'apiVersion: v1\nkind: ServiceList\nitems:\n- metadata: {name: web}\n  spec: {clusterIP: 10.0.0.1, ports: [{port: 80}]}\n',
    );
    expect(manifest.problems).to.deep.equal([]);
    expect(manifest.objects.map(({ id }) => id)).to.deep.equal(['Service default/web']);
  });

  it('reads anchors, aliases and merge keys', async () => {
    const manifest = await read(
      'apiVersion: v1\nkind: Service\nmetadata: {name: web}\nspec:\n  clusterIP: 10.0.0.1\n  ports:\n  - &p {name: a, port: 80}\n  - {<<: *p, name: b, protocol: UDP}\n',
    );
    expect(manifest.problems).to.deep.equal([]);
    expect(manifest.objects[0]?.service?.ports.map(({ name, port }) => `${name}:${port}`)).to.deep.equal([
      'a:80',
      'b:80',
    ]);
  });

  it('refuses aliases that would grow without bound', async () => {
    const bomb = Array.from({ length: 9 }, (_, n) => `a${n + 1}: &a${n + 1} [${`*a${n},`.repeat(9)}]`);
    const [problem] = await problemsOf(`a0: &a0 [x,x,x]\n${bomb.join('\n')}\n`);
    expect(problem).to.match(/^web\.yaml:1: expected YAML, got a fault: Excessive alias count/);
  });

  for (const [open, close] of [
    ['[', ']'],
    ['{a: ', '}'],
    ['- ', ''],
  ] as const) {
    it(`refuses nesting that would exhaust the stack: ${open}`, async () => {
      const manifest = await read(`${good('a')}---\n${open.repeat(20_000)}1${close.repeat(20_000)}`);
      expect(manifest.objects.map(({ id }) => id)).to.deep.equal(['Service default/a']);
      expect(manifest.problems.map(formatProblem)).to.deep.equal([
        'web.yaml:10: expected YAML, got a fault: Maximum call stack size exceeded; correct it; until then the last good version of what the file held is served',
      ]);
    });
  }

  it('never fails, whatever stands in a file', async () => {
    const pieces = [
      '- ',
      '{',
      '}',
      '[',
      ']',
      ': ',
      'kind',
      'Service',
      '\n',
      '  ',
      '&a ',
      '*a',
      '|',
      '"',
      '---\n',
      '...\n',
      '%TAG',
      '!!map ',
      '<<',
      '? ',
      '#',
      ',',
    ];
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.oneof(fc.constantFrom(...pieces), fc.string({ maxLength: 4 }))),
        fc.constantFrom('web.yaml', 'web.json'),
        async (parts, name) => {
          const manifest = await read(parts.join(''), name);
          expect(manifest.objects).to.deep.equal([]);
        },
      ),
      { numRuns: 2000 },
    );
  });

  describe('of JSON', () => {
    const service = (port: number): object => ({
      apiVersion: 'v1',
      kind: 'Service',
      metadata: { name: 'web' },
      spec: { clusterIP: '10.0.0.1', ports: [{ port }] },
    });

    it('reads an object', async () => {
      const manifest = await read(JSON.stringify(service(80)), 'web.json');
      expect(manifest.problems).to.deep.equal([]);
      expect(manifest.objects[0]?.service?.ports[0]?.port).to.equal(80);
    });

    it('tells the line of a wrong field', async () => {
      expect(await problemsOf(JSON.stringify(service(0), null, 1), 'web.json')).to.deep.equal([
        'web.json:11: Service default/web: spec.ports[0].port: expected a whole number from 1 to 65535, got 0; write a number in this range',
      ]);
    });

    it('tells the line of a fault', async () => {
      const text = JSON.stringify(service(80), null, 1).slice(0, -20);
      expect((await problemsOf(text, 'web.json'))[0]).to.match(
        /^web\.json:1\d: expected JSON, got a fault: /,
      );
    });
  });

  describe('says which objects cannot be the beginning of something longer', () => {
    const complete = async (text: string, name?: string): Promise<boolean[]> =>
      (await read(text, name)).objects.map((object) => object.complete);
    const object = '{apiVersion: v1, kind: Service, metadata: {name: x}, spec: {clusterIP: None}}';

    it('not the last document of a file', async () => {
      expect(await complete(`${good('a')}---\n${good('b')}`)).to.deep.equal([true, false]);
    });

    it('but one with a document marker behind it', async () => {
      expect(await complete(`${good('a')}---\n`)).to.deep.equal([true]);
      expect(await complete(`${good('a')}...\n`)).to.deep.equal([true]);
    });

    it('and one that is closed by its own bracket', async () => {
      expect(await complete(object)).to.deep.equal([true]);
      expect(
        await complete(
          JSON.stringify({ kind: 'Service', apiVersion: 'v1', metadata: { name: 'x' } }),
          'x.json',
        ),
      ).to.deep.equal([true]);
    });
  });
});
