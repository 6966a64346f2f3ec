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
];

export function explanationOf(file: string, line: string, operator: string): string | undefined {
  return SURVIVORS.find((one) => one.file === file && one.line === line && one.operator === operator)?.why;
}
