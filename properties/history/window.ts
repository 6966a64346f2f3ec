// The smallest window of a history that cannot be linearised: it ends with the first return that no order explains, begins as
// late as it can with the register in any state, and leaves out every operation without which it still has no order. Whatever
// is left out could only be left out because a history that has an order still has one without it.

import { compile, judge, type Judged } from './check.ts';
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

/** Each trial gets so many steps, or twice as many as it took to find that there is no order; what takes longer is not left out. */
const STEPS = 100_000;
const SMALL_STEPS = 10_000;
const MOST_NEARBY = 256;
const MOST_TRIALS = 400;

/** `whole` is what the search of all the operations came to. */
export function smallestWindow(model: Model, operations: readonly Operation[], limits: Limits, whole: Judged): Window {
  const steps = Math.max(STEPS, 2 * whole.steps);
  const goesOn = (): boolean => limits.goOn?.() !== false;
  const hasNone = (some: readonly Operation[], from: Beginning): boolean => goesOn() && judge(model, some, { ...limits, steps }, from).found === 'none';
  const small = nearby(model, operations, whole.furthest, (some) => goesOn() && judge(model, some, { ...limits, steps: SMALL_STEPS }, 'anything').found === 'none');
  const ended = small ?? endedEarly(model, operations, whole.furthest, (some) => hasNone(some, 'initial'));
  const late = begunLate(model, ended, (some) => hasNone(some, 'anything'));
  // Without a trial that says so, nothing is known of what might begin in any state.
  const from = small !== undefined || hasNone(late, 'anything') ? 'anything' : 'initial';
  const first = from === 'anything' ? endedEarly(model, late, -1, (some) => hasNone(some, from)) : ended;
  const kept = withoutNeedless(model, first, goesOn, (some) => hasNone(some, from));
  return { operations: kept, from, leftOut: operations.length - kept.length };
}

/** A few operations around the place that no order came beyond: often they have no order by themselves, and that is soon seen. */
function nearby(model: Model, operations: readonly Operation[], furthest: number, hasNone: (some: readonly Operation[]) => boolean): readonly Operation[] | undefined {
  const ends = operations.flatMap(({ returnedAt }) => (returnedAt === NEVER || returnedAt < furthest ? [] : [returnedAt])).toSorted((a, b) => a - b);
  for (let end = 0; end < ends.length; end = 2 * end + 1) {
    const early = until(operations, ends[end] as number, model);
    const calls = early.map(({ calledAt }) => calledAt).toSorted((a, b) => b - a);
    for (let size = 1; size <= MOST_NEARBY; size *= 2) {
      const piece = since(early, calls[size] ?? -1, model);
      if (hasNone(piece)) return piece;
      if (size >= calls.length) break;
    }
  }
  return undefined;
}

function begunLate(model: Model, operations: readonly Operation[], hasNone: (some: readonly Operation[]) => boolean): readonly Operation[] {
  const calls = operations.map(({ calledAt }) => calledAt).toSorted((a, b) => b - a);
  const begins = leastWhere(0, calls.length, (back) => hasNone(since(operations, calls[back] ?? -1, model)));
  return begins === calls.length ? operations : since(operations, calls[begins] ?? -1, model);
}

/** Up to the first return with which there is no order. None earlier than `atLeast` has that effect. */
function endedEarly(model: Model, operations: readonly Operation[], atLeast: number, hasNone: (some: readonly Operation[]) => boolean): readonly Operation[] {
  const places = operations.flatMap(({ returnedAt }) => (returnedAt === NEVER ? [] : [returnedAt])).toSorted((a, b) => a - b);
  const start = places.findIndex((place) => place >= atLeast);
  const last = places[leastWhere(Math.max(start, 0), places.length - 1, (place) => hasNone(until(operations, places[place] as number, model)))];
  return last === undefined ? operations : until(operations, last, model);
}

/** The least number from `least` to `most` for which it holds, if it holds from there on; `most` is taken to hold. Small ones are tried first. */
function leastWhere(least: number, most: number, holds: (value: number) => boolean): number {
  let low = Math.min(least, Math.max(most, 0));
  let high = low;
  for (let stride = 1; high < most && !holds(high); stride *= 2) {
    low = high + 1;
    high = Math.min(most, high + stride);
  }
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (holds(middle)) high = middle;
    else low = middle + 1;
  }
  return high;
}

/** What is known when `place` has just happened: what returns later may or may not have happened yet. */
export function until(operations: readonly Operation[], place: number, model: Model): Operation[] {
  return withoutIdle(model, operations.filter(({ calledAt }) => calledAt < place).map((operation) => (operation.returnedAt > place ? open(operation) : operation)));
}

/** What returns after `place`. What was called before it may have happened before it too, whatever it returned. */
export function since(operations: readonly Operation[], place: number, model: Model): Operation[] {
  return withoutIdle(model, operations.filter(({ returnedAt }) => returnedAt > place).map((operation) => (operation.calledAt < place ? open(operation) : operation)));
}

const open = (operation: Operation): Operation => (operation.returnedAt === NEVER ? operation : { ...operation, result: undefined, tooOld: false, returnedAt: NEVER, returnedLine: 0 });

/** Without reads of which nobody knows what they saw. */
function withoutIdle(model: Model, operations: readonly Operation[]): Operation[] {
  return operations.filter(({ f, returnedAt }) => returnedAt !== NEVER || f !== model.reads);
}

function withoutNeedless(model: Model, operations: readonly Operation[], goesOn: () => boolean, hasNone: (some: readonly Operation[]) => boolean): readonly Operation[] {
  let kept = operations;
  let trials = 0;
  const mayTry = (): boolean => trials < MOST_TRIALS && goesOn();
  for (let again = true; again && mayTry();) {
    again = false;
    for (let size = Math.max(1, kept.length >> 1); size >= 1 && mayTry(); size >>= 1) {
      for (let from = 0; from < kept.length && mayTry();) {
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
export function without(model: Model, operations: readonly Operation[], from: number, to: number): readonly Operation[] {
  const { machine } = compile(model, operations, 'anything');
  return operations.filter((_, op) => op < from || op >= to || (machine.kinds[op] !== 'observes' && machine.usefulUntil(op) >= 0));
}
