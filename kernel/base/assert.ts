// Assertions about our own state. They stay on in production: a node that no longer believes its own state must stop
// before it tells anybody. Input from outside is never asserted, it is rejected with a reason.

export class AssertionFailed extends Error {
  override readonly name = 'AssertionFailed';
}

export function assert(condition: boolean, claim: string): asserts condition {
  if (!condition) throw new AssertionFailed(claim);
}

/** For the `default` of an exhaustive switch: the type checker proves it is never reached. */
export function unreachable(value: never): never {
  throw new AssertionFailed(`unreachable: ${JSON.stringify(value)}`);
}
