import { stringify } from 'yaml';

/** The version of every document that this program prints. */
export const documentVersion = 'kube-ipvs.io/v1alpha1';

/** A document as Kubernetes shapes them. */
export interface Document {
  readonly apiVersion: typeof documentVersion;
  readonly kind: string;
  readonly [field: string]: unknown;
}

/** The formats of documents. */
export type DocumentFormat = 'json' | 'yaml';

/** Makes a document of a kind. */
export function document(kind: string, fields: Readonly<Record<string, unknown>>): Document {
  return { apiVersion: documentVersion, kind, ...fields };
}

/** Writes a document, with a line feed at the end. */
export function formatDocument(value: Document, format: DocumentFormat): string {
  return format === 'json'
    ? `${JSON.stringify(value, null, 2)}\n`
    : stringify(value, { lineWidth: 0, aliasDuplicateObjects: false });
}
