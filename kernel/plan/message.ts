// What replicas of the plan say to each other. Nothing of it is remembered by the sender: every answer is made from what the
// other one says it has, so an exchange that breaks off goes on with the next vector, after any crash on either side.

import { Refused, type Codec, type Reader, type Writer } from '../base/codec.ts';
import { finish, hashText, mix, mixUint } from '../base/digest.ts';
import { batchCodec, isGone, type Entry } from './batch.ts';
import type { IdSum } from './log.ts';
import { hashOp, MAX_SEQ, readName } from './op.ts';
import type { Seen, Vector } from './plan.ts';

/** "This is what I have: send what I lack." `asks`: "and say what you have." */
export interface PlanVector {
  readonly kind: 'planVector';
  readonly vector: Vector;
  readonly asks: boolean;
  readonly hash: number;
}

/** `more`: there was no room for all; say again what you have. */
export interface PlanOps {
  readonly kind: 'planOps';
  readonly entries: readonly Entry[];
  readonly more: boolean;
  readonly hash: number;
}

/** "We believe different contents of this author: this is what I have, by blocks from `first`, as far as they are whole." */
export interface PlanBlocks {
  readonly kind: 'planBlocks';
  readonly actor: string;
  readonly first: number;
  readonly sums: readonly IdSum[];
  readonly asks: boolean;
  readonly hash: number;
}

export type PlanMessage = PlanVector | PlanOps | PlanBlocks;

/** What one message carries at most, in bytes of its entries: an event has 16 KiB. */
export const MAX_OPS_BYTES: number = 12 * 1024;
export const MAX_ACTORS = 128;
export const MAX_SUMS = 512;

const WORD = 0xffffffff;

export function planVector(vector: Vector, asks: boolean): PlanVector {
  let h = mix(31, asks ? 1 : 0);
  for (const seen of vector) h = mix(mix(mixUint(mix(h, hashText(seen.actor)), seen.seq), seen.high | 0), seen.low | 0);
  return { kind: 'planVector', vector, asks, hash: finish(h) };
}

export function planOps(entries: readonly Entry[], more: boolean): PlanOps {
  let h = mix(32, more ? 1 : 0);
  for (const entry of entries) h = mix(h, isGone(entry) ? mixUint(hashText(entry.id), entry.seq) : hashOp(entry));
  return { kind: 'planOps', entries, more, hash: finish(h) };
}

export function planBlocks(actor: string, first: number, sums: readonly IdSum[], asks: boolean): PlanBlocks {
  let h = mixUint(mix(mix(33, asks ? 1 : 0), hashText(actor)), first);
  for (const sum of sums) h = mix(mix(h, sum.high | 0), sum.low | 0);
  return { kind: 'planBlocks', actor, first, sums, asks, hash: finish(h) };
}

const seenCodec: Codec<Seen> = {
  write(w: Writer, seen: Seen): void {
    w.array(4);
    w.text(seen.actor);
    w.uint(seen.seq);
    w.uint(seen.high);
    w.uint(seen.low);
  },
  read(r: Reader): Seen {
    r.tuple(4);
    return { actor: readName(r), seq: r.uint(MAX_SEQ), high: r.uint(WORD), low: r.uint(WORD) };
  },
};

const sumCodec: Codec<IdSum> = {
  write(w: Writer, sum: IdSum): void {
    w.array(2);
    w.uint(sum.high);
    w.uint(sum.low);
  },
  read(r: Reader): IdSum {
    r.tuple(2);
    return { high: r.uint(WORD), low: r.uint(WORD) };
  },
};

const TAGS = ['planVector', 'planOps', 'planBlocks'] as const;

export const planMessageCodec: Codec<PlanMessage> = {
  write(w: Writer, m: PlanMessage): void {
    w.array(m.kind === 'planBlocks' ? 5 : 3);
    w.uint(TAGS.indexOf(m.kind));
    switch (m.kind) {
      case 'planVector':
        w.list(seenCodec, m.vector);
        return w.bool(m.asks);
      case 'planOps':
        batchCodec.write(w, m.entries);
        return w.bool(m.more);
      case 'planBlocks':
        w.text(m.actor);
        w.uint(m.first);
        w.list(sumCodec, m.sums);
        return w.bool(m.asks);
    }
  },
  read(r: Reader): PlanMessage {
    const fields = r.array(5);
    const tag = r.uint(2);
    if (fields !== (tag === 2 ? 5 : 3)) throw new Refused(`a "${TAGS[tag]}" of another length`);
    if (tag === 0) return planVector(r.list(seenCodec, MAX_ACTORS), r.bool());
    if (tag === 1) return planOps(batchCodec.read(r), r.bool());
    return planBlocks(readName(r), r.uint(MAX_SEQ), r.list(sumCodec, MAX_SUMS), r.bool());
  },
};
