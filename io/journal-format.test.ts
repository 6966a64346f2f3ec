import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Random } from '../kernel/base/random.ts';
import { nodeId, type NeedId, type ProposalId } from '../kernel/base/ids.ts';
import type { Cause, Event } from '../kernel/event.ts';
import { BatchChunk, HeaderChunk, type Link } from './journal-chunks.ts';
import { concat, crc32c, get64, getHex, put64, putHex } from './journal-bytes.ts';
import { parseBatch, segmentFile, segmentOf, snapshotFile, snapshotOf, unwrapRecord, WATERMARK_MAGIC, wrapRecord, type BatchContent } from './journal-format.ts';
import { watermarkCodec } from './journal-records.ts';
import { SegmentCursor } from './journal-segment.ts';
import { rawChunk } from './testing/memory-disk.ts';

const batchOf = (content: BatchContent, weight: number, previous: Link | undefined): BatchChunk =>
  new BatchChunk(content.ordinal, content.events, content.high, content.low, content.poisoned, weight, previous);

const ascii = (text: string): Uint8Array => new TextEncoder().encode(text);

const START = { network: 'n', self: nodeId(1), version: 'v', engine: 'e', after: { sequence: 0, ordinal: 0, high: 1, low: 2 } };

const causes: fc.Arbitrary<Cause> = fc.oneof(
  fc.constant<Cause>({ kind: 'deadline' }),
  fc.record({ kind: fc.constant('recovered' as const), incarnation: fc.nat(), tag: fc.maxSafeNat(), reborn: fc.boolean() }),
  fc.record({ kind: fc.constant('parentHead' as const), number: fc.nat(), hash: fc.string({ maxLength: 20 }), parent: fc.string({ maxLength: 20 }) }),
  fc.record({
    kind: fc.constant('request' as const), request: fc.record({ client: fc.nat(), number: fc.nat() }),
    operation: fc.nat(255).map((bucket) => ({ kind: 'decide' as const, need: `0/n${bucket}` as NeedId, bucket, proposal: 'p' as ProposalId, kPlan: 3 })),
  }),
);

/** Batches as a journal makes them: numbered, and chained to a header. */
const chains: fc.Arbitrary<readonly BatchChunk[]> = fc.array(fc.array(causes, { minLength: 1, maxLength: 5 }), { minLength: 1, maxLength: 8 }).map((batches) => {
  let sequence = 0;
  let link: Link = new HeaderChunk(START);
  return batches.map((list, i) => {
    const events: Event[] = list.map((cause) => ({ sequence: ++sequence, at: sequence * 10, wall: 5, cause }));
    const batch: BatchChunk = batchOf({ ordinal: i + 1, events, high: sequence | 0, low: -sequence, poisoned: false }, 0, link);
    link = batch;
    return batch;
  });
});

describe('bytes', () => {
  test('CRC-32C agrees with the published vectors', () => {
    expect(crc32c(ascii('123456789'), 0, 9)).toBe(0xe3069283);
    expect(crc32c(new Uint8Array(32), 0, 32)).toBe(0x8a9136aa);
    expect(crc32c(new Uint8Array(32).fill(0xff), 0, 32)).toBe(0x62a8ab43);
    expect(crc32c(Uint8Array.from({ length: 32 }, (_, i) => i), 0, 32)).toBe(0x46dd794e);
  });

  test('integers and hashes come back as they were put', () => {
    fc.assert(
      fc.property(fc.maxSafeNat(), fc.uint8Array({ minLength: 1, maxLength: 40 }), (value, bytes) => {
        const room = new Uint8Array(64);
        put64(room, 3, value);
        expect(get64(room, 3)).toBe(value);
        putHex(room, 11, getHex(bytes, 0, bytes.length));
        expect(room.slice(11, 11 + bytes.length)).toEqual(bytes);
      }),
    );
  });
});

describe('files', () => {
  test('names tell the number, and nothing else is taken for one', () => {
    expect(segmentOf(segmentFile(42))).toBe(42);
    expect(snapshotOf(snapshotFile(Number.MAX_SAFE_INTEGER))).toBe(Number.MAX_SAFE_INTEGER);
    for (const other of ['journal-1.log', 'journal-0000000000000001.log.new', 'snapshot-', 'lock', 'xjournal-0000000000000001.log']) {
      expect(segmentOf(other)).toBeUndefined();
      expect(snapshotOf(other)).toBeUndefined();
    }
  });

  test('a record of another format is told apart from a damaged one', () => {
    const bytes = wrapRecord(WATERMARK_MAGIC, watermarkCodec, { sequence: 7, ordinal: 3, hash: 'ab' });
    expect(unwrapRecord(WATERMARK_MAGIC, watermarkCodec, bytes, 0)).toMatchObject({ ok: true, value: { sequence: 7, ordinal: 3, hash: 'ab' } });
    bytes[9] = 1;
    expect(unwrapRecord(WATERMARK_MAGIC, watermarkCodec, bytes, 0)).toMatchObject({ ok: false, foreign: false });
  });
});

