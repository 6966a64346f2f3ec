import { expect, test } from 'vitest';
import { ReferenceQueue } from './queue.ts';
import { referenceRate } from './rate.ts';

test('entries come out by time, and equal times in the order they went in', () => {
  const queue = new ReferenceQueue();
  const entries = Array.from({ length: 2_000 }, (_, i) => ({ at: (i * 7_919) % 97, i }));
  for (const { at, i } of entries) queue.push(at, i, String(i));
  const sorted = entries.toSorted((a, b) => a.at - b.at || a.i - b.i);
  const found = sorted.map(() => {
    queue.pop();
    return { at: queue.time, i: queue.code, payload: queue.payload };
  });
  expect(found).toEqual(sorted.map(({ at, i }) => ({ at, i, payload: String(i) })));
  expect(queue.size).toBe(0);
});

test('it can be measured', () => {
  expect(referenceRate(43, 10_000)).toBeGreaterThan(0);
});
