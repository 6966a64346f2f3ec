// What the kernel relies on the parent chain's port for.

import { decode, encode } from '../../kernel/base/codec.ts';
import { eventCodec } from '../../kernel/event.ts';
import type { Chain, ParentHead } from '../ports.ts';
import { expect, expectSame, type Claim } from './contract.ts';

/** A chain with some final blocks, and one node that has not begun to follow it. */
export interface ChainSubject {
  readonly chain: Chain;
  readonly reported: readonly ParentHead[];
  /** More blocks become final. */
  finalise(blocks: number): Promise<void>;
  /** Waits until the newest final head was reported, or cannot be. */
  settle(): Promise<void>;
  outage(out: boolean): Promise<void>;
}

/** Each head follows the one before. */
function expectChain(heads: readonly ParentHead[]): void {
  for (let i = 1; i < heads.length; i++) {
    const [before, head] = [heads[i - 1] as ParentHead, heads[i] as ParentHead];
    expectSame([head.number, head.parent], [before.number + 1, before.hash], `the head after ${before.number}`);
  }
}

export const chainContract: readonly Claim<ChainSubject>[] = [
  {
    claim: 'nothing is reported inside follow; then the newest final head is',
    async check(subject) {
      subject.chain.follow();
      expectSame(subject.reported.length, 0, 'heads before follow has returned');
      await subject.settle();
      expect(subject.reported.length > 0, 'a head was reported');
    },
  },
  {
    claim: 'final heads come in order, each once, none skipped, each naming the one before',
    async check(subject) {
      subject.chain.follow();
      await subject.settle();
      const before = subject.reported.length;
      for (const blocks of [1, 2, 25]) {
        await subject.finalise(blocks);
        await subject.settle();
      }
      expectSame(subject.reported.length, before + 28, 'heads');
      expectChain(subject.reported);
    },
  },
  {
    claim: 'the heads of an outage are made up for',
    async check(subject) {
      subject.chain.follow();
      await subject.settle();
      const before = subject.reported.length;
      await subject.outage(true);
      await subject.finalise(10);
      await subject.settle();
      expectSame(subject.reported.length, before, 'heads during the outage');
      await subject.outage(false);
      await subject.finalise(1);
      await subject.settle();
      expectSame(subject.reported.length, before + 11, 'heads after it');
      expectChain(subject.reported);
    },
  },
  {
    claim: 'every head can be journalled, and reads back the same',
    async check(subject) {
      subject.chain.follow();
      await subject.settle();
      for (const head of subject.reported) {
        const event = { sequence: 1, at: 1, wall: 1, cause: { kind: 'parentHead', ...head } } as const;
        expectSame(decode(eventCodec, encode(eventCodec, event)), { ok: true, value: event }, 'the event read back');
      }
    },
  },
];
