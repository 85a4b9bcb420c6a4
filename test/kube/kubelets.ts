import { type KubeObject, objectIn } from './object.ts';
import type { Store } from './store.ts';

/**
 * Does for a number of nodes what the controllers and kubelets of a cluster would: pods of a DaemonSet are there, new and
 * ready, as soon as it is written, and a pod that is to be run once succeeds. Nothing runs. Returns what ends that.
 */
export function standInForKubelets(store: Store, nodes: number): () => void {
  return store.subscribe(({ type, object }) => {
    if (type === 'DELETED') return;
    const status = statusOf(object, nodes);
    const { namespace = '', name } = object.metadata;
    if (status && !sameStatus(objectIn(object['status']), status))
      store.patch(object.kind === 'Pod' ? 'pods' : 'daemonsets', namespace, name, { status });
  });
}

function statusOf(object: KubeObject, nodes: number): Record<string, unknown> | undefined {
  if (object.kind === 'Pod') return { phase: 'Succeeded' };
  if (object.kind !== 'DaemonSet') return undefined;
  return {
    observedGeneration: object.metadata.generation ?? 0,
    desiredNumberScheduled: nodes,
    currentNumberScheduled: nodes,
    updatedNumberScheduled: nodes,
    numberAvailable: nodes,
    numberReady: nodes,
    numberMisscheduled: 0,
  };
}

function sameStatus(
  held: Readonly<Record<string, unknown>>,
  wanted: Readonly<Record<string, unknown>>,
): boolean {
  return Object.entries(wanted).every(([field, value]) => held[field] === value);
}
