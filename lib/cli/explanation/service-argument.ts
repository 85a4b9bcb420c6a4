import { ConfigurationError } from '../../config/configuration-error.ts';

/** The name of a Service, as it was written. */
export interface ServiceArgument {
  readonly namespace: string;
  readonly name: string;
}

const form = /^([a-z0-9][-a-z0-9]*)\/([a-z0-9][-a-z0-9.]*)$/;

/**
 * Reads `NAMESPACE/NAME`.
 * @throws ConfigurationError where it is something else
 */
export function readServiceArgument(text: string): ServiceArgument {
  const [, namespace = '', name = ''] = form.exec(text) ?? [];
  if (name !== '') return { namespace, name };
  const hint = /^[a-z0-9][-a-z0-9.]*$/.test(text)
    ? `with its namespace: default/${text}`
    : 'write it as default/web; for an address there is "kube-ipvs trace"';
  throw new ConfigurationError([
    { where: 'the Service', expected: 'NAMESPACE/NAME', got: JSON.stringify(text), hint, severity: 'error' },
  ]);
}
