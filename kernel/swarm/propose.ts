// PROPOSE, ATTEST_PLAN, UPDATE_PLAN: how a need might be met, what verifiers think of it, and changes of the plan. The ops of a
// patch are bytes here: the plan store has a codec of its own for them. That a ballot is unique per proposer is no rule of one
// envelope; who collects proposals checks it.

import { needIdFault, type NeedId } from '../base/ids.ts';
import type { DagValue } from '../base/dag-cbor.ts';
import { amount, Broken, bytes, checked, integer, list, name, oneOf, record, type Schema } from './schema.ts';

export interface ShardDependency {
  readonly shard: number;
  readonly needId: NeedId;
}

export interface Propose {
  readonly needId: NeedId;
  readonly proposalId: string;
  readonly patch: readonly Uint8Array[];
  readonly ballot: number;
  readonly costUnits: bigint;
  readonly etaMs: number;
  readonly shardDependencies: readonly ShardDependency[];
}

export interface AttestPlan {
  readonly needId: NeedId;
  readonly proposalId: string;
  readonly verdict: 'approve' | 'reject';
}

export interface UpdatePlan {
  readonly ops: readonly Uint8Array[];
}

const MAX_OPS = 1_024;
const MAX_OP_BYTES = 4_096;
const MAX_DEPENDENCIES = 256;
export const SHARDS = 256;

const notANeedId = new Broken('notANeedId');

/** `<epoch>/<name>`, as everywhere. */
export const needId = (): Schema<NeedId> => ({
  rules: ['notANeedId'],
  read: (value: DagValue) => (typeof value === 'string' && needIdFault(value) === undefined ? (value as NeedId) : notANeedId),
  write: (value) => value,
});

const ops = (): Schema<readonly Uint8Array[]> => list(bytes(1, MAX_OP_BYTES), 1, MAX_OPS);

export const PROPOSE: Schema<Propose> = record<Propose>({
  needId: needId(),
  proposalId: name(),
  patch: ops(),
  ballot: integer(0),
  costUnits: amount(1n, 'notPositive'),
  etaMs: integer(1, undefined, 'notPositive'),
  shardDependencies: checked(
    list(record<ShardDependency>({ shard: integer(0, SHARDS - 1), needId: needId() }), 0, MAX_DEPENDENCIES),
    'namedTwice',
    (all) => new Set(all.map((one) => `${one.shard} ${one.needId}`)).size === all.length,
  ),
});

export const ATTEST_PLAN: Schema<AttestPlan> = record<AttestPlan>({ needId: needId(), proposalId: name(), verdict: oneOf('approve', 'reject') });

export const UPDATE_PLAN: Schema<UpdatePlan> = record<UpdatePlan>({ ops: ops() });
