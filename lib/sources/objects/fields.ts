import type { FieldPath } from './decoded.ts';
import { describe, type Fault, type Findings, nearest } from './findings.ts';

/** Stands for every list that is not written. */
const emptyList: readonly unknown[] = [];

/**
 * The fields of one object inside the object that is read. A reader gives the field's value, or undefined where the
 * field is absent, null, or wrong; what is wrong is added to the findings. So a decoder reads all fields in a row and
 * asks `findings.broken` once at the end. Paths are put together only where there is something to report.
 */
export class Fields {
  readonly findings: Findings;
  readonly #values: Readonly<Record<string, unknown>>;
  readonly #above: Fields | undefined;
  readonly #name: string;
  readonly #index: number | undefined;

  /**
   * @param above the fields of the object around this one
   * @param name the field that this object is there
   * @param index the item of that field that it is, where the field is a list
   */
  constructor(values: object, findings: Findings, above?: Fields, name = '', index?: number) {
    this.#values = values as Readonly<Record<string, unknown>>;
    this.findings = findings;
    this.#above = above;
    this.#name = name;
    this.#index = index;
  }

  /** The path of a field of this object, or of an item of that field. */
  path(name: string, index?: number): FieldPath {
    const own = index === undefined ? [name] : [name, index];
    return this.#above === undefined ? own : [...this.#above.path(this.#name, this.#index), ...own];
  }

  /** Whether the field is written, be it with null: a label without a value is one all the same. */
  has(name: string): boolean {
    return Object.hasOwn(this.#values, name);
  }

  /** The value as it is. */
  raw(name: string): unknown {
    return Object.hasOwn(this.#values, name) ? (this.#values[name] ?? undefined) : undefined;
  }

  /** The names of all fields that are there. */
  names(): string[] {
    return Object.keys(this.#values);
  }

  /** Makes the object unusable on account of the field. */
  fail(name: string, fault: Fault): void {
    this.findings.fail(this.path(name), fault);
  }

  /** A string. */
  text(name: string): string | undefined {
    const value = this.raw(name);
    if (value === undefined || typeof value === 'string') return value;
    this.fail(name, { expected: 'a string', got: describe(value), hint: 'write it in quotes' });
    return undefined;
  }

  /** `true` or `false`. */
  flag(name: string): boolean | undefined {
    const value = this.raw(name);
    if (value === undefined || typeof value === 'boolean') return value;
    this.fail(name, {
      expected: 'true or false',
      got: describe(value),
      hint: 'write true or false, without quotes',
    });
    return undefined;
  }

  /** A whole number within bounds. */
  integer(name: string, least: number, most: number): number | undefined {
    const value = this.raw(name);
    if (value === undefined) return undefined;
    if (Number.isInteger(value) && (value as number) >= least && (value as number) <= most) {
      return value as number;
    }
    this.fail(name, {
      expected: `a whole number from ${least} to ${most}`,
      got: describe(value),
      hint:
        typeof value === 'string'
          ? 'write a decimal number, without quotes or leading zeros'
          : 'write a number in this range',
    });
    return undefined;
  }

  /** One of a few words. */
  choice<T extends string>(name: string, choices: readonly T[]): T | undefined {
    const value = this.raw(name);
    if (value === undefined) return undefined;
    const chosen = choices.find((choice) => choice === value);
    if (chosen === undefined) {
      const meant = typeof value === 'string' ? nearest(value, choices) : undefined;
      this.fail(name, {
        expected: `one of ${choices.join(', ')}`,
        got: describe(value),
        hint: meant === undefined ? 'write one of these' : `did you mean ${meant}?`,
      });
    }
    return chosen;
  }

  /** An object. */
  object(name: string): Fields | undefined {
    const value = this.raw(name);
    if (value === undefined) return undefined;
    if (isObject(value)) return new Fields(value, this.findings, this, name);
    this.fail(name, { expected: 'an object', got: describe(value), hint: 'write fields below it' });
    return undefined;
  }

  /** A list of whatever there is in it; empty where the field is absent. */
  list(name: string): readonly unknown[] {
    const value = this.raw(name);
    if (value === undefined) return emptyList;
    if (Array.isArray(value)) return value as unknown[];
    this.fail(name, {
      expected: 'a list',
      got: describe(value),
      hint: 'write items below it, each behind "- "',
    });
    return emptyList;
  }

  /**
   * A list of objects, in order. With `apart`, every item has findings of its own, for the caller to judge it alone
   * and absorb them.
   */
  objects(name: string, apart?: () => Findings): Fields[] {
    const items: Fields[] = [];
    this.list(name).forEach((item, index) => {
      if (isObject(item)) {
        items.push(new Fields(item, apart?.() ?? this.findings, this, name, index));
      } else {
        this.findings.fail(this.path(name, index), {
          expected: 'an object',
          got: describe(item),
          hint: 'write fields, such as "- port: 80"',
        });
      }
    });
    return items;
  }

  /** Warns of every field that is not among the known ones. */
  expectOnly(known: ReadonlySet<string>): void {
    for (const name of this.names()) {
      if (known.has(name)) continue;
      const meant = nearest(name, known);
      this.findings.warn(this.path(name), {
        expected: 'a field of the API type',
        got: `the unknown field ${JSON.stringify(name)}`,
        hint: `it is not read; ${meant === undefined ? 'remove it' : `did you mean ${meant}?`}`,
      });
    }
  }
}

/**
 * A copy of a list that is to be kept, of just its length: a list that grew by `push` holds room for 17 items, which the
 * many lists of one would hold for as long as the object is known.
 */
export function trimmed<Item>(list: readonly Item[]): Item[] {
  return list.slice();
}

/** Whether a value is an object with fields: neither null nor a list. */
export function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
