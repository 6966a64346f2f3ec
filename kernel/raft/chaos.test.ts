import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Random } from '../base/random.ts';
import { Chaos, type Move } from './testing/chaos.ts';

const move = fc.tuple(fc.nat(999), fc.nat(1 << 20));

function* drawn(seed: number, count: number): Generator<Move> {
  const random = Random.of(seed, 'chaos');
  for (let i = 0; i < count; i++) yield [random.below(1_000), random.below(1 << 20)];
}

describe('whatever the network, the disks, the clocks and the clients do', () => {
  test('a group is safe, and decides once it is healed', () => {
    fc.assert(
      fc.property(fc.constantFrom(1, 2, 3, 5), fc.nat(1 << 20), fc.array(move, { minLength: 50, maxLength: 800, size: 'max' }), (size, seed, moves) => {
        const chaos = new Chaos(size, seed);
        chaos.play(moves);
        chaos.heal();
      }),
      { numRuns: 80, seed: 1, interruptAfterTimeLimit: 20_000 },
    );
  });

  test('long runs stay safe, and reach snapshots, expired sessions, reads and many changes of leader', () => {
    const total: Record<string, number> = {};
    for (let seed = 1; seed <= 40; seed++) {
      const chaos = new Chaos(seed % 3 === 0 ? 5 : 3, seed);
      chaos.play(drawn(seed, 4_000));
      chaos.heal();
      for (const [what, count] of Object.entries(chaos.judge.counts)) total[what] = (total[what] ?? 0) + count;
    }
    const least = { leaders: 100, commits: 3_000, submits: 3_000, reads: 500, snapshots: 3, expired: 200, compared: 500 };
    for (const [what, count] of Object.entries(least)) expect(total[what], what).toBeGreaterThan(count);
  });
});
