// The sixteen kinds, and what each carries. Anything else is refused at every gate.

import { ATTEST, COMMIT, FINALIZE, type Attest, type Commit, type Finalize } from './commit.ts';
import { CHALLENGE, INVALIDATE, type Challenge, type Invalidate } from './challenge.ts';
import { CLAIM, HEARTBEAT, RELEASE, YIELD, type Claim, type Heartbeat, type Release, type Yield } from './claim.ts';
import { DECIDE, type Decide } from './decide.ts';
import { NEED, type Need } from './need.ts';
import { ATTEST_PLAN, PROPOSE, UPDATE_PLAN, type AttestPlan, type Propose, type UpdatePlan } from './propose.ts';
import { CHECKPOINT, RECONCILE, type Checkpoint, type Reconcile } from './reconcile.ts';
import type { Schema } from './schema.ts';

export interface Payloads {
  NEED: Need;
  PROPOSE: Propose;
  CLAIM: Claim;
  HEARTBEAT: Heartbeat;
  COMMIT: Commit;
  ATTEST: Attest;
  DECIDE: Decide;
  FINALIZE: Finalize;
  YIELD: Yield;
  RELEASE: Release;
  UPDATE_PLAN: UpdatePlan;
  ATTEST_PLAN: AttestPlan;
  CHALLENGE: Challenge;
  INVALIDATE: Invalidate;
  RECONCILE: Reconcile;
  CHECKPOINT: Checkpoint;
}

export type Kind = keyof Payloads;

export const PAYLOADS: { readonly [K in Kind]: Schema<Payloads[K]> } = {
  NEED, PROPOSE, CLAIM, HEARTBEAT, COMMIT, ATTEST, DECIDE, FINALIZE, YIELD, RELEASE, UPDATE_PLAN, ATTEST_PLAN, CHALLENGE, INVALIDATE, RECONCILE, CHECKPOINT,
};

export const KINDS: readonly Kind[] = Object.keys(PAYLOADS) as Kind[];

/** A kind with its payload: what an envelope says. */
export type Said = { readonly [K in Kind]: { readonly kind: K; readonly payload: Payloads[K] } }[Kind];
