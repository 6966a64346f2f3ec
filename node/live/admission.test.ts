import { describe, expect, test } from 'vitest';
import { Admission } from './admission.ts';

/** A server that manages `perSecond` requests, whatever is asked of it, with clients that always ask for more. */
function saturated(admission: Admission, perSecond: number, seconds: number, startMs: number): { readonly worstMs: number; readonly limit: number } {
  let worstMs = 0;
  const queue: number[] = [];
  for (let now = startMs; now < startMs + seconds * 1_000; now += 1_000 / perSecond) {
    while (queue.length < admission.limit) {
      queue.push(now);
      admission.took(queue.length);
    }
    const tookMs = now - (queue.shift() as number);
    if (now > startMs + (seconds * 1_000) / 2) worstMs = Math.max(worstMs, tookMs);
    admission.answered(tookMs, now);
  }
  return { worstMs, limit: admission.limit };
}

const OPTIONS = { most: 1_024, least: 64, targetMs: 400 };

describe('admission', () => {
  test('holds what waits to what is managed within the target, fast or slow', () => {
    for (const perSecond of [200, 500, 2_000]) {
      const { worstMs, limit } = saturated(new Admission(OPTIONS), perSecond, 30, 0);
      expect(worstMs, `${perSecond}/s`).toBeLessThan(2 * OPTIONS.targetMs);
      expect(limit, `${perSecond}/s`).toBeGreaterThan(Math.min(OPTIONS.least, perSecond * 0.2));
    }
  });

  test('lets more in again when the server is faster, and all it may when nothing is late', () => {
    const admission = new Admission(OPTIONS);
    const slow = saturated(admission, 300, 20, 0).limit;
    expect(slow).toBeLessThan(200);
    expect(saturated(admission, 5_000, 30, 20_000).limit).toBe(OPTIONS.most);
  });

  test('never goes below what fills a batch, nor moves for a few late answers', () => {
    const admission = new Admission(OPTIONS);
    expect(saturated(admission, 10, 60, 0).limit).toBe(OPTIONS.least);
    const calm = new Admission(OPTIONS);
    calm.took(3);
    for (let now = 0; now < 10_000; now += 10) calm.answered(now % 30 === 0 ? 1_000 : 5, now);
    expect(calm.limit).toBe(OPTIONS.most);
  });
});
