// What a step wants done. The kernel performs nothing: the loop releases effects once the event that caused them is durable.
// An effect's id is (journal sequence of the event, index in the step): the idempotency key outside.

import { mix, mixUint, hashText, finish } from './base/digest.ts';
import type { NodeId } from './base/ids.ts';
import type { Micros } from './base/time.ts';
import { unreachable } from './base/assert.ts';
import { hashContentRequest } from './content.ts';
import type { RequestId, ServiceRequest } from './event.ts';
import type { Fact } from './fact.ts';
import { hashOutcome, type Lookup, type Outcome } from './machine.ts';
import type { Message } from './message.ts';
import type { Configuration } from './raft/configuration.ts';
import type { OrderReply } from './raft/message.ts';

export type Effect =
  /** `validUntil` (in `at`): it means "now", and is dropped if it can leave only later. NEVER: it always holds. */
  | { readonly kind: 'send'; readonly to: NodeId; readonly message: Message; readonly validUntil: Micros }
  | { readonly kind: 'reply'; readonly request: RequestId; readonly answer: Answer }
  | { readonly kind: 'call'; readonly request: ServiceRequest }
  | { readonly kind: 'fact'; readonly fact: Fact };

/** The one answer a client gets. `unknown`: it may have happened, or may still happen. `refused`: it did not and will not. */
export type Answer =
  | Outcome
  | Lookup
  | { readonly kind: 'unknown'; readonly why: 'timeout' | 'sessionExpired' }
  | { readonly kind: 'refused'; readonly why: 'overloaded' | 'unreachable' | 'nonsense' }
  /** The op that the node made of a client's words about the plan. */
  | { readonly kind: 'planned'; readonly id: string; readonly seq: number; readonly lamport: number }
  /** To who published an envelope: it was taken, or by which rule it was not; and the node's logical time. */
  | { readonly kind: 'published'; readonly id: string; readonly lamport: number }
  | { readonly kind: 'envelopeRefused'; readonly id: string; readonly reason: string; readonly lamport: number }
  /** To an operator: what came of the order, and the configuration that is in force. */
  | { readonly kind: 'ordered'; readonly verdict: OrderReply['verdict']; readonly configuration: Configuration };

export function hashAnswer(answer: Answer): number {
  if (answer.kind === 'unknown') return answer.why === 'timeout' ? 101 : 102;
  if (answer.kind === 'refused') return answer.why === 'overloaded' ? 103 : answer.why === 'unreachable' ? 104 : 105;
  if (answer.kind === 'ordered') return mix(mix(106, hashText(answer.verdict)), answer.configuration.hash);
  if (answer.kind === 'published') return mixUint(mix(107, hashText(answer.id)), answer.lamport);
  if (answer.kind === 'envelopeRefused') return mixUint(mix(mix(108, hashText(answer.id)), hashText(answer.reason)), answer.lamport);
  if (answer.kind === 'planned') return mixUint(mixUint(mix(109, hashText(answer.id)), answer.seq), answer.lamport);
  return hashOutcome(answer);
}

/** One word for the content of an effect; a message brings its own. */
export function hashEffect(effect: Effect): number {
  switch (effect.kind) {
    case 'send':
      return mixUint(mix(effect.message.hash, effect.to), effect.validUntil);
    case 'reply':
      return mixUint(mix(hashAnswer(effect.answer), effect.request.client), effect.request.number);
    case 'call':
      if (effect.request.service === 'content') return mix(hashText('content'), hashContentRequest(effect.request));
      return mix(hashText(effect.request.service), hashText(JSON.stringify(effect.request)));
    case 'fact':
      return hashFact(effect.fact);
    default:
      return unreachable(effect);
  }
}

/** The rare ones are flat; their keys are written in a fixed order where they are made, and that order is part of the content. */
function hashFact(fact: Fact): number {
  if (fact.kind === 'decided') return mixUint(mixUint(mix(hashText(fact.need), fact.group), fact.index), fact.lamport);
  if (fact.kind === 'configured') return mixUint(mixUint(mix(fact.configuration.hash, fact.group), fact.index), fact.term);
  return finish(hashText(JSON.stringify(fact)));
}
