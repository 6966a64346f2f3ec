// A slip of the hand is named by where it is: `op:<file>:<line>:<column>:<operator>`.

const NAME = /^op:([^:]+\.ts):\d+:\d+:[a-z-]+$/;

export const isOperatorName = (name: string): boolean => name.startsWith('op:');

/** The file that such a name means; undefined if it is no such name. */
export function fileOf(name: string): string | undefined {
  return NAME.exec(name)?.[1];
}
