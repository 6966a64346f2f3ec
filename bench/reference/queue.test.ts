import { expect, test } from 'vitest';
import { ReferenceQueue, referenceRate } from './queue.ts';

test('entries come out by time, and equal times in the order they went in', () => {
  const queue = new ReferenceQueue(2_000);
  const entries = Array.from({ length: 2_000 }, (_, i) => ({ at: (i * 7919) % 97, i }));
  for (const { at, i } of entries) queue.push(at, i);
  const sorted = entries.toSorted((a, b) => a.at - b.at || a.i - b.i).map(({ i }) => i);
  expect(Array.from({ length: 2_000 }, () => queue.pop())).toEqual(sorted);
  expect(queue.size).toBe(0);
});

test('it can be measured', () => {
  expect(referenceRate(43, 10_000)).toBeGreaterThan(0);
});
