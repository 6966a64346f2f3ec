import fc from 'fast-check';
import { unpack } from 'msgpackr';
import { describe, expect, it } from 'vitest';
import { bucketOf, makeProposal } from '../decide/record.ts';
import { decideBody } from '../decide/command.ts';
import { eventCodec, type Event } from '../event.ts';
import { append, redirect, submit } from '../raft/message.ts';
import { applyCommand, makeEntry, noop } from '../raft/entry.ts';
import { clipped, decode, encode, Reader, Refused, Writer, type Codec } from './codec.ts';
import { groupId, nodeId, sessionId, type NeedId, type ProposalId } from './ids.ts';
import { Random } from './random.ts';

const uint: Codec<number> = { write: (w, v) => w.uint(v), read: (r) => r.uint() };
const int: Codec<number> = { write: (w, v) => w.int(v), read: (r) => r.int() };
const text: Codec<string> = { write: (w, v) => w.text(v), read: (r) => r.text(1 << 20) };
const binary: Codec<Uint8Array> = { write: (w, v) => w.binary(v), read: (r) => r.binary(1 << 20) };
const list: Codec<number[]> = { write: (w, v) => w.list(uint, v), read: (r) => r.list(uint, 1 << 20) };

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');
const bytes = (digits: string): Uint8Array => new Uint8Array(Buffer.from(digits, 'hex'));

/** Boundaries of every MessagePack integer form, from the specification's format overview. */
const FORMS: readonly (readonly [number, string])[] = [
  [0, '00'], [127, '7f'], [128, 'cc80'], [255, 'ccff'], [256, 'cd0100'], [65535, 'cdffff'], [65536, 'ce00010000'],
  [4294967295, 'ceffffffff'], [4294967296, 'cf0000000100000000'], [Number.MAX_SAFE_INTEGER, 'cf001fffffffffffff'],
  [-1, 'ff'], [-32, 'e0'], [-33, 'd0df'], [-128, 'd080'], [-129, 'd1ff7f'], [-32768, 'd18000'], [-32769, 'd2ffff7fff'],
  [-2147483648, 'd280000000'], [-2147483649, 'd3ffffffff7fffffff'], [Number.MIN_SAFE_INTEGER, 'd3ffe0000000000001'],
];

describe('the tuple codec', () => {
  it('writes integers in the one shortest MessagePack form, and reads it back', () => {
    for (const [value, form] of FORMS) {
      expect(hex(encode(int, value))).toBe(form);
      expect(decode(int, bytes(form))).toEqual({ ok: true, value });
    }
  });

  it('refuses every longer form of an integer', () => {
    for (const form of ['cc7f', 'cd00ff', 'ce0000ffff', 'cf00000000ffffffff', 'd07f', 'd0e0', 'd1ff80', 'd2ffff8000', 'd3ffffffff80000000', 'cf0020000000000000']) {
      expect(decode(int, bytes(form)).ok, form).toBe(false);
    }
  });

  it('refuses longer forms of text, bytes and lists, lengths beyond the input, and ill-formed text', () => {
    for (const form of ['d90161', 'da000161', 'db0000000161', 'a261', 'a1ff', 'a2c080', 'a3eda080', 'a4f4908080', 'c0', 'a2c3']) expect(decode(text, bytes(form)).ok, form).toBe(false);
    for (const form of ['c50001ff', 'c600000001ff', 'c402ff']) expect(decode(binary, bytes(form)).ok, form).toBe(false);
    for (const form of ['dc000101', 'dd0000000101', '9201', 'ddffffffff', 'dcffff']) expect(decode(list, bytes(form)).ok, form).toBe(false);
  });

  it('refuses trailing bytes, empty input and input above its limit, and says where', () => {
    expect(decode(uint, bytes('0100'))).toEqual({ ok: false, reason: '1 bytes too many', offset: 1 });
    expect(decode(uint, bytes(''))).toEqual({ ok: false, reason: 'ends too early', offset: 0 });
    expect(decode(text, encode(text, 'x'.repeat(100)), 50).ok).toBe(false);
  });

  it('clips text from outside to bytes, never within a character, and always to something that can be written', () => {
    expect(clipped('abc', 3)).toBe('abc');
    expect(clipped('abcd', 3)).toBe('abc');
    expect(clipped('äöü', 5)).toBe('äö');
    expect(clipped('a\u{1f600}b', 4)).toBe('a');
    expect(clipped('\ud800x', 9)).toBe('\ufffdx');
    fc.assert(fc.property(fc.string({ unit: 'binary', maxLength: 40 }), fc.nat(60), (value, most) => {
      const kept = clipped(value, most);
      const whole = value.toWellFormed();
      expect(encode(text, kept).length).toBeLessThanOrEqual(most + 5);
      expect(whole.startsWith(kept)).toBe(true);
      if (kept !== whole) expect(Buffer.byteLength(kept) + Buffer.byteLength(String.fromCodePoint(whole.slice(kept.length).codePointAt(0) as number))).toBeGreaterThan(most);
    }));
  });

  it('refuses to write what has no canonical form', () => {
    for (const value of [1.5, -1, NaN, 2 ** 53]) expect(() => encode(uint, value)).toThrow(Refused);
    expect(() => encode(text, '\ud800')).toThrow(Refused);
    expect(() => encode(text, 'a\udc00b')).toThrow(Refused);
  });

  it('is a subset of MessagePack: msgpackr reads what we write', () => {
    const value = fc.tuple(fc.maxSafeInteger(), fc.string({ unit: 'binary' }), fc.uint8Array({ maxLength: 300 }), fc.array(fc.maxSafeNat(), { maxLength: 40 }), fc.boolean());
    fc.assert(
      fc.property(value, ([i, s, b, l, flag]) => {
        const w = new Writer();
        w.array(6);
        w.int(i);
        w.text(s);
        w.binary(b);
        w.list(uint, l);
        w.bool(flag);
        w.nil();
        const [pi, ps, pb, pl, pflag, pnil] = unpack(w.bytes()) as [number | bigint, string, Uint8Array, (number | bigint)[], boolean, null];
        expect([Number(pi), ps, [...pb], pl.map(Number), pflag, pnil]).toEqual([i, s, [...b], l, flag, null]);
        const r = new Reader(w.bytes());
        r.tuple(6);
        expect([r.int(), r.text(9999), [...r.binary(9999)], r.list(uint, 99), r.bool(), r.isNil(), r.done]).toEqual([i, s, [...b], l, flag, true, true]);
      }),
    );
  });

  it('decodes a million mutated events to a value that re-encodes to the same bytes, or refuses them', () => {
    const random = Random.of(1, 'mutated events');
    const samples = sampleEvents().map((event) => encode(eventCodec, event));
    let accepted = 0;
    for (let i = 0; i < 1_000_000; i++) {
      const mutated = mutate(random, samples[i % samples.length] as Uint8Array);
      const decoded = decode(eventCodec, mutated);
      if (!decoded.ok) continue;
      accepted++;
      if (hex(encode(eventCodec, decoded.value)) !== hex(mutated)) throw new Error(`two forms of one event: ${hex(mutated)}`);
    }
    expect(accepted).toBeGreaterThan(10_000);
  }, 120_000);
});

