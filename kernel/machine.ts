// What a replicated log carries, and what it drives. Raft treats commands and their outcomes as opaque; this file is the one
// place that says which modules' commands there are.

import { bodyCodec as decideBodyCodec, hashOutcome as hashDecideOutcome, outcomeCodec as decideOutcomeCodec, type Body, type Lookup, type Outcome } from './decide/command.ts';
import type { DecideRecord } from './decide/record.ts';
import type { Codec } from './base/codec.ts';
import type { NeedId } from './base/ids.ts';
import type { Micros } from './base/time.ts';

export type { Body, Lookup, Outcome };

export const bodyCodec: Codec<Body> = decideBodyCodec;
export const outcomeCodec: Codec<Outcome | Lookup> = decideOutcomeCodec;
export const hashOutcome: (outcome: Outcome | Lookup) => number = hashDecideOutcome;

/**
 * A deterministic state machine under a log. `apply` is called once per committed command that is no duplicate, in log
 * order. An image is immutable and cheap (it shares what never changes); items are what a snapshot sends in chunks.
 */
export interface Machine {
  apply(index: number, body: Body): Outcome;
  lookup(need: NeedId): Lookup;
  /** What the leader should propose on the machine's behalf, `elapsedUs` after the last such command or its election. */
  upkeep(elapsedUs: Micros): Body | undefined;
  /** After how long the next `upkeep` has something to propose. */
  readonly upkeepEveryUs: Micros;
  image(): MachineImage;
  restore(image: MachineImage): void;
}

/** The register: its logical time, its epochs, and its records in the order in which they were decided. */
export interface MachineImage {
  readonly lamport: number;
  readonly epoch: number;
  readonly lowWater: number;
  /** The highest epoch any need has named; see Register. */
  readonly named: number;
  readonly records: readonly DecideRecord[];
}
