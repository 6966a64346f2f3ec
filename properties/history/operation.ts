// What a client asked and what it was told: the operations of a history, whoever recorded it, and their order in time.

/** `end` of an operation whose outcome is unknown: it may happen at any time after it began, or never. */
export const NEVER = 0x7fffffff;

/** A scalar as text in EDN notation (`nil`, `3`, `"x"`, `:a`), or a list of values. */
export type Value = string | readonly Value[];

export const NIL = 'nil';

export interface Operation {
  readonly process: number;
  readonly f: string;
  /** Histories without keys have one: the empty one. */
  readonly key: string;
  readonly argument: Value;
  /** Undefined: nobody knows whether it happened. What did not happen is not listed at all. */
  readonly result: Value | undefined;
  /** The answer was that the need has been forgotten. */
  readonly tooOld: boolean;
  /** Places of the call and of the return among all events of the history. */
  readonly calledAt: number;
  readonly returnedAt: number;
  readonly calledLine: number;
  /** 0: it never returned, or nobody knows how. */
  readonly returnedLine: number;
}

/** Calls and returns of some operations in order, numbered without gaps. */
export interface Timeline {
  /** By event: the operation, or its complement (`~op`) where it returns. */
  readonly events: Int32Array;
  /** By operation: the numbers of its events. */
  readonly begin: Int32Array;
  readonly end: Int32Array;
}

export function timelineOf(operations: readonly Operation[]): Timeline {
  const moments: { readonly place: number; readonly event: number }[] = [];
  for (const [op, { calledAt, returnedAt }] of operations.entries()) {
    moments.push({ place: calledAt, event: op });
    if (returnedAt !== NEVER) moments.push({ place: returnedAt, event: ~op });
  }
  // What is called at the very place where something else returns overlaps with it.
  moments.sort((a, b) => a.place - b.place || Number(a.event < 0) - Number(b.event < 0) || a.event - b.event);
  const events = Int32Array.from(moments, (moment) => moment.event);
  const begin = new Int32Array(operations.length);
  const end = new Int32Array(operations.length).fill(NEVER);
  for (const [place, event] of events.entries()) {
    if (event >= 0) begin[event] = place;
    else end[~event] = place;
  }
  return { events, begin, end };
}
