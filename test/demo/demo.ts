/**
 * The walkthrough: two nodes with a controller each, four pods and an outside client, in the lab. Tells what happens,
 * checks it, and exits with 1 where something did not hold.
 */
import { release } from 'node:os';
import { clusterIp, nodePort, notBalanced, withoutSelector } from './balancing.ts';
import { endurance, scaling } from './endurance.ts';
import { Stage } from './stage.ts';
import { Story } from './story.ts';

const story = new Story();
story.title(
  'kube-ipvs: Kubernetes services in the kernel’s IPVS',
  `Linux ${release()}, two nodes with a controller each, four pods, a client outside; every packet is a real one.`,
);
const stage = await Stage.build();
try {
  story.tell('built', ...stage.describe());
  await clusterIp(stage, story);
  await nodePort(stage, story);
  await withoutSelector(stage, story);
  await notBalanced(stage, story);
  await scaling(stage, story);
  await endurance(stage, story);
} catch (error) {
  story.check('the walkthrough went through to its end', false, String(error));
} finally {
  story.close();
  await stage.destroy();
}
process.exitCode = story.good ? 0 : 1;
