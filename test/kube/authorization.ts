import { matchesRequest, type RequestMatch, type SeenRequest } from './request-match.ts';
import { qualifiedName, type ResourceType } from './resource-type.ts';
import { ApiError } from './status.ts';

/** What a rule of a ClusterRole allows. */
export interface AllowedRequests {
  /** Empty for the core group. */
  readonly apiGroup: string;
  readonly resource: string;
  readonly verbs: readonly string[];
}

/** Who may do what: everybody everything but what was forbidden, or what a user was limited to. */
export class Authorization {
  readonly #forbidden = new Set<RequestMatch>();
  readonly #limits = new Map<string, readonly AllowedRequests[]>();

  /** Forbids requests from now on. Returns what allows them again. */
  forbid(match: RequestMatch): () => void {
    this.#forbidden.add(match);
    return () => {
      this.#forbidden.delete(match);
    };
  }

  /** Allows a user from now on only these requests for resources, in the place of those before. */
  limit(user: string, rules: readonly AllowedRequests[]): void {
    this.#limits.set(user, rules);
  }

  /** Throws 403 for what is forbidden. */
  check(request: SeenRequest, type: ResourceType | undefined): void {
    for (const match of this.#forbidden) if (matchesRequest(match, request)) throw refusal(request, type);
    const rules = this.#limits.get(request.user);
    if (type && rules && !rules.some((rule) => allows(rule, request, type))) throw refusal(request, type);
  }
}

function allows(rule: AllowedRequests, { verb }: SeenRequest, { group, plural }: ResourceType): boolean {
  return rule.apiGroup === group && rule.resource === plural && rule.verbs.includes(verb);
}

function refusal(request: SeenRequest, type: ResourceType | undefined): ApiError {
  const { user, verb, name, namespace, path } = request;
  if (!type) return new ApiError(403, 'Forbidden', `forbidden: User "${user}" cannot ${verb} path "${path}"`);
  const where = namespace === '' ? 'at the cluster scope' : `in the namespace "${namespace}"`;
  const message =
    `${qualifiedName(type)} ${name === '' ? '' : `"${name}" `}is forbidden: User "${user}" cannot ${verb} resource ` +
    `"${type.plural}" in API group "${type.group}" ${where}`;
  return new ApiError(403, 'Forbidden', message, {
    ...(name !== '' && { name }),
    ...(type.group !== '' && { group: type.group }),
    kind: type.plural,
  });
}
