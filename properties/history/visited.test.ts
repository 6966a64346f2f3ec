// The memory of the search against a list that is looked through from the beginning.

import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Visited, type Configuration } from './visited.ts';

const SEED = 20;
const some = (most: number): fc.Arbitrary<number[]> => fc.uniqueArray(fc.nat(most), { maxLength: 4 }).map((ops) => ops.toSorted((a, b) => a - b));
const configuration: fc.Arbitrary<readonly [number, Configuration]> = fc.tuple(fc.nat(3), fc.record({ state: fc.nat(2), ahead: some(3), used: some(5) }));

const covers = ([event, one]: readonly [number, Configuration], [later, other]: readonly [number, Configuration]): boolean =>
  event === later && one.state === other.state && one.ahead.join() === other.ahead.join() && one.used.every((op) => other.used.includes(op));

describe('configurations that were met', () => {
  test('cover those that are equal but for more operations of unknown outcome, and no others', () => {
    let met = 0;
    fc.assert(
      fc.property(fc.array(configuration, { minLength: 200, maxLength: 200 }), (all) => {
        const visited = new Visited(1e6);
        const kept: (readonly [number, Configuration])[] = [];
        for (const one of all) {
          const expected = kept.some((before) => covers(before, one));
          if (expected) met++;
          else kept.push(one);
          expect(visited.meet(...one)).toBe(expected ? 'met' : 'new');
        }
      }),
      { numRuns: 60, seed: SEED },
    );
    expect(met).toBeGreaterThan(300);
  });

  test('are told apart in whatever number they come', () => {
    const visited = new Visited(1e8);
    const answers = (): string[] => {
      const found = new Set<string>();
      for (let event = 0; event < 100; event++) for (let state = 0; state < 40; state++) for (let op = 0; op < 20; op++) found.add(visited.meet(event, { state, ahead: [op], used: [] }));
      return [...found];
    };
    expect(answers()).toEqual(['new']);
    expect(answers()).toEqual(['met']);
  });

  test('end where their room ends', () => {
    const visited = new Visited(400_000);
    const answers = Array.from({ length: 20_000 }, (_, event) => visited.meet(event, { state: 1, ahead: [event], used: [] }));
    expect(answers.indexOf('full')).toBeGreaterThan(10_000);
    expect(answers.slice(answers.indexOf('full'))).not.toContain('new');
  });
});
