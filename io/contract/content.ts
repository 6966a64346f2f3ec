// What the kernel relies on a content store for: what was put can be read again chunk by chunk, or the store says that it is
// missing or damaged; one content of each owner; no more bytes than there is room for.

import { CHUNK_BYTES, type Content, type ContentAnswer, type ContentRequest } from '../../kernel/content.ts';
import { sha256 } from '../../kernel/base/hash.ts';
import type { ServiceOutcome } from '../../kernel/event.ts';
import type { ContentStore } from '../ports.ts';
import { expect, expectSame, type Claim } from './contract.ts';

/** The room that a subject has. */
export const CONTRACT_BYTES: number = 256 * 1024;

export interface ContentSubject {
  readonly store: ContentStore;
  /** What was answered, in order. */
  readonly answers: readonly { readonly sequence: number; readonly index: number; readonly outcome: ServiceOutcome }[];
  /** Waits until what will be answered has been. */
  settle(): Promise<void>;
  /** The process ends and another one begins with what is on the disk. */
  restart(): Promise<void>;
  /** A bit of what is kept flips. */
  damage(content: string): void;
}

/** Bytes that look like nothing, of any length. */
export function bytesOf(length: number, seed: number): Uint8Array {
  let state = seed;
  return Uint8Array.from({ length }, () => (state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0) >>> 24);
}

export const contentOf = (bytes: Uint8Array): Content => ({ hash: 1, bytes: () => bytes });
const put = (owner: number, bytes: Uint8Array): ContentRequest => ({ service: 'content', ask: 'put', owner, content: contentOf(bytes) });
const get = (content: string, offset: number): ContentRequest => ({ service: 'content', ask: 'get', content, offset });
const has = (content: string): ContentRequest => ({ service: 'content', ask: 'has', content });
const drop = (owner: number): ContentRequest => ({ service: 'content', ask: 'drop', owner });

/** Asks all of it at once. */
async function outcomesOf(subject: ContentSubject, ...requests: readonly ContentRequest[]): Promise<readonly ServiceOutcome[]> {
  const before = subject.answers.length;
  requests.forEach((request, place) => subject.store.call(70 + place, place, request));
  await subject.settle();
  const answers = subject.answers.slice(before);
  expectSame(answers.map(({ sequence, index }) => [sequence, index]).sort((a, b) => (a[1] as number) - (b[1] as number)), requests.map((_, place) => [70 + place, place]), 'the effects that are named, once each');
  return requests.map((_, place) => (answers.find((answer) => answer.index === place) as (typeof answers)[number]).outcome);
}

async function answerTo(subject: ContentSubject, request: ContentRequest): Promise<ContentAnswer> {
  const [outcome] = await outcomesOf(subject, request);
  expect(outcome?.kind === 'ok' && outcome.answer.service === 'content', `${request.ask} is answered: ${JSON.stringify(outcome)}`);
  return outcome.answer;
}

async function stored(subject: ContentSubject, owner: number, bytes: Uint8Array): Promise<string> {
  const answer = await answerTo(subject, put(owner, bytes));
  expectSame(answer, { service: 'content', is: 'stored', content: sha256(bytes), length: bytes.length }, 'what was stored');
  return sha256(bytes);
}

async function readBack(subject: ContentSubject, content: string, bytes: Uint8Array): Promise<void> {
  expectSame(await answerTo(subject, has(content)), { service: 'content', is: 'held', length: bytes.length }, 'what is held');
  for (let offset = 0; offset < bytes.length; offset += CHUNK_BYTES) {
    const answer = await answerTo(subject, get(content, offset));
    expect(answer.is === 'chunk', `a chunk at ${offset}: ${JSON.stringify(answer)}`);
    expectSame(sha256(answer.bytes), sha256(bytes.slice(offset, offset + CHUNK_BYTES)), `the chunk at ${offset}`);
  }
}

const absent = (why: 'missing' | 'damaged'): ContentAnswer => ({ service: 'content', is: 'absent', why });

