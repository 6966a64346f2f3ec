// What a module may do during a step: say things, and ask for a deadline. Effects are collected in order; signals to other
// modules of the same node are queued and handled before the step ends.

import type { NodeId } from './base/ids.ts';
import type { Random } from './base/random.ts';
import type { Micros } from './base/time.ts';
import type { Answer } from './effect.ts';
import type { RequestId, ServiceRequest } from './event.ts';
import type { Fact } from './fact.ts';
import type { Message } from './message.ts';
import type { DecideParameters, RaftParameters } from './parameters.ts';
import type { AnswerMessage, ClientMessage } from './raft/message.ts';

/** Between modules of one node: what a member of a group and the gateway on the same node say to each other. */
export type Signal =
  | { readonly kind: 'ask'; readonly message: ClientMessage }
  | { readonly kind: 'answer'; readonly from: NodeId; readonly message: AnswerMessage };

export interface Context {
  readonly self: NodeId;
  /** Time of the step, and place in the journal of the event that caused it. */
  readonly at: Micros;
  readonly wall: Micros;
  readonly sequence: number;
  /** Serves jitter only. */
  readonly random: Random;
  /** To another node; `validForUs` from now if the message means "now". */
  send(to: NodeId, message: Message, validForUs?: Micros): void;
  reply(request: RequestId, answer: Answer): void;
  /** The index of the effect, which the outcome will name beside `sequence`. */
  call(request: ServiceRequest): number;
  fact(fact: Fact): void;
  signal(signal: Signal): void;
  /** Arms (or with NEVER clears) the one deadline of a slot. Slots are dealt out by `kernel.ts`. */
  deadline(slot: number, due: Micros): void;
}

/**
 * Signals of one step. Every open call of the gateway may be asked and answered twice in it (a retry, or a session that was
 * opened), and every pending read and every entry that commits may have its answer for the gateway of this very node.
 */
export function maxSignalsPerStep(decide: DecideParameters, raft: RaftParameters): number {
  return 256 + 4 * decide.maxOpen + raft.maxPendingReads + 2 * raft.maxUncommitted;
}
