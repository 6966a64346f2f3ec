// What the search must know of a model, for the operations of one key. States are small numbers; what they stand for is the
// model's affair. The hooks beyond `step` say what nobody can notice any more: without them the search would still be right,
// and would drown in orders that no observation tells apart.

import type { Operation, Timeline, Value } from './operation.ts';

/** The state of which no coming operation can learn anything: what was written is not seen before it is overwritten. */
export const UNSEEN = 0;
/** The operation cannot happen in this state with the result it had. */
export const IMPOSSIBLE = -1;

export type Kind =
  /** It changes nothing, whenever it happens. */
  | 'observes'
  /** It can always happen, and what was before does not matter. */
  | 'overwrites'
  /** It can always happen, and builds on what was before. */
  | 'extends'
  /** It can happen in some states only. */
  | 'depends';

export type Beginning = 'initial' | 'anything';

export interface Machine {
  readonly initial: number;
  /** Every state in which a history could begin that starts in the middle; undefined if they are too many to try. */
  beginnings(): readonly number[] | undefined;
  readonly kinds: readonly Kind[];
  /** Operations of one class can stand for each other. */
  readonly classes: readonly number[];
  step(state: number, op: number): number;
  /** Whether it may as well happen now: it changes nothing here, and nothing that can come after here gives it more to do. */
  settled(state: number, op: number): boolean;
  /** The last event at which a known result can depend on this state; -1 if none can. */
  neededUntil(state: number): number;
  /** The same for what a writing operation writes. */
  usefulUntil(op: number): number;
  /** Operations with a known result that can only happen while this state, or what is built on it, stands; in order of their ends. */
  demands(state: number): readonly number[];
  /** Whether nothing else can depend on this state. */
  tellsAllDemands(state: number): boolean;
  /** Whether the operation can still happen in `state`, or in what is built on it. */
  serves(state: number, op: number): boolean;
  /** What can bring about the state that a demand needs; undefined if there are too many to look at. */
  origins(op: number): readonly number[] | undefined;
}

export interface Model {
  readonly name: string;
  /** The words it knows, for the sentence that says so. */
  readonly functions: readonly string[];
  /** The one that only looks. */
  readonly reads: string;
  /** Whether it has many registers by nature, so that an operation for none of them by name may be for a pair of key and value. */
  readonly keyed: boolean;
  /** What is wrong with a call, or with its return. */
  faultOfCall(f: string, argument: Value): string | undefined;
  faultOfReturn(f: string, argument: Value, result: Value, tooOld: boolean): string | undefined;
  /** Adds what happens without anybody asking for it. */
  prepare?(operations: readonly Operation[]): readonly Operation[];
  /** A history from `anything` may begin in any state. */
  compile(operations: readonly Operation[], timeline: Timeline, from: Beginning): Machine;
}