export const contentContract: readonly Claim<ContentSubject>[] = [
  {
    claim: 'nothing is answered inside call',
    async check(subject) {
      subject.store.call(1, 0, put(1, bytesOf(10, 1)));
      expectSame(subject.answers.length, 0, 'answers before call returned');
      await subject.settle();
      expectSame(subject.answers.length, 1, 'answers');
    },
  },
  {
    claim: 'what was put is read back chunk by chunk, whatever its length',
    async check(subject) {
      for (const length of [1, CHUNK_BYTES - 1, CHUNK_BYTES, CHUNK_BYTES + 1, 3 * CHUNK_BYTES, 50_000]) {
        const bytes = bytesOf(length, length);
        await readBack(subject, await stored(subject, 1, bytes), bytes);
      }
    },
  },
  {
    claim: 'what an owner puts takes the place of what it put before, and of nothing else',
    async check(subject) {
      const [first, second, other] = [bytesOf(20_000, 1), bytesOf(30_000, 2), bytesOf(15_000, 3)];
      await stored(subject, 1, first);
      await stored(subject, 2, other);
      await stored(subject, 1, second);
      expectSame(await answerTo(subject, get(sha256(first), 0)), absent('missing'), 'the first content of the owner');
      await readBack(subject, sha256(second), second);
      await readBack(subject, sha256(other), other);
    },
  },
  {
    claim: 'the same content of two owners goes with the last of them',
    async check(subject) {
      const bytes = bytesOf(14_000, 4);
      const content = await stored(subject, 1, bytes);
      await stored(subject, 2, bytes);
      await answerTo(subject, drop(1));
      await readBack(subject, content, bytes);
      await answerTo(subject, drop(2));
      expectSame(await answerTo(subject, has(content)), absent('missing'), 'after both have dropped it');
    },
  },
  {
    claim: 'what was dropped, or never put, is missing; dropping twice is dropping once',
    async check(subject) {
      const content = await stored(subject, 7, bytesOf(100, 5));
      for (let times = 0; times < 2; times++) expectSame(await answerTo(subject, drop(7)), { service: 'content', is: 'dropped' }, 'the answer');
      for (const name of [content, sha256('never')]) {
        expectSame(await answerTo(subject, has(name)), absent('missing'), 'whether it is held');
        expectSame(await answerTo(subject, get(name, 0)), absent('missing'), 'its first chunk');
      }
    },
  },
  {
    claim: 'a chunk begins where a chunk begins; anything else fails',
    async check(subject) {
      const content = await stored(subject, 1, bytesOf(2 * CHUNK_BYTES, 6));
      const outcomes = await outcomesOf(subject, get(content, 1), get(content, CHUNK_BYTES + 1), get(content, 2 * CHUNK_BYTES), get(content, 8 * CHUNK_BYTES));
      expectSame(outcomes.map((outcome) => outcome.kind), ['failed', 'failed', 'failed', 'failed'], 'chunks that there are not');
    },
  },
  {
    claim: 'what is empty, or more than there is room for, is not stored, and what was there stays',
    async check(subject) {
      const kept = bytesOf(CONTRACT_BYTES / 2, 7);
      const content = await stored(subject, 1, kept);
      const outcomes = await outcomesOf(subject, put(2, new Uint8Array(0)), put(2, bytesOf(CONTRACT_BYTES / 2 + 1, 8)), put(1, bytesOf(CONTRACT_BYTES + 1, 9)));
      expectSame(outcomes.map((outcome) => outcome.kind), ['failed', 'failed', 'failed'], 'contents that have no room');
      await readBack(subject, content, kept);
      // In place of its own there is room again.
      await stored(subject, 1, bytesOf(CONTRACT_BYTES, 10));
    },
  },
  {
    claim: 'requests are handled in the order in which they come',
    async check(subject) {
      const [first, second] = [bytesOf(40_000, 11), bytesOf(200, 12)];
      const outcomes = await outcomesOf(
        subject, put(1, first), get(sha256(first), CHUNK_BYTES), put(1, second), get(sha256(first), 0), get(sha256(second), 0), drop(1), has(sha256(second)), put(1, first), has(sha256(first)),
      );
      const said = outcomes.map((outcome) => (outcome.kind === 'ok' && outcome.answer.service === 'content' ? outcome.answer.is : outcome.kind));
      expectSame(said, ['stored', 'chunk', 'stored', 'absent', 'chunk', 'dropped', 'absent', 'stored', 'held'], 'answers');
    },
  },
  {
    claim: 'what was stored outlives the process',
    async check(subject) {
      const [bytes, other] = [bytesOf(50_000, 13), bytesOf(1_000, 14)];
      await stored(subject, 1, bytesOf(30_000, 15));
      await stored(subject, 1, bytes);
      await stored(subject, 0xffff, other);
      await subject.restart();
      await readBack(subject, sha256(bytes), bytes);
      await readBack(subject, sha256(other), other);
      expectSame(await answerTo(subject, has(sha256(bytesOf(30_000, 15)))), absent('missing'), 'what had been replaced');
      expectSame((await outcomesOf(subject, put(2, bytesOf(CONTRACT_BYTES - 50_999, 16))))[0]?.kind, 'failed', 'one more than there is room for');
    },
  },
  {
    claim: 'a damaged content is not read, and is whole again once it is put again',
    async check(subject) {
      const [bytes, other] = [bytesOf(CHUNK_BYTES, 17), bytesOf(CHUNK_BYTES, 18)];
      const content = await stored(subject, 1, bytes);
      await stored(subject, 2, other);
      await readBack(subject, content, bytes);
      subject.damage(content);
      expectSame(await answerTo(subject, get(content, 0)), absent('damaged'), 'its chunk');
      await readBack(subject, sha256(other), other);
      await stored(subject, 1, bytes);
      await readBack(subject, content, bytes);
    },
  },
];
