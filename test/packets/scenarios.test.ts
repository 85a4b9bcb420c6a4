import { Site } from './support.ts';
import { playScenarios } from './support-scenarios.ts';
import { Stage } from './support-stage.ts';

describe('the walkthrough scenarios', () => {
  let site: Site;

  playScenarios(async () => {
    site = await Site.build();
    await site.startAll('--cluster-cidr', '10.244.0.0/16');
    // The mark at its end says that nothing follows in a file, so that what it holds counts at once.
    return Stage.furnish(site, (manifest) => site.write('scenario.yaml', `${manifest.trimEnd()}\n...\n`));
  });

  after(() => site.destroy());
});
