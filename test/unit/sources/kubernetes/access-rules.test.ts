import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'chai';
import { Catalog } from '../../../../lib/catalog/catalog.ts';
import { type Clock, systemClock } from '../../../../lib/sources/clock.ts';
import { type AccessRule, accessRules } from '../../../../lib/sources/kubernetes/access-rules.ts';
import { ApiClient } from '../../../../lib/sources/kubernetes/api-client.ts';
import { Credentials } from '../../../../lib/sources/kubernetes/credentials.ts';
import { EventRecorder } from '../../../../lib/sources/kubernetes/event-recorder.ts';
import { readKubeconfig } from '../../../../lib/sources/kubernetes/kubeconfig.ts';
import { KubernetesSource } from '../../../../lib/sources/kubernetes/kubernetes-source.ts';
import { NodeWatch } from '../../../../lib/sources/kubernetes/node.ts';
import type { ServiceEvent } from '../../../../lib/sources/kubernetes/service-event.ts';
import { Transport } from '../../../../lib/sources/kubernetes/transport.ts';
import { Authority } from '../../../kube/certificates.ts';
import type { JsonObject } from '../../../kube/object.ts';
import { resourceTypes } from '../../../kube/resource-type.ts';
import { ApiServer } from '../../../kube/server.ts';
import { service, slice } from '../../kube/objects.ts';
import { recordingLog } from './scripted-api.ts';

/** Time of the present that runs so many times as fast. */
function hurry(factor: number): Clock {
  const began = Date.now();
  return {
    now: () => began + (Date.now() - began) * factor,
    setTimeout: (call, milliseconds) => setTimeout(call, milliseconds / factor),
    clearTimeout: (timer) => {
      systemClock.clearTimeout(timer);
    },
  };
}

/** Waits until a condition holds; the test's own time limit ends the wait. */
async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await sleep(5);
}

const wrong: ServiceEvent = { type: 'Warning', reason: 'Wrong', action: 'Test', note: 'so it is' };
const eventResource =
  resourceTypes.find(({ group }) => group === 'events.k8s.io') ?? expect.fail('no resource');

describe('the access rules, with an account that has them and nothing else', () => {
  let authority: Authority;
  let server: ApiServer;
  let directory: string;
  let transport: Transport;
  let catalog: Catalog;
  let source: KubernetesSource;
  let node: NodeWatch;
  let recorder: EventRecorder;
  let lines: { level: number; msg: string }[];

  before(async () => {
    authority = await Authority.create();
    directory = await mkdtemp(join(tmpdir(), 'kube-ipvs-access-'));
  });

  after(() => rm(directory, { recursive: true }));

  beforeEach(async () => {
    server = await ApiServer.start({ authority });
    server.store.create(service('web'));
    server.store.create(slice('web-1', 'web', ['10.1.0.1']));
    server.store.create({ apiVersion: 'v1', kind: 'Node', metadata: { name: 'node-a' } });
    const file = join(directory, 'config');
    await writeFile(file, server.kubeconfig('kube-ipvs'));
    transport = new Transport({ userAgent: 'kube-ipvs/test' });
    const api = new ApiClient(new Credentials(await readKubeconfig(file), systemClock), transport);
    const recording = recordingLog();
    const { log } = recording;
    lines = recording.lines;
    catalog = new Catalog();
    source = new KubernetesSource({ api, catalog, log, clock: hurry(100) });
    node = new NodeWatch({ api, name: 'node-a', log, clock: hurry(100) });
    // What comes back is counted for six minutes before it is told, and what is forbidden tried again after ten.
    recorder = new EventRecorder({ api, node: 'node-a', log, clock: hurry(2000) });
  });

  afterEach(async () => {
    await Promise.all([source.stop(), node.stop(), recorder.stop()]);
    transport.close();
    await server.stop();
  });

  /** Starts everything that talks to the API server. */
  function start(): void {
    source.start();
    node.start().catch(() => undefined);
    recorder.tell('default/web', wrong);
  }

  const events = (): readonly JsonObject[] => server.store.list(eventResource);

  async function everythingWorks(): Promise<void> {
    await until(() => catalog.synced && node.current !== undefined && events().length > 0);
    expect(catalog.get('default/web')?.slices).to.have.length(1);
    // Only a watch brings what is new.
    server.store.put(slice('web-2', 'web', ['10.1.0.2']));
    server.store.create(service('other'));
    server.store.patch('nodes', '', 'node-a', { metadata: { labels: { new: 'yes' } } });
    await until(() => catalog.get('default/web')?.slices.length === 2);
    await until(() => catalog.get('default/other') !== undefined);
    await until(() => node.current?.labels['new'] === 'yes');
    await until(() => {
      recorder.over('default/web', wrong);
      recorder.tell('default/web', wrong);
      return events().some(({ series }) => series !== undefined);
    });
    expect(events()).to.have.length(1);
  }

  const missing = ({ name }: AccessRule): boolean =>
    lines.some(({ level, msg }) => level >= 50 && msg.includes(`give this account the rule ${name} (`));

  it('allow everything that is needed', async () => {
    server.authorization.limit('kube-ipvs', accessRules);
    start();
    await everythingWorks();
    expect(accessRules.filter(missing)).to.deep.equal([]);
  });

  for (const rule of accessRules) {
    it(`are told of by name where one is missing: ${rule.name}`, async () => {
      server.authorization.limit(
        'kube-ipvs',
        accessRules.filter((other) => other !== rule),
      );
      start();
      await until(() => missing(rule));
      expect(accessRules.filter(missing)).to.deep.equal([rule]);
      server.authorization.limit('kube-ipvs', accessRules);
      await everythingWorks();
    });

    for (const verb of rule.verbs) {
      it(`need ${verb} in ${rule.name}`, async () => {
        const verbs = rule.verbs.filter((other) => other !== verb);
        const { resource } = rule;
        // A server of before 1.32, which does not stream lists, says so.
        const old = {
          match: { verb: 'watch', resource },
          does: { kind: 'refuse', code: 400 },
          times: 1,
        } as const;
        if (verb === 'list') server.misbehave(old);
        server.authorization.limit(
          'kube-ipvs',
          accessRules.map((other) => (other === rule ? { ...rule, verbs } : other)),
        );
        start();
        const refused = until(() => missing(rule));
        const works = everythingWorks().then(() => {
          throw new Error(`it works without ${verb}`);
        });
        works.catch(() => undefined);
        await Promise.race([refused, works]);
        server.authorization.limit('kube-ipvs', accessRules);
        await works.catch(() => undefined);
      });
    }
  }

  it('are those that the documentation lists', async () => {
    const text = await readFile(new URL('../../../../docs/kubernetes.md', import.meta.url), 'utf8');
    const rows = [...text.matchAll(/^\| `(.+?)` +\| (?:`(.+?)`)? +\| `(.+?)` +\| (`.+?`) +\|/gm)].map(
      ([, name, apiGroup = '', resource, verbs = '']) => ({
        ...{ name, apiGroup, resource },
        verbs: verbs.replaceAll('`', '').split(', '),
      }),
    );
    expect(rows).to.deep.equal(
      accessRules.map(({ name, apiGroup, resource, verbs }) => ({ name, apiGroup, resource, verbs })),
    );
  });

  it('have names of their own, and a reason each', () => {
    expect(new Set(accessRules.map(({ name }) => name)).size).to.equal(accessRules.length);
    for (const { reason } of accessRules) expect(reason).to.match(/^[A-Z].*\.$/);
  });
});
