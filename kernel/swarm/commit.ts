// COMMIT, ATTEST, FINALIZE: a result, what verifiers say of it, and that it stands. Whether the artifact exists in the content
// store is no question of form: who has the store checks it.

import { RAW } from './link.ts';
import { amount, byCodeUnits, digits, integer, link, name, oneOf, record, set, type Schema } from './schema.ts';

export interface Telemetry {
  readonly wallMs: number;
  readonly cpuMs: number;
  readonly gpuMs: number;
  readonly vramMb: number;
}

export interface Commit {
  readonly taskId: string;
  readonly artifactHash: string;
  readonly bountyUnits: bigint;
  readonly telemetry: Telemetry;
}

export interface Attest {
  readonly taskId: string;
  /** The id of the envelope with the commit. */
  readonly commit: string;
  readonly verdict: 'pass' | 'fail';
  /** The evaluation digest of the policy. */
  readonly digest: string;
}

export interface Finalize {
  readonly taskId: string;
  readonly commit: string;
  readonly attestations: readonly string[];
}

const MAX_ATTESTATIONS = 256;

export const COMMIT: Schema<Commit> = record<Commit>({
  taskId: name(),
  artifactHash: link(RAW),
  bountyUnits: amount(),
  telemetry: record<Telemetry>({ wallMs: integer(0), cpuMs: integer(0), gpuMs: integer(0), vramMb: integer(0) }),
});

export const ATTEST: Schema<Attest> = record<Attest>({ taskId: name(), commit: digits(32), verdict: oneOf('pass', 'fail'), digest: digits(32) });

export const FINALIZE: Schema<Finalize> = record<Finalize>({ taskId: name(), commit: digits(32), attestations: set(digits(32), byCodeUnits, 1, MAX_ATTESTATIONS) });
