import { stringify } from 'yaml';
import type { Certificate } from './certificates.ts';

/** What a kubeconfig names. */
export interface KubeconfigParts {
  readonly url: string;
  /** PEM of the authority. */
  readonly authority: string;
  readonly user: string;
  readonly credential: { readonly token: string } | Certificate;
}

/** A kubeconfig as YAML, with everything inside. */
export function kubeconfigText({ url, authority, user, credential }: KubeconfigParts): string {
  return stringify({
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [{ name: 'test', cluster: { server: url, 'certificate-authority-data': base64(authority) } }],
    users: [
      {
        name: user,
        user:
          'token' in credential
            ? credential
            : {
                'client-certificate-data': base64(credential.certificate),
                'client-key-data': base64(credential.key),
              },
      },
    ],
    contexts: [{ name: 'test', context: { cluster: 'test', user } }],
    'current-context': 'test',
  });
}

function base64(text: string): string {
  return Buffer.from(text).toString('base64');
}