describe('batches', () => {
  test('what is written is read back, with the same hash, wherever the disk cuts the bytes', () => {
    fc.assert(
      fc.property(chains, fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { maxLength: 6 }), (chain, cuts) => {
        const whole = concat([new HeaderChunk(START).bytes(), ...chain.map((batch) => batch.bytes())]);
        const places = [0, ...cuts.map((cut) => Math.floor(cut * whole.length)).sort((a, b) => a - b), whole.length];
        const cursor = new SegmentCursor(places.slice(1).map((end, i) => rawChunk(whole.slice(places[i], end))));
        expect(cursor.header()).toMatchObject({ ok: true, header: { head: START } });
        let link: Link = new HeaderChunk(START);
        for (const batch of chain) {
          const found = cursor.peek(link);
          if (found.kind !== 'batch') throw new Error(`no batch: ${found.kind}`);
          expect(found.batch.events).toEqual(batch.events);
          expect([found.batch.ordinal, found.batch.high, found.batch.low, found.batch.hash]).toEqual([batch.ordinal, batch.high, batch.low, batch.hash]);
          expect(found.batch.follows(link)).toBe(true);
          link = found.batch;
          cursor.accept();
        }
        expect(cursor.peek(link)).toEqual({ kind: 'end' });
        expect(cursor.before).toBe(whole.length);
      }),
    );
  });

  test('a hash asked for late is the hash of every batch made in order', () => {
    fc.assert(
      fc.property(chains, fc.infiniteStream(fc.nat(7)), (chain, order) => {
        for (const i of order.take(12)) expect((chain[i % chain.length] as BatchChunk).hash).toHaveLength(64);
        let link: Link = new HeaderChunk(START);
        for (const batch of chain) {
          const again: BatchChunk = batchOf(batch, 0, link);
          expect(batch.hash).toBe(parsedHash(again.bytes()));
          link = again;
        }
      }),
    );
  });

  test('a chain of a twenty thousand batches needs no deep stack', () => {
    let link: Link = new HeaderChunk(START);
    for (let i = 1; i <= 20_000; i++) link = batchOf({ ordinal: i, events: [{ sequence: i, at: i, wall: 0, cause: { kind: 'deadline' } }], high: 0, low: 0, poisoned: false }, 0, link);
    expect(link.hash).toMatch(/^[0-9a-f]{64}$/);
  });

  test('any flipped bit of a batch is found', () => {
    const events: Event[] = [1, 2, 3].map((sequence) => ({ sequence, at: sequence, wall: 9, cause: { kind: 'parentHead', number: sequence, hash: 'h', parent: 'p' } }));
    const bytes = batchOf({ ordinal: 1, events, high: 5, low: 6, poisoned: false }, 0, new HeaderChunk(START)).bytes();
    for (let bit = 0; bit < bytes.length * 8; bit++) {
      const damaged = bytes.slice();
      damaged[bit >> 3] = (damaged[bit >> 3] as number) ^ (1 << (bit & 7));
      expect(parseBatch(damaged, 0).ok).toBe(false);
    }
  });

  test('bytes of any kind are refused with a reason, and never throw', () => {
    const random = Random.of(1, 'rubbish');
    const good = batchOf({ ordinal: 1, events: [{ sequence: 1, at: 0, wall: 0, cause: { kind: 'deadline' } }], high: 0, low: 0, poisoned: false }, 0, new HeaderChunk(START)).bytes();
    for (let i = 0; i < 20_000; i++) {
      const bytes = good.slice(0, random.below(good.length + 1));
      for (let k = random.below(4); k > 0; k--) bytes[random.below(bytes.length)] = random.below(256);
      const parsed = parseBatch(bytes, random.below(8) === 0 ? random.below(64) : 0);
      if (!parsed.ok) expect(parsed.reason.length).toBeGreaterThan(0);
    }
  });
});

function parsedHash(bytes: Uint8Array): string {
  const parsed = parseBatch(bytes, 0);
  if (!parsed.ok) throw new Error(parsed.reason);
  return parsed.hash;
}
