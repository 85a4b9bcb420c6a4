import { expect } from 'chai';
import type { Place } from '../lab/place.ts';
import { askAndReset, shortAffinity, untilForgotten } from './support-affinity.ts';
import { serverName } from './support-objects.ts';
import { podsOn } from './support-questions.ts';
import type { Stage } from './support-stage.ts';
import { balancing, scenario } from './support-stage.ts';
import type { Site } from './support.ts';
import { counted, held } from './support.ts';

/** The clauses of scenario 05. */
export function playAffinity(stageNow: () => Stage): void {
  describe('05: a service with session affinity', () => {
    const vip = '10.110.65.150';

    let stage: Stage;
    let site: Site;

    /** The one pod that answers all of some requests. */
    async function podOf(place: Place): Promise<string> {
      const { names, errors } = counted(await place.ask(vip, 80, { count: 6 }));
      expect(errors, place.name).to.deep.equal({});
      expect(Object.keys(names), place.name).to.have.length(1);
      return Object.keys(names)[0]!;
    }

    async function play(manifest: string): Promise<void> {
      await stage.play(manifest, () => balancing([serverName(vip, 80)], '10.244.0.3:80', '10.244.1.6:80'));
    }

    before(async () => {
      stage = stageNow();
      site = stage.site;
      await play(await scenario('05-affinity.yaml'));
    });

    it('is kept to its time-out by every kernel', async () => {
      for (const node of site.nodes)
        expect((await held(node)).servers).to.include(`-A ${serverName(vip, 80)} -s rr -p 10`);
    });

    // Two seconds longer than in the scenario, for the reason that `shortAffinity` gives.
    it('keeps a client who comes again in time, and balances anew one who comes later', async function () {
      this.timeout(300_000);
      const written = await scenario('05-affinity.yaml');
      await play(written.replace('timeoutSeconds: 10', `timeoutSeconds: ${shortAffinity}`));
      // Who comes to this kernel for the first time is sent to the other pod than the one who came before him.
      const coming = site.pod('web-2').asking(vip, 80, { seconds: 300, rate: 1, timeout: 15_000 });
      await coming.reach(1);
      const away = site.pod('web-1');
      const first = await askAndReset(away, vip, 80);
      await untilForgotten(site.first, away.ipv4, vip, 80);
      expect(await askAndReset(away, vip, 80)).not.to.equal(first);
      const { names, errors } = counted(await coming.stop());
      expect(errors).to.deep.equal({});
      expect(Object.keys(names)).to.have.length(1);
      expect(names).not.to.have.property(first);
    });

    it('keeps every node and every pod on one pod, and not all of a node on the same', async () => {
      for (const node of site.nodes) {
        const found = new Set<string>();
        for (const place of [node, ...podsOn(site, node)]) found.add(await podOf(place));
        expect([...found], node.name).to.have.members(['web-2', 'web-4']);
      }
    });
  });
}
