import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { NEVER, SECOND } from '../../kernel/base/time.ts';
import { clockContract, type ClockSubject } from '../contract/clock.ts';
import { SimClock, type ClockWorld } from './clock.ts';

/** A world with one clock in it: time passes when the test says so, and due wakes come on the way. */
class Bench implements ClockWorld {
  now = 0;
  readonly alarms: number[] = [];
  readonly clock: SimClock = new SimClock(this, 1, 5_000_000, -3 * SECOND);
  private wakes: number[] = [];

  alarm(_node: number, at: number): void {
    this.wakes.push(at);
  }

  pass(span: number): void {
    const until = this.now + span;
    for (;;) {
      const next = Math.min(...this.wakes);
      if (!(next <= until)) break;
      this.wakes = this.wakes.filter((wake) => wake !== next);
      this.now = Math.max(this.now, next);
      if (!this.clock.due) continue;
      this.clock.alarmAt = NEVER;
      this.alarms.push(this.clock.now());
    }
    this.now = until;
  }
}

describe('a simulated clock', () => {
  test.each(clockContract.map((one) => [one.claim, one] as const))('%s', async (_, one) => {
    const bench = new Bench();
    const subject: ClockSubject = {
      clock: bench.clock, alarms: bench.alarms,
      pass: (span) => {
        bench.pass(span);
        return Promise.resolve();
      },
    };
    if (one.applies === undefined || one.applies(subject)) await one.check(subject);
  });

  test('never goes back, whatever befalls it', () => {
    const step = fc.oneof(
      fc.record({ kind: fc.constant('pass' as const), by: fc.integer({ min: 0, max: 5_000_000 }) }),
      fc.record({ kind: fc.constant('drift' as const), by: fc.integer({ min: -400_000, max: 400_000 }) }),
      fc.record({ kind: fc.constant('jump' as const), by: fc.integer({ min: 0, max: 60_000_000 }) }),
      fc.record({ kind: fc.constant('freeze' as const), by: fc.constant(0) }),
      fc.record({ kind: fc.constant('thaw' as const), by: fc.constant(0) }),
      fc.record({ kind: fc.constant('wall' as const), by: fc.integer({ min: -1e12, max: 1e12 }) }),
    );
    fc.assert(fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const bench = new Bench();
      let last = bench.clock.now();
      for (const { kind, by } of steps) {
        if (kind === 'pass') bench.now += by;
        else if (kind === 'drift') bench.clock.drift(by);
        else if (kind === 'jump') bench.clock.jumpAhead(by);
        else if (kind === 'freeze') bench.clock.freeze();
        else if (kind === 'thaw') bench.clock.thaw();
        else bench.clock.setWall(by);
        const now = bench.clock.now();
        expect(now).toBeGreaterThanOrEqual(last);
        expect(Number.isSafeInteger(now) && Number.isSafeInteger(bench.clock.wall()) && bench.clock.wall() >= 0).toBe(true);
        last = now;
      }
    }));
  });

  test('names the first moment of the world at which it will have reached a reading, fast or slow', () => {
    fc.assert(fc.property(fc.integer({ min: -400_000, max: 400_000 }), fc.integer({ min: 0, max: 10_000_000 }), fc.integer({ min: 1, max: 30_000_000 }), (ppm, before, ahead) => {
      const bench = new Bench();
      bench.clock.drift(ppm);
      bench.now += before;
      const reading = bench.clock.now() + ahead;
      const moment = bench.clock.worldTimeOf(reading);
      bench.now = moment - 1;
      expect(bench.clock.now()).toBeLessThan(reading);
      bench.now = moment;
      expect(bench.clock.now()).toBeGreaterThanOrEqual(reading);
    }));
  });

  test('that stands still rings only after it was thawed', () => {
    const bench = new Bench();
    bench.clock.wakeAt(bench.clock.now() + 1_000);
    bench.clock.freeze();
    bench.pass(10_000);
    expect(bench.alarms).toEqual([]);
    bench.clock.thaw();
    bench.pass(999);
    expect(bench.alarms).toEqual([]);
    bench.pass(1);
    expect(bench.alarms.length).toBe(1);
  });
});
