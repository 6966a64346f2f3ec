// DECIDE: what the register recorded for a need, with a certificate that anyone outside can verify: the attestations that made
// the quorum, by the ids of their envelopes, and the signatures of the register's members.

import type { NeedId } from '../base/ids.ts';
import { needId } from './propose.ts';
import { amount, byCodeUnits, bytes, checked, digits, integer, list, name, record, set, type Schema } from './schema.ts';

export interface Signed {
  /** A public key. */
  readonly signer: string;
  readonly signature: Uint8Array;
}

export interface Decide {
  readonly needId: NeedId;
  readonly proposalId: string;
  readonly epoch: number;
  readonly lamport: number;
  readonly kPlan: number;
  readonly deciderId: string;
  readonly timestampNs: bigint;
  readonly attestations: readonly string[];
  readonly signatures: readonly Signed[];
}

const MAX_ATTESTATIONS = 256;
const MAX_MEMBERS = 64;

/** Signatures of several, each once, in the order of their keys. */
export const signatures = (least: number, most: number): Schema<readonly Signed[]> =>
  checked(list(record<Signed>({ signer: digits(32), signature: bytes(64, 64) }), least, most), 'notInOrder', (all) =>
    all.every((one, place) => place === 0 || (all[place - 1] as Signed).signer < one.signer));

export const DECIDE: Schema<Decide> = checked(
  record<Decide>({
    needId: needId(),
    proposalId: name(),
    epoch: integer(0),
    lamport: integer(1, undefined, 'notPositive'),
    kPlan: integer(1, 5),
    deciderId: name(),
    timestampNs: amount(1n, 'notPositive'),
    attestations: set(digits(32), byCodeUnits, 1, MAX_ATTESTATIONS),
    signatures: signatures(1, MAX_MEMBERS),
  }),
  'fewerThanKPlan',
  (decide) => decide.attestations.length >= decide.kPlan,
);
