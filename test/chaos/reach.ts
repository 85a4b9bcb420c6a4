import { type Runtime, Session } from 'node:inspector';

/** A name in the global scope that nothing else uses. */
const handle = 'chaosReach';

/** Functions and what belongs to them is code, not what an object holds. */
const passedOver: ReadonlySet<string | undefined> = new Set(['function', 'symbol']);

/**
 * How much an object holds: the number of values that are reached from it through fields, private ones included,
 * and the entries of maps and sets. A value that is reached twice counts twice; functions are passed over, and so are
 * objects of the classes that are named. Two objects that hold the same have the same number, whatever their past: what
 * is left of it shows. There must be no circle.
 */
export function reachOf(object: object, without: readonly string[]): number {
  const session = new Session();
  session.connect();
  Object.assign(globalThis, { [handle]: object });
  try {
    const found: { id?: string | undefined } = {};
    session.post('Runtime.evaluate', { expression: handle }, (_error, answer) => {
      found.id = answer.result.objectId;
    });
    return walk(session, found.id, new Set(without));
  } finally {
    Reflect.deleteProperty(globalThis, handle);
    session.disconnect();
  }
}

/** Answers of a session of the own thread come within the call. Object groups are not needed: the session ends. */
function walk(session: Session, first: string | undefined, without: ReadonlySet<string>): number {
  let count = 0;
  const left = first === undefined ? [] : [first];
  for (let objectId = left.pop(); objectId !== undefined; objectId = left.pop()) {
    session.post('Runtime.getProperties', { objectId, ownProperties: true }, (_error, answer) => {
      for (const value of valuesOf(answer)) {
        if (passedOver.has(value.type) || without.has(value.className ?? '')) continue;
        count += 1;
        if (value.objectId !== undefined) left.push(value.objectId);
      }
    });
  }
  return count;
}

function valuesOf(
  answer: Runtime.GetPropertiesReturnType & { privateProperties?: Runtime.PropertyDescriptor[] },
): Runtime.RemoteObject[] {
  const held = [...answer.result, ...(answer.privateProperties ?? [])].filter(
    ({ name }) => name !== '__proto__',
  );
  const internal = (answer.internalProperties ?? []).filter(({ name }) => name === '[[Entries]]');
  return [...held, ...internal].flatMap(({ value }) => (value === undefined ? [] : [value]));
}
