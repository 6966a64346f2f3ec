import { describe, expect, it } from 'vitest';
import { decode, encode } from '../base/codec.ts';
import { Random } from '../base/random.ts';
import { Seen, seenImageCodec } from './seen.ts';

const through = (seen: Seen, senders: number, window: number): Seen => {
  const decoded = decode(seenImageCodec, encode(seenImageCodec, seen.image()), 1 << 24);
  if (!decoded.ok) throw new Error(decoded.reason);
  const other = new Seen({ senders, window });
  other.restore(decoded.value);
  expect(other.image()).toEqual(seen.image());
  return other;
};

describe('the memory of envelopes', () => {
  it('takes nothing twice, however little it holds, and whatever comes in which order; also over restarts', () => {
    for (let seed = 1; seed <= 30; seed++) {
      const random = Random.of(seed, 'seen');
      const [senders, window] = [random.between(1, 6), random.between(1, 6)];
      let seen = new Seen({ senders, window });
      const accepted = new Set<string>();
      const spoken = new Set<string>();
      let clock = 1;
      for (let i = 0; i < 3_000; i++) {
        clock += random.below(2);
        const sender = `sender-${random.below(10)}`;
        const lamport = Math.max(1, clock - random.below(random.pick([2, 20, 200])));
        const id = `${sender}/${lamport}/${random.below(2)}`;
        const fault = seen.fault(sender, lamport, id);
        if (fault === undefined) {
          expect(accepted.has(id)).toBe(false);
          expect(spoken.has(`${sender}/${lamport}`)).toBe(false);
          accepted.add(id);
          spoken.add(`${sender}/${lamport}`);
          seen.add(sender, lamport, id);
        } else if (fault === 'duplicate') expect(accepted.has(id)).toBe(true);
        else if (fault === 'equivocation') expect(spoken.has(`${sender}/${lamport}`)).toBe(true);
        expect(seen.size.senders).toBeLessThanOrEqual(senders);
        expect(seen.size.envelopes).toBeLessThanOrEqual(senders * window);
        if (random.below(200) === 0) seen = through(seen, senders, window);
      }
      expect(accepted.size).toBeGreaterThan(50);
    }
  }, 120_000);

  it('takes what comes late within the window, and says why it does not take the rest', () => {
    const seen = new Seen({ senders: 2, window: 3 });
    for (const lamport of [10, 30, 20]) seen.add('a', lamport, `a${lamport}`);
    expect(seen.fault('a', 20, 'a20')).toBe('duplicate');
    expect(seen.fault('a', 20, 'other')).toBe('equivocation');
    expect(seen.fault('a', 5, 'a5')).toBeUndefined();
    seen.add('a', 40, 'a40');
    expect(seen.fault('a', 10, 'a10')).toBe('replayed');
    expect(seen.fault('a', 15, 'a15')).toBeUndefined();
    seen.add('b', 7, 'b7');
    seen.add('c', 50, 'c50');
    // b, whose last word is oldest, was forgotten.
    expect(seen.fault('b', 7, 'b7')).toBe('unknownAndOld');
    expect(seen.fault('d', 7, 'd7')).toBe('unknownAndOld');
    expect(seen.fault('b', 8, 'b8')).toBeUndefined();
  });
});
