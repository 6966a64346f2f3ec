import { describe, expect, test } from 'vitest';
import { Allowance, Allowances } from './allowance.ts';

describe('an allowance', () => {
  test('lets through what may come at once, then so many a second, whatever is asked', () => {
    const at = { ms: 0 };
    const allowance = new Allowance(10, 5, 0);
    let taken = 0;
    for (at.ms = 0; at.ms < 10_000; at.ms += 5) if (allowance.take(() => at.ms)) taken++;
    expect(taken).toBeGreaterThanOrEqual(100);
    expect(taken).toBeLessThanOrEqual(105);
  });

  test('saves up no more than may come at once', () => {
    const at = { ms: 0 };
    const allowance = new Allowance(10, 5, 0);
    const takeAll = (): number => Array.from({ length: 100 }, () => allowance.take(() => at.ms)).filter(Boolean).length;
    expect(takeAll()).toBe(5);
    at.ms = 3_600_000;
    expect(takeAll()).toBe(5);
  });

  test('that was fined is made up for by waiting, and not for ever', () => {
    const at = { ms: 0 };
    const allowance = new Allowance(10, 5, 0);
    allowance.fine(1_000_000);
    expect(allowance.take(() => at.ms)).toBe(false);
    at.ms = 700;
    expect(allowance.take(() => at.ms)).toBe(true);
  });

  test('of one address does not touch another, and a flood of addresses is forgotten', () => {
    const allowances = new Allowances(1, 2, 3, () => 0);
    expect(['a', 'a', 'a', 'b'].map((who) => allowances.take(who))).toEqual([true, true, false, true]);
    for (const who of ['c', 'd', 'e']) allowances.take(who);
    expect(allowances.take('a')).toBe(true);
  });
});
