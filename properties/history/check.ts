// Judges a history: key by key, since what happens to one key says nothing about another (Herlihy and Wing's locality). First
// every key gets a little time, then those that need more get the rest: so one hard key hides no easy violation.

import type { Beginning, Machine, Model } from './machine.ts';
import { timelineOf, type Operation, type Timeline } from './operation.ts';
import { Search, type Found, type Limits } from './search.ts';

export interface Checked {
  readonly verdict: 'linearizable' | 'not-linearizable' | 'unknown';
  readonly keys: number;
  readonly steps: number;
  /** Of the key that decided the verdict, if it is not `linearizable`. */
  readonly key?: string;
  readonly operations?: readonly Operation[];
  readonly why?: 'time' | 'memory';
  /** What the search of it came to, if it is not linearizable. */
  readonly judged?: Judged;
}

const FIRST_STEPS = 50_000;

export function checkHistory(model: Model, operations: readonly Operation[], limits: Limits): Checked {
  const keys = partition(operations);
  let steps = 0;
  let waiting = [...keys.keys()];
  let unknown: { readonly key: string; readonly why: 'time' | 'memory' } | undefined;
  for (const most of [Math.min(FIRST_STEPS, limits.steps), limits.steps]) {
    const left: string[] = [];
    unknown = undefined;
    for (const key of waiting) {
      const ofKey = keys.get(key) as Operation[];
      const judged = judge(model, ofKey, { ...limits, steps: most });
      const { found } = judged;
      steps += judged.steps;
      if (found === 'none') return { verdict: 'not-linearizable', keys: keys.size, steps, key, operations: ofKey, judged };
      if (found === 'order') continue;
      left.push(key);
      unknown ??= { key, why: found === 'out-of-memory' ? 'memory' : 'time' };
    }
    waiting = left;
    if (waiting.length === 0) break;
  }
  if (unknown === undefined) return { verdict: 'linearizable', keys: keys.size, steps };
  return { verdict: 'unknown', keys: keys.size, steps, ...unknown, operations: keys.get(unknown.key) as Operation[] };
}

function partition(operations: readonly Operation[]): Map<string, Operation[]> {
  const keys = new Map<string, Operation[]>();
  for (const operation of operations) {
    const ofKey = keys.get(operation.key);
    if (ofKey === undefined) keys.set(operation.key, [operation]);
    else ofKey.push(operation);
  }
  return keys;
}

export interface Compiled {
  readonly operations: readonly Operation[];
  readonly timeline: Timeline;
  readonly machine: Machine;
}

export function compile(model: Model, operations: readonly Operation[], from: Beginning): Compiled {
  const all = model.prepare?.(operations) ?? operations;
  const timeline = timelineOf(all);
  return { operations: all, timeline, machine: model.compile(all, timeline, from) };
}

export interface Judged {
  readonly found: Found | 'too-many-beginnings';
  readonly steps: number;
  /** The place up to which some order came. */
  readonly furthest: number;
}

/** One key. It begins in the initial state, or in any, if it is a piece out of the middle of a history. */
export function judge(model: Model, operations: readonly Operation[], limits: Limits, from: Beginning = 'initial'): Judged {
  const { machine, timeline, operations: all } = compile(model, operations, from);
  const beginnings = from === 'initial' ? [machine.initial] : machine.beginnings();
  if (beginnings === undefined) return { found: 'too-many-beginnings', steps: 0, furthest: 0 };
  const search = new Search(machine, timeline, limits);
  const found = search.run(beginnings);
  const event = timeline.events[search.furthest];
  const { calledAt = 0, returnedAt = 0 } = event === undefined ? {} : (all[event < 0 ? ~event : event] as Operation);
  return { found, steps: search.steps, furthest: event !== undefined && event < 0 ? returnedAt : calledAt };
}
