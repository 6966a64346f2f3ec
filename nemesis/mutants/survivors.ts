// Slips of the hand that no run can notice, and why: looked at by a person, line by line. A line that changes loses its
// explanation, and has to be looked at again.

export interface Survivor {
  readonly file: string;
  /** The whole line, without the white space around it. */
  readonly line: string;
  readonly operator: string;
  readonly why: string;
}

export const SURVIVORS: readonly Survivor[] = [
  {
    file: 'kernel/decide/gateway.ts', operator: 'off-by-one',
    line: 'const call: OpenCall = { request, operation, body, since: ctx.at, number: 0, to: NOBODY, hops: 0, nextTry: ctx.at + this.parameters.retryUs };',
    why: 'the number is given when the call is sent, and nobody looks at it before',
  },
  {
    file: 'kernel/decide/gateway.ts', operator: 'swapped',
    line: 'if (this.open > 0) this.arm(ctx, ctx.at + Math.min(Math.max(next - ctx.at, Math.ceil(retryUs / LOOKS_PER_RETRY)), retryUs));',
    why: 'the greater of two is the same in either order',
  },
  {
    file: 'kernel/raft/entry.ts', operator: 'swapped',
    line: 'const h = mixUint(mixUint(mixUint(mix(4, body.hash), session), sequence), answered);',
    why: 'another hash of the same content, alike on every node',
  },
  {
    file: 'kernel/raft/transfer.ts', operator: 'swapped',
    line: 'this.hash = mixUint(mixUint(mix(1, group), snapshot.index), snapshot.term);',
    why: 'another hash of the same content, alike on every node',
  },
  {
    file: 'io/loop.ts', operator: 'dropped',
    line: "this.passed('beforeRelease');",
    why: 'tells the simulator where a process may end: a large sweep misses the mark crash/beforeRelease',
  },
];

export function explanationOf(file: string, line: string, operator: string): string | undefined {
  return SURVIVORS.find((one) => one.file === file && one.line === line && one.operator === operator)?.why;
}
