import type { ExaminedNode } from './examined-node.ts';

/** How bad a finding is: `error` breaks traffic now, `warning` will or may, `info` is good to know. */
export type Severity = 'error' | 'warning' | 'info';

/** What every finding of one name has in common. */
export interface FindingKind {
  readonly severity: Severity;
  /** What it means for traffic, in one sentence. */
  readonly meaning: string;
}

/** Something that was found. */
export interface Found<Name extends string = string> {
  readonly name: Name;
  /** What was read, and where: one line each. At least one. */
  readonly evidence: readonly string[];
  /** Lines for a shell that mend it, in order; one that begins with `#` is for a person. At least one. */
  readonly mend: readonly string[];
}

/** What a check says. */
export interface Judgement<Name extends string = string> {
  /** Nothing where all is well. */
  readonly found: readonly Found<Name>[];
  /** What was looked at, for where all is well: `2 schedulers, 11 other modules`. */
  readonly seen: string;
}

/** One thing about a node that is looked at. */
export interface Check<Name extends string = string> {
  readonly name: string;
  /** What is looked at and where that is read, in one sentence. */
  readonly about: string;
  /** Everything that it can find. */
  readonly kinds: Readonly<Record<Name, FindingKind>>;
  /**
   * Judges a node.
   * @throws {NotExamined} where that cannot be done
   */
  judge(node: ExaminedNode): Promise<Judgement<Name>>;
}

/** A check that could not be made. Others can. */
export class NotExamined extends Error {
  override readonly name = 'NotExamined';
  readonly code = 'not-examined';
}