function sampleEvents(): Event[] {
  const need = '3/need-17' as NeedId;
  const proposal = makeProposal(need, bucketOf(need), 'proposal-ä' as ProposalId, nodeId(2), 1, 1_790_000_000_000_000);
  const body = decideBody(proposal);
  const entries = [makeEntry(4, noop), makeEntry(4, applyCommand(sessionId(9), 12, 11, body))];
  const causes: Event['cause'][] = [
    { kind: 'message', from: nodeId(1), incarnation: 2, sent: 77, message: append(groupId(3), 4, 300, 4, entries, 299, 5) },
    { kind: 'message', from: nodeId(3), incarnation: 1, sent: 70_000, message: submit(groupId(0), sessionId(9), 12, 11, body) },
    { kind: 'message', from: nodeId(3), incarnation: 1, sent: 5, message: redirect(groupId(0), 'notLeader', nodeId(2), 'submit', 12) },
    { kind: 'request', request: { client: 5, number: 600 }, operation: { kind: 'decide', need, bucket: 4, proposal: 'p' as ProposalId, kPlan: 1 } },
    { kind: 'outcome', sequence: 4, index: 0, outcome: { kind: 'ok', answer: { service: 'gpu', devices: [{ id: 'GPU-0', memoryMb: 24_000, usedMb: 17 }] } } },
    { kind: 'parentHead', number: 4, hash: 'ab', parent: 'cd' },
    { kind: 'deadline' },
    { kind: 'recovered', incarnation: 3, tag: 4_000_000_000, reborn: false },
  ];
  return causes.map((cause, i) => ({ sequence: 1000 + i, at: 1_234_567_890 + i, wall: 1_790_000_000_000_000, cause }));
}

/** Flips, sets, cuts, inserts or doubles a little. */
function mutate(random: Random, sample: Uint8Array): Uint8Array {
  const place = random.below(sample.length);
  switch (random.below(5)) {
    case 0:
      return sample.slice(0, place);
    case 1: {
      const out = new Uint8Array(sample.length + 1);
      out.set(sample.subarray(0, place));
      out[place] = random.below(256);
      out.set(sample.subarray(place), place + 1);
      return out;
    }
    case 2: {
      const out = sample.slice();
      out[place] = random.below(256);
      return out;
    }
    default: {
      const out = sample.slice();
      out[place] = (out[place] as number) ^ (1 << random.below(8));
      if (random.below(2) === 0) out[random.below(out.length)] = random.below(256);
      return out;
    }
  }
}
