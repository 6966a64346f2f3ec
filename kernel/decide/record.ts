// What the register agrees on: one record per need, for ever. The words of DECIDE in spec order.

import { Refused, type Codec, type Reader, type Writer } from '../base/codec.ts';
import { hashText, mix, mixUint, finish } from '../base/digest.ts';
import { sha256 } from '../base/hash.ts';
import { MAX_ID_BYTES, needEpoch, needIdFault, nodeId, type NeedId, type NodeId, type ProposalId } from '../base/ids.ts';
import type { Micros } from '../base/time.ts';

export const BUCKETS = 256;

/** What a client wants decided. `bucket` and `epoch` follow from `need`; they are computed once, at the edge. */
export interface Proposal {
  readonly need: NeedId;
  readonly epoch: number;
  readonly bucket: number;
  readonly proposal: ProposalId;
  readonly decider: NodeId;
  readonly kPlan: number;
  /** The decider's wall clock: data for people, never compared. */
  readonly wall: Micros;
  readonly hash: number;
}

/** The DECIDE. `lamport` is the group's logical time at which the register recorded it. */
export interface DecideRecord {
  readonly proposal: Proposal;
  readonly lamport: number;
  readonly hash: number;
}

/** `sha256(needId) mod 256`: the first byte of the hash would be the top one; the last is the remainder. */
export function bucketOf(need: NeedId): number {
  return parseInt(sha256(need).slice(62), 16);
}

export function makeProposal(need: NeedId, bucket: number, proposal: ProposalId, decider: NodeId, kPlan: number, wall: Micros): Proposal {
  let h = mix(hashText(need), hashText(proposal));
  h = mixUint(mix(mix(mix(h, bucket), decider), kPlan), wall);
  return { need, epoch: needEpoch(need), bucket, proposal, decider, kPlan, wall, hash: finish(h) };
}

export function makeRecord(proposal: Proposal, lamport: number): DecideRecord {
  return { proposal, lamport, hash: finish(mixUint(proposal.hash, lamport)) };
}

export const proposalCodec: Codec<Proposal> = {
  write(w: Writer, p: Proposal): void {
    w.array(6);
    w.text(p.need);
    w.uint(p.bucket);
    w.text(p.proposal);
    w.uint(p.decider);
    w.uint(p.kPlan);
    w.uint(p.wall);
  },
  read(r: Reader): Proposal {
    r.tuple(6);
    const need = readNeed(r);
    return makeProposal(need, r.uint(BUCKETS - 1), r.text(MAX_ID_BYTES) as ProposalId, nodeId(r.uint(0xffff)), r.uint(0xffff), r.uint());
  },
};

export const recordCodec: Codec<DecideRecord> = {
  write(w: Writer, record: DecideRecord): void {
    w.array(2);
    proposalCodec.write(w, record.proposal);
    w.uint(record.lamport);
  },
  read(r: Reader): DecideRecord {
    r.tuple(2);
    return makeRecord(proposalCodec.read(r), r.uint());
  },
};

export function readNeed(r: Reader): NeedId {
  const text = r.text(MAX_ID_BYTES);
  const fault = needIdFault(text);
  if (fault !== undefined) throw new Refused(fault);
  return text as NeedId;
}
