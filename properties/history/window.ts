// The smallest window of a history that cannot be linearised: it ends with the first return that no order explains, begins as
// late as it can with the register in any state, and leaves out every operation without which it still has no order. Whatever
// is left out could only be left out because a history that has an order still has one without it.

import { compile, judge } from './check.ts';
import type { Beginning, Model } from './machine.ts';
import { NEVER, type Operation } from './operation.ts';
import type { Limits } from './search.ts';

export interface Window {
  readonly operations: readonly Operation[];
  /** Whether the register begins in its initial state, or may begin in any. */
  readonly from: Beginning;
  /** How many operations of the key lie before, after and between, and do not matter. */
  readonly leftOut: number;
}

/** Each trial gets so many steps; what takes longer is not left out. */
const STEPS = 200_000;
const MOST_TRIALS = 400;

export function smallestWindow(model: Model, operations: readonly Operation[], limits: Limits): Window {
  const hasNone = (some: readonly Operation[], from: Window['from']): boolean => judge(model, some, { ...limits, steps: STEPS }, from).found === 'none';
  const places = operations.flatMap(({ returnedAt }) => (returnedAt === NEVER ? [] : [returnedAt])).toSorted((a, b) => a - b);
  const ends = leastWhere(places.length - 1, (place) => hasNone(until(operations, places[place] as number, model), 'initial'));
  const last = places[ends];
  const ended = last === undefined ? operations : until(operations, last, model);
  const calls = ended.map(({ calledAt }) => calledAt).toSorted((a, b) => b - a);
  const begins = leastWhere(calls.length, (back) => hasNone(since(ended, calls[back] ?? -1, model), 'anything'));
  const late = since(ended, calls[begins] ?? -1, model);
  const from = hasNone(late, 'anything') ? 'anything' : 'initial';
  const kept = withoutNeedless(model, from === 'anything' ? late : ended, (some) => hasNone(some, from));
  return { operations: kept, from, leftOut: operations.length - kept.length };
}

/** The least number up to `most` for which it holds, if it holds from there on; `most` is taken to hold. */
function leastWhere(most: number, holds: (value: number) => boolean): number {
  let low = 0;
  let high = Math.max(most, 0);
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (holds(middle)) high = middle;
    else low = middle + 1;
  }
  return high;
}

/** What is known when `place` has just happened: what returns later may or may not have happened yet. */
function until(operations: readonly Operation[], place: number, model: Model): Operation[] {
  return withoutIdle(model, operations.filter(({ calledAt }) => calledAt < place).map((operation) => (operation.returnedAt > place ? open(operation) : operation)));
}

/** What returns after `place`. What was called before it may have happened before it too, whatever it returned. */
function since(operations: readonly Operation[], place: number, model: Model): Operation[] {
  return withoutIdle(model, operations.filter(({ returnedAt }) => returnedAt > place).map((operation) => (operation.calledAt < place ? open(operation) : operation)));
}

const open = (operation: Operation): Operation => (operation.returnedAt === NEVER ? operation : { ...operation, result: undefined, tooOld: false, returnedAt: NEVER, returnedLine: 0 });

/** Without observations of which nobody knows what they saw. */
function withoutIdle(model: Model, operations: readonly Operation[]): Operation[] {
  const { machine } = compile(model, operations, 'anything');
  return operations.filter(({ returnedAt }, op) => returnedAt !== NEVER || machine.kinds[op] !== 'observes');
}

function withoutNeedless(model: Model, operations: readonly Operation[], hasNone: (some: readonly Operation[]) => boolean): readonly Operation[] {
  let kept = operations;
  let trials = 0;
  for (let again = true; again && trials < MOST_TRIALS;) {
    again = false;
    for (let size = Math.max(1, kept.length >> 1); size >= 1 && trials < MOST_TRIALS; size >>= 1) {
      for (let from = 0; from < kept.length && trials < MOST_TRIALS;) {
        const some = without(model, kept, from, from + size);
        if (some.length < kept.length && (++trials, hasNone(some))) {
          kept = some;
          again = true;
        } else from += size;
      }
    }
  }
  return kept;
}

/** Without those of a stretch that may be left out: those that only look, and those that write what nobody sees. */
function without(model: Model, operations: readonly Operation[], from: number, to: number): readonly Operation[] {
  const { machine } = compile(model, operations, 'anything');
  return operations.filter(({ returnedAt }, op) => {
    if (op < from || op >= to) return true;
    const kind = machine.kinds[op];
    return kind !== 'observes' && ((kind === 'depends' && returnedAt !== NEVER) || machine.usefulUntil(op) >= 0);
  });
}
