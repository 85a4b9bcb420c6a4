import type { DaemonFacts, WatchFacts } from '../examined-node.ts';
import { type Check, type Found, NotExamined } from '../finding.ts';
import { firstFew } from '../mend.ts';

type Name = 'daemon-not-running' | 'daemon-hung' | 'daemon-unhealthy' | 'watch-stale' | 'entries-refused';

/** Seconds of silence from which on a watch is dead: an API server sends a bookmark about once a minute. */
const silence = 300;

/** The running kube-ipvs. */
export const daemonCheck: Check<Name> = {
  name: 'daemon',
  about:
    'Whether kube-ipvs runs, answers and hears from the API server, and what the kernel refuses it: /proc, and its local socket.',
  kinds: {
    'daemon-not-running': {
      severity: 'error',
      meaning: 'What the kernel holds goes on serving, and no change of Services or endpoints reaches it.',
    },
    'daemon-hung': {
      severity: 'error',
      meaning: 'What the kernel holds goes on serving, and no change of Services or endpoints reaches it.',
    },
    'daemon-unhealthy': {
      severity: 'warning',
      meaning: 'Its health check fails, so kubelet is about to start it anew.',
    },
    'watch-stale': {
      severity: 'error',
      meaning:
        'kube-ipvs does not hear from the API server, so traffic goes on to endpoints that may be gone.',
    },
    'entries-refused': {
      severity: 'warning',
      meaning:
        'The kernel refuses something that a Service asks for, and that Service is not served as it should be.',
    },
  },
  async judge(node) {
    const daemon = await node.daemon();
    if (daemon.state === 'mute') throw new NotExamined(daemon.why);
    if (daemon.state === 'answers')
      return {
        found: [...stale(daemon), ...refused(daemon), ...unhealthy(daemon)],
        seen: `it answers at ${daemon.asked}`,
      };
    return { found: [daemon.state === 'hung' ? hung(daemon.asked) : absent()], seen: daemon.state };
  },
};

function absent(): Found<Name> {
  return {
    name: 'daemon-not-running',
    evidence: ['no process in the network of this node is kube-ipvs run'],
    mend: [
      'kubectl -n kube-system get pods -o wide -l app.kubernetes.io/name=kube-ipvs',
      '# see what keeps the pod of this node from running',
    ],
  };
}

function hung(asked: string): Found<Name> {
  return {
    name: 'daemon-hung',
    evidence: [`kube-ipvs runs, and ${asked} does not answer`],
    mend: [
      '# keep its log, then end it, for it to be started anew: kubectl -n kube-system delete pod <its pod on this node>',
    ],
  };
}

function stale({ watches }: Extract<DaemonFacts, { state: 'answers' }>): readonly Found<Name>[] {
  const dead = watches.filter(
    ({ trouble, synced, silentFor = 0 }) => trouble !== undefined || !synced || silentFor > silence,
  );
  if (dead.length === 0) return [];
  return [
    {
      name: 'watch-stale',
      evidence: dead.map(told),
      mend: ['# mend what keeps this node from the API server; kube-ipvs goes on by itself'],
    },
  ];
}

function told({ resource, synced, silentFor, trouble }: WatchFacts): string {
  const heard = silentFor === undefined ? '' : `, which last said something ${Math.round(silentFor)} s ago`;
  const state = trouble ?? (synced ? 'silent' : 'not read yet');
  return `watch of ${resource}${heard}: ${state}`;
}

function refused({ refusals }: Extract<DaemonFacts, { state: 'answers' }>): readonly Found<Name>[] {
  if (refusals.length === 0) return [];
  return [
    {
      name: 'entries-refused',
      evidence: firstFew(refusals),
      mend: ['# do what each line says; kube-ipvs tries again by itself'],
    },
  ];
}

function unhealthy({
  unhealthy: reasons,
}: Extract<DaemonFacts, { state: 'answers' }>): readonly Found<Name>[] {
  if (reasons.length === 0) return [];
  return [
    {
      name: 'daemon-unhealthy',
      evidence: firstFew(reasons),
      mend: ['# mend what else is found here, and see its log'],
    },
  ];
}
