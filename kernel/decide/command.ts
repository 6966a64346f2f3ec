// What the register's log holds (`Body`) and what applying it yields (`Outcome`).

import { Refused, type Codec, type Reader, type Writer } from '../base/codec.ts';
import { finish, mix, mixUint } from '../base/digest.ts';
import { proposalCodec, recordCodec, type DecideRecord, type Proposal } from './record.ts';

export type Body =
  | { readonly kind: 'decide'; readonly proposal: Proposal; readonly hash: number }
  /** Proposed by a leader when an epoch's time is over: epochs below the low-water mark are forgotten. */
  | { readonly kind: 'advance'; readonly epoch: number; readonly hash: number };

export type Outcome =
  | { readonly kind: 'decided'; readonly record: DecideRecord }
  /** Another proposal was first; here is the record that won. */
  | { readonly kind: 'lost'; readonly record: DecideRecord }
  | { readonly kind: 'tooOld'; readonly lowWater: number }
  | { readonly kind: 'tooNew'; readonly epoch: number }
  /** The register holds as many records as its bound allows; nothing was recorded. */
  | { readonly kind: 'full' }
  | { readonly kind: 'advanced'; readonly epoch: number };

/** What a linearizable read of the register says. */
export type Lookup =
  | { readonly kind: 'found'; readonly record: DecideRecord }
  | { readonly kind: 'none' }
  | { readonly kind: 'tooOld'; readonly lowWater: number };

export const decideBody = (proposal: Proposal): Body => ({ kind: 'decide', proposal, hash: finish(mix(proposal.hash, 1)) });
export const advanceBody = (epoch: number): Body => ({ kind: 'advance', epoch, hash: finish(mixUint(2, epoch)) });

export function hashOutcome(outcome: Outcome | Lookup): number {
  switch (outcome.kind) {
    case 'decided':
      return mix(outcome.record.hash, 1);
    case 'lost':
      return mix(outcome.record.hash, 2);
    case 'tooOld':
      return mixUint(3, outcome.lowWater);
    case 'tooNew':
      return mixUint(4, outcome.epoch);
    case 'full':
      return 5;
    case 'advanced':
      return mixUint(6, outcome.epoch);
    case 'found':
      return mix(outcome.record.hash, 7);
    case 'none':
      return 8;
  }
}

export const bodyCodec: Codec<Body> = {
  write(w: Writer, body: Body): void {
    w.array(2);
    w.uint(body.kind === 'decide' ? 0 : 1);
    if (body.kind === 'decide') proposalCodec.write(w, body.proposal);
    else w.uint(body.epoch);
  },
  read(r: Reader): Body {
    r.tuple(2);
    return r.uint(1) === 0 ? decideBody(proposalCodec.read(r)) : advanceBody(r.uint());
  },
};

const OUTCOMES = ['decided', 'lost', 'tooOld', 'tooNew', 'full', 'advanced', 'found', 'none'] as const;

export const outcomeCodec: Codec<Outcome | Lookup> = {
  write(w: Writer, outcome: Outcome | Lookup): void {
    w.array(2);
    w.uint(OUTCOMES.indexOf(outcome.kind));
    if ('record' in outcome) recordCodec.write(w, outcome.record);
    else if (outcome.kind === 'tooOld') w.uint(outcome.lowWater);
    else if (outcome.kind === 'tooNew' || outcome.kind === 'advanced') w.uint(outcome.epoch);
    else w.nil();
  },
  read(r: Reader): Outcome | Lookup {
    r.tuple(2);
    const kind = OUTCOMES[r.uint(OUTCOMES.length - 1)] as (Outcome | Lookup)['kind'];
    if (kind === 'decided' || kind === 'lost' || kind === 'found') return { kind, record: recordCodec.read(r) };
    if (kind === 'tooOld') return { kind, lowWater: r.uint() };
    if (kind === 'tooNew' || kind === 'advanced') return { kind, epoch: r.uint() };
    if (!r.isNil()) throw new Refused('expected nil');
    return { kind };
  },
};
