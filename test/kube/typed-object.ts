import * as models from '@kubernetes/client-node';

/** A field of a type of the Kubernetes API, as client-node's classes describe it. */
interface Attribute {
  readonly baseName: string;
  /** `string`, `V1PodSpec`, `Array<V1Container>`, `{ [key: string]: string; }` */
  readonly type: string;
}

interface Model {
  readonly getAttributeTypeMap: () => readonly Attribute[];
}

const primitives: Readonly<Record<string, (value: unknown) => boolean>> = {
  string: (value) => typeof value === 'string',
  number: (value) => typeof value === 'number',
  boolean: (value) => typeof value === 'boolean',
  any: () => true,
  object: (value) => typeof value === 'object',
  // Ports by number or name, and shares of a whole.
  IntOrString: (value) => typeof value === 'number' || typeof value === 'string',
  Date: (value) => typeof value === 'string',
};

/**
 * What of an object no type of the Kubernetes API has: unknown fields, and values of another kind, each as
 * `spec.template.spec.hostnetwork: unknown`. Neither values of enumerations nor missing fields are looked at.
 *
 * @param type as client-node calls it: `V1DaemonSet`
 */
export function typeFaults(value: unknown, type: string, path = ''): string[] {
  const primitive = primitives[type];
  if (primitive !== undefined)
    return primitive(value) ? [] : [`${path}: expected ${type}, got ${JSON.stringify(value)}`];
  const element = /^(?:Array|Set)<(.*)>$/.exec(type)?.[1];
  if (element !== undefined) {
    if (!Array.isArray(value)) return [`${path}: expected a list, got ${JSON.stringify(value)}`];
    return value.flatMap((item, index) => typeFaults(item, element, `${path}[${index}]`));
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    return [`${path}: expected ${type}, got ${JSON.stringify(value)}`];
  const ofEach = /^\{ \[key: string\]: (.*); \}$/.exec(type)?.[1];
  const attributes = ofEach === undefined ? attributesOf(type) : undefined;
  return Object.entries(value).flatMap(([name, field]) => {
    const inner = ofEach ?? attributes?.find(({ baseName }) => baseName === name)?.type;
    const where = path === '' ? name : `${path}.${name}`;
    return inner === undefined ? [`${where}: unknown`] : typeFaults(field, inner, where);
  });
}

function attributesOf(type: string): readonly Attribute[] {
  const model = (models as unknown as Readonly<Record<string, Model | undefined>>)[type];
  if (model === undefined) throw new Error(`expected a type of the Kubernetes API, got ${type}`);
  return model.getAttributeTypeMap();
}
