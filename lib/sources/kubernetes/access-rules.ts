/** What a request does, in the words of authorization. */
export type AccessVerb = 'get' | 'list' | 'watch' | 'create' | 'patch';

/** One thing that is asked of the API server, as a rule of a ClusterRole allows it. */
export interface AccessRule {
  /** What messages and documents call it. */
  readonly name: string;
  /** `""` for the core group. */
  readonly apiGroup: string;
  /** In the plural: `endpointslices`. */
  readonly resource: string;
  readonly verbs: readonly AccessVerb[];
  /** What it is needed for, as a sentence. */
  readonly reason: string;
}

/**
 * Everything that is asked of the API server, and nothing else: the ClusterRole is made of it. All of it is for the whole
 * cluster, for services and their events are in every namespace.
 */
export const accessRules: readonly AccessRule[] = [
  {
    name: 'read-services',
    apiGroup: '',
    resource: 'services',
    verbs: ['list', 'watch'],
    reason: 'Services say what is to be balanced.',
  },
  {
    name: 'read-endpoints',
    apiGroup: 'discovery.k8s.io',
    resource: 'endpointslices',
    verbs: ['list', 'watch'],
    reason: 'EndpointSlices say what it is balanced to.',
  },
  {
    name: 'read-node',
    apiGroup: '',
    resource: 'nodes',
    verbs: ['list', 'watch'],
    reason: 'The own Node tells its zone, its addresses and its pod networks; no other Node is asked for.',
  },
  {
    name: 'identify-services',
    apiGroup: '',
    resource: 'services',
    verbs: ['get'],
    reason: 'An event bears the uid of its Service, by which kubectl describe finds it.',
  },
  {
    name: 'write-events',
    apiGroup: 'events.k8s.io',
    resource: 'events',
    verbs: ['create', 'patch'],
    reason: 'Events on a Service tell its owner what keeps it from being served, and how often it came back.',
  },
];

/** The rule that allows a verb on a resource. Undefined where none does: nothing of the kind is asked for. */
export function accessRuleFor(verb: AccessVerb, apiGroup: string, resource: string): AccessRule | undefined {
  return accessRules.find(
    (rule) => rule.apiGroup === apiGroup && rule.resource === resource && rule.verbs.includes(verb),
  );
}

/** What to do where a rule is missing, in the imperative. */
export function accessHint({ name, apiGroup, resource, verbs }: AccessRule): string {
  const what = apiGroup === '' ? resource : `${resource}.${apiGroup}`;
  return `give this account the rule ${name} (${verbs.join(', ')} of ${what}) by a ClusterRole and its binding`;
}
