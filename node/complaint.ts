// What went wrong with a command, said to a person: one sentence with what was expected, what was got and what to do.
// The exit codes are a contract with scripts (see `lockstep --help`).

export const EXIT = { held: 0, violated: 1, wrongCommand: 2, notLive: 3, notDeterministic: 4, ourBug: 70 } as const;

/** The command was wrong, or its input was. Nothing has been changed. Shown as one line, never with a stack. */
export class Complaint extends Error {
  override readonly name = 'Complaint';
  readonly exitCode: number;

  constructor(sentence: string, exitCode: number = EXIT.wrongCommand) {
    super(sentence);
    this.exitCode = exitCode;
  }
}
