import { isJsonObject, type KubeObject } from './object.ts';
import type { ResourceType } from './resource-type.ts';
import { badRequest } from './status.ts';

/** Whether an object is asked for. */
export type Selector = (object: KubeObject) => boolean;

type LabelTest = (labels: Readonly<Record<string, string>>) => boolean;

const key = String.raw`(?:[\w.-]+/)?[A-Za-z0-9](?:[\w.-]*[A-Za-z0-9])?`;
const existence = new RegExp(`^(!?)\\s*(${key})$`);
const equality = new RegExp(`^(${key})\\s*(==|=|!=)\\s*([\\w.-]*)$`);
const membership = new RegExp(`^(${key})\\s+(in|notin)\\s*\\(([^()]*)\\)$`);
const comparison = new RegExp(`^(${key})\\s*([<>])\\s*(-?\\d+)$`);

/**
 * Reads a label selector, equality and set requirements alike: `a`, `!a`, `a=b`, `a==b`, `a!=b`, `a in (b,c)`,
 * `a notin (b)`, `a>1`. `!=` and `notin` also choose objects without the label.
 */
export function parseLabelSelector(text: string): Selector {
  const tests = requirementsOf(text).map(labelTest);
  return (object) => {
    const labels = object.metadata.labels ?? {};
    return tests.every((test) => test(labels));
  };
}

/** Splits at the commas outside parentheses. */
function requirementsOf(text: string): string[] {
  if (text.trim() === '') return [];
  return text.split(/,(?![^()]*\))/).map((requirement) => requirement.trim());
}

function labelTest(text: string): LabelTest {
  const test = existenceTest(text) ?? equalityTest(text) ?? membershipTest(text) ?? comparisonTest(text);
  if (!test) throw badRequest(`unable to parse requirement: found '${text}', expected: a label requirement`);
  return test;
}

function existenceTest(text: string): LabelTest | undefined {
  const [, not, label] = existence.exec(text) ?? [];
  if (label === undefined) return undefined;
  return (labels) => Object.hasOwn(labels, label) === (not === '');
}

function equalityTest(text: string): LabelTest | undefined {
  const [, label, operator, value] = equality.exec(text) ?? [];
  if (label === undefined) return undefined;
  return (labels) => (labels[label] === value) === (operator !== '!=');
}

function membershipTest(text: string): LabelTest | undefined {
  const [, label, operator, list] = membership.exec(text) ?? [];
  if (label === undefined || list === undefined) return undefined;
  const values = new Set(list.split(',').map((value) => value.trim()));
  return (labels) => {
    const value = labels[label];
    return (value !== undefined && values.has(value)) === (operator === 'in');
  };
}

function comparisonTest(text: string): LabelTest | undefined {
  const [, label, operator, limit] = comparison.exec(text) ?? [];
  if (label === undefined) return undefined;
  return (labels) => {
    const value = labels[label];
    if (value === undefined || !/^-?\d+$/.test(value)) return false;
    return operator === '<' ? Number(value) < Number(limit) : Number(value) > Number(limit);
  };
}

/** Reads a field selector: `=`, `==` and `!=` over the name, the namespace and the fields that the resource knows. */
export function parseFieldSelector(text: string, type: ResourceType): Selector {
  const known = new Set(['metadata.name', 'metadata.namespace', ...type.fields]);
  const tests = requirementsOf(text).map((requirement): Selector => {
    const [, path, operator, value] = /^([\w.]+)\s*(==|=|!=)\s*(.*)$/.exec(requirement) ?? [];
    if (path === undefined || value === undefined) {
      throw badRequest(`invalid selector: '${text}'; can't understand '${requirement}'`);
    }
    if (!known.has(path)) throw badRequest(`field label not supported: ${path}`);
    return (object) => (fieldText(object, path) === value) === (operator !== '!=');
  });
  return (object) => tests.every((test) => test(object));
}

/** What a field holds as text; empty where it is not there, as with a field of its kind's zero value. */
function fieldText(object: KubeObject, path: string): string {
  let value: unknown = object;
  for (const step of path.split('.')) value = isJsonObject(value) ? value[step] : undefined;
  if (typeof value === 'string') return value;
  return typeof value === 'boolean' || typeof value === 'number' ? String(value) : '';
}
