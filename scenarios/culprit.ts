// At which step did a planted bug have to act for a run to fail? The same run, with the same chance, is executed with the bug
// switched off from some queue entry on: at the culprit, the run still fails alike if it goes off after it, and not before it.
// What is found does not depend on how `why` looks for it.

import type { RunFile } from '../io/sim/run-file.ts';
import type { Micros } from '../kernel/base/time.ts';
import type { Failure } from './failure.ts';
import type { Attempt, Trial } from './trial.ts';
import { framed, isAlike, type Framed } from './why.ts';

export interface Culprit {
  readonly entry: number;
  readonly at: Micros;
}

/** Turns the planted bug on or off, in all nodes at once. */
export type Switch = (on: boolean) => void;

/** The last culprit there is, and undefined if the run fails without the bug. The bug is on when the run begins, and afterwards. */
export function culpritOf(run: RunFile, first: Trial, attempt: Attempt, turn: Switch): Culprit | undefined {
  const failure = first.failures[0] as Failure;
  const frame = framed(run, failure.at);
  const fails = (after: number): boolean => failsUpTo(after, frame, failure, attempt, turn) !== undefined;
  let high = first.events;
  let low = high - 1;
  for (let step = 1; low > 0 && fails(low); step *= 2) {
    high = low;
    low = Math.max(0, low - step);
  }
  if (low === 0 && fails(0)) return undefined;
  while (high - low > 1) {
    const middle = low + ((high - low) >> 1);
    if (fails(middle)) high = middle;
    else low = middle;
  }
  return { entry: high, at: failsUpTo(high, frame, failure, attempt, turn) ?? failure.at };
}

/** When the bug went off, if the run failed alike. */
function failsUpTo(after: number, frame: Framed, failure: Failure, attempt: Attempt, turn: Switch): Micros | undefined {
  turn(true);
  const trial = attempt(frame.run, { ...frame.end, interject: { after, act: () => turn(false) } });
  turn(true);
  return trial.failures.some((one) => isAlike(one, failure)) ? (trial.interjectedAt ?? trial.endedAt) : undefined;
}
