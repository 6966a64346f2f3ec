import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Random } from './random.ts';

/** sfc32 as PractRand 0.95 defines it, in BigInt words: another way to compute the same stream. */
function* reference(state: readonly [number, number, number, number]): Generator<number> {
  const word = (x: bigint): bigint => BigInt.asUintN(32, x);
  let [a, b, c, counter] = state.map((x) => word(BigInt(x))) as [bigint, bigint, bigint, bigint];
  for (;;) {
    const out = word(a + b + counter);
    counter = word(counter + 1n);
    a = b ^ (b >> 9n);
    b = word(c + (c << 3n));
    c = word(((c << 21n) | (c >> 11n)) + out);
    yield Number(out);
  }
}

describe('random streams', () => {
  it('are sfc32', () => {
    fc.assert(
      fc.property(fc.tuple(fc.integer(), fc.integer(), fc.integer(), fc.integer()), (state) => {
        const random = new Random(state);
        const other = reference(state);
        for (let i = 0; i < 50; i++) expect(random.word() >>> 0).toBe(other.next().value);
      }),
    );
  });

  it('are the same for the same seed and labels, and share no prefix otherwise', () => {
    const start = (seed: number, ...labels: (string | number)[]): string => {
      const random = Random.of(seed, ...labels);
      return [random.word(), random.word(), random.word()].join();
    };
    expect(start(1, 'link', 2, 3)).toBe(start(1, 'link', 2, 3));
    const different = [start(1, 'link', 2, 3), start(1, 'link', 3, 2), start(2, 'link', 2, 3), start(1, 'link', 23), start(1, 'lin', 'k', 2, 3), start(2 ** 40 + 1, 'link', 2, 3)];
    expect(new Set(different).size).toBe(different.length);
  });

  it('draw uniformly: chi squared over 64 cells stays below its 1-in-a-million bound', () => {
    for (const seed of [1, 2, 3, 4, 5]) {
      const random = Random.of(seed, 'uniform');
      const cells = Array.from({ length: 64 }, () => 0);
      for (let i = 0; i < 64_000; i++) {
        const cell = random.below(64);
        cells[cell] = (cells[cell] as number) + 1;
      }
      const chi = cells.reduce((sum, n) => sum + (n - 1000) * (n - 1000) / 1000, 0);
      expect(chi).toBeLessThan(131);
    }
  });

  it('draw nothing for a forced choice', () => {
    const random = Random.of(9, 'forced');
    const before = random.state;
    random.below(1);
    random.chance(0);
    random.chance(1_000_000);
    random.pick(['only']);
    expect(random.state).toEqual(before);
  });

  it('go on from a saved state', () => {
    const random = Random.of(3, 'saved');
    random.word();
    const copy = new Random(random.state);
    expect([copy.word(), copy.below(10)]).toEqual([random.word(), random.below(10)]);
  });
});
