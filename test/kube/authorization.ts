import { matchesRequest, type RequestMatch, type SeenRequest } from './request-match.ts';
import { qualifiedName, type ResourceType } from './resource-type.ts';
import { ApiError } from './status.ts';

/** Who may do what: everybody everything but what was forbidden. */
export class Authorization {
  readonly #forbidden = new Set<RequestMatch>();

  /** Forbids requests from now on. Returns what allows them again. */
  forbid(match: RequestMatch): () => void {
    this.#forbidden.add(match);
    return () => {
      this.#forbidden.delete(match);
    };
  }

  /** Throws 403 for what is forbidden. */
  check(request: SeenRequest, type: ResourceType | undefined): void {
    for (const match of this.#forbidden) if (matchesRequest(match, request)) throw refusal(request, type);
  }
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
