import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Deadlines } from './deadlines.ts';
import { NEVER } from './time.ts';

const SLOTS = 9;

describe('deadlines', () => {
  it('come out ordered by (due, slot), one for each slot: the same as sorting a list', () => {
    const command = fc.tuple(fc.nat(SLOTS - 1), fc.oneof(fc.nat(50), fc.constant(NEVER)), fc.boolean());
    fc.assert(
      fc.property(fc.array(command, { maxLength: 200 }), (commands) => {
        const deadlines = new Deadlines(SLOTS);
        const model = new Map<number, number>();
        for (const [slot, due, take] of commands) {
          deadlines.set(slot, due);
          if (due === NEVER) model.delete(slot);
          else model.set(slot, due);
          const sorted = [...model].sort(([a, x], [b, y]) => x - y || a - b);
          expect(deadlines.next).toBe(sorted[0]?.[1] ?? NEVER);
          if (take && sorted.length > 0) {
            expect(deadlines.take(NEVER)).toBe(sorted[0]?.[0]);
            model.delete(sorted[0]?.[0] as number);
          }
          const copy = new Deadlines(SLOTS);
          copy.restore(deadlines.image());
          expect(copy.image()).toEqual(deadlines.image());
          expect(copy.next).toBe(deadlines.next);
        }
      }),
    );
  });

  it('are not taken before they are due', () => {
    const deadlines = new Deadlines(1);
    deadlines.set(0, 10);
    expect(() => deadlines.take(9)).toThrow('a deadline is due');
    expect(deadlines.take(10)).toBe(0);
  });
});
