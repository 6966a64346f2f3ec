import fc from 'fast-check';
import { expect, test } from 'vitest';
import { noLatencies, noteLatency, quantileMs, summed } from './latency.ts';

test('a quantile is that of the sorted list, to one percent, however many processes it comes from', () => {
  const latencies = fc.array(fc.double({ min: 0.02, max: 60_000, noNaN: true }), { minLength: 1, maxLength: 400 });
  fc.assert(
    fc.property(latencies, fc.double({ min: 0.01, max: 1, noNaN: true }), (all, share) => {
      const buckets = [noLatencies(), noLatencies(), noLatencies()];
      all.forEach((ms, place) => noteLatency(buckets[place % 3] as number[], ms));
      const exact = all.toSorted((a, b) => a - b)[Math.ceil(share * all.length - 1e-9) - 1] as number;
      const measured = quantileMs(summed(buckets), share);
      expect(measured).toBeGreaterThanOrEqual(exact * 0.999);
      expect(measured).toBeLessThanOrEqual(exact * 1.011);
    }),
    { seed: 5, numRuns: 300 },
  );
});

test('of nothing there is no quantile', () => {
  expect(quantileMs(noLatencies(), 0.5)).toBeNaN();
});
