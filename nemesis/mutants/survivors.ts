// Slips of the hand that no run can notice, and why: looked at by a person, line by line. A line that changes loses its
// explanation, and has to be looked at again.

interface Survivor {
  readonly file: string;
  /** The whole line, without the white space around it. */
  readonly line: string;
  readonly operator: string;
  readonly why: string;
}

const SURVIVORS: readonly Survivor[] = [];

export function explanationOf(file: string, line: string, operator: string): string | undefined {
  return SURVIVORS.find((one) => one.file === file && one.line === line && one.operator === operator)?.why;
}
