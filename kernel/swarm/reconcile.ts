// RECONCILE and CHECKPOINT: what became of records that were kept apart, and the signed root of an epoch.

import type { NeedId } from '../base/ids.ts';
import { signatures, type Signed } from './decide.ts';
import { DAG_CBOR } from './link.ts';
import { needId } from './propose.ts';
import { digits, integer, link, list, name, record, text, type Schema } from './schema.ts';

export interface Orphan {
  readonly needId: NeedId;
  readonly proposalId: string;
  readonly orphanedByEpoch: number;
}

export interface Reconcile {
  readonly summary: string;
  readonly orphaned: readonly Orphan[];
}

export interface Checkpoint {
  readonly epoch: number;
  readonly merkleRoot: string;
  readonly stateSummary: string;
  readonly signatures: readonly Signed[];
}

const MAX_ORPHANS = 4_096;
const MAX_VERIFIERS = 4_096;

export const RECONCILE: Schema<Reconcile> = record<Reconcile>({
  summary: text(),
  orphaned: list(record<Orphan>({ needId: needId(), proposalId: name(), orphanedByEpoch: integer(0) }), 0, MAX_ORPHANS),
});

export const CHECKPOINT: Schema<Checkpoint> = record<Checkpoint>({
  epoch: integer(0),
  merkleRoot: digits(32),
  stateSummary: link(DAG_CBOR),
  signatures: signatures(1, MAX_VERIFIERS),
});
