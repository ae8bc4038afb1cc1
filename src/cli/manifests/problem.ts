/** Something in the input that cannot be used. */
export interface Problem {
  /** `file:line:column`, a file or an option. */
  readonly where: string;
  /** What is wrong there; a sentence without its full stop. */
  readonly what: string;
  /** What the person can do about it; a sentence without its full stop. */
  readonly remedy: string;
}

export const duplicateKey = (where: string): Problem => ({
  where,
  what: 'this key stands here a second time',
  remedy: 'keep one of the two: kubectl would silently take the last',
});

/** Takes a problem down and goes on, so that a person sees all of them at once. */
export type Report = (problem: Problem) => void;

/** The input cannot be used. `problems` says where, what and what to do. */
export class UnusableInput extends Error {
  readonly code = 'UNUSABLE_INPUT';
  readonly problems: readonly Problem[];

  constructor(problems: readonly Problem[]) {
    super(problems.map(({ where, what }) => `${where}: ${what}`).join('\n'));
    this.problems = problems;
  }
}
