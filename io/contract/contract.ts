// A contract is a list of claims about a port. Each is given a fresh subject and throws if the subject does not keep it; a test
// beside every implementation runs the whole list, so that what was learned in simulation holds on real hardware.

import { AssertionFailed } from '../../kernel/base/assert.ts';

export interface Claim<Subject> {
  readonly claim: string;
  /** False where the implementation cannot be brought into the situation (a real disk is not crashed on purpose). */
  readonly applies?: (subject: Subject) => boolean;
  readonly check: (subject: Subject) => Promise<void>;
}

/** Compares values by their JSON, and says both if they differ. */
export function expectSame(got: unknown, expected: unknown, what: string): void {
  const a = JSON.stringify(got);
  const b = JSON.stringify(expected);
  if (a !== b) throw new AssertionFailed(`${what}: expected ${b}, got ${a}`);
}

export function expect(condition: boolean, what: string): asserts condition {
  if (!condition) throw new AssertionFailed(what);
}
