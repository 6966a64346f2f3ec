// The clocks of one simulated machine. The world's time is the truth that nobody sees; a machine's monotonic clock starts
// anywhere, runs too fast or too slow, may jump ahead and may stand still, but never goes back. Its calendar may do anything.
// Readings are integers derived from the last change, so that nothing accumulates and nothing depends on how often one looks.

import { assert } from '../../kernel/base/assert.ts';
import { NEVER, SECOND, type Micros } from '../../kernel/base/time.ts';
import type { Clock } from '../ports.ts';

/** Where a calendar begins: any moment serves. */
export const WALL_ORIGIN: Micros = 1_800_000_000 * SECOND;

/** What a clock needs of the world: its time, and to be called no later than when the machine's clock will have reached a reading. */
export interface ClockWorld {
  readonly now: Micros;
  alarm(node: number, at: Micros): void;
}

export class SimClock implements Clock {
  private readonly world: ClockWorld;
  private readonly node: number;
  /** Since world time `since` the clock has shown `base` plus what passed, sped up by `ppm`. */
  private base: Micros;
  private since: Micros = 0;
  private ppm = 0;
  private wallOffset: Micros;
  /** How many faults want it to stand still. */
  private frozen = 0;
  /** The reading at which the loop wants its alarm. */
  alarmAt: Micros = NEVER;
  /** How often the clock was changed, by kind. */
  jumps = 0;

  constructor(world: ClockWorld, node: number, base: Micros, wallOffset: Micros) {
    this.world = world;
    this.node = node;
    this.base = base;
    this.wallOffset = wallOffset;
  }

  now(): Micros {
    if (this.frozen > 0) return this.base;
    const passed = this.world.now - this.since;
    return this.ppm === 0 ? this.base + passed : this.base + passed + Math.floor((passed * this.ppm) / 1_000_000);
  }

  wall(): Micros {
    return WALL_ORIGIN + this.world.now + this.wallOffset;
  }

  wakeAt(at: Micros): void {
    this.alarmAt = at;
    if (at < NEVER) this.world.alarm(this.node, this.worldTimeOf(at));
  }

  /** The world's time at which this clock reads `at` or later; the present if it does already. */
  worldTimeOf(at: Micros): Micros {
    if (this.frozen > 0) return NEVER;
    if (at <= this.now()) return this.world.now;
    if (this.ppm === 0) return this.since + (at - this.base);
    let time = this.since + Math.floor(((at - this.base) * 1_000_000) / (1_000_000 + this.ppm));
    while (this.base + (time - this.since) + Math.floor(((time - this.since) * this.ppm) / 1_000_000) < at) time++;
    return time;
  }

  get due(): boolean {
    return this.alarmAt < NEVER && this.now() >= this.alarmAt;
  }

  /** Runs fast (or slow) by so many parts in a million from now on. */
  drift(ppm: number): void {
    assert(ppm > -500_000 && ppm < 500_000, 'a clock runs forward, and not twice as fast');
    this.rebase();
    this.ppm = ppm;
    this.jumps++;
    this.rearm();
  }

  /** The monotonic clock jumps ahead: a machine was suspended, or its virtual machine moved. */
  jumpAhead(by: Micros): void {
    assert(by >= 0, 'a monotonic clock never goes back');
    this.rebase();
    this.base += by;
    this.jumps++;
    this.rearm();
  }

  /** Somebody set the calendar, forward or back. */
  setWall(by: Micros): void {
    this.wallOffset = Math.max(this.wallOffset + by, -WALL_ORIGIN);
    this.jumps++;
  }

  /** The monotonic clock stands still until it is thawed as often, as on a suspended machine. */
  freeze(): void {
    this.rebase();
    this.frozen++;
  }

  thaw(): void {
    if (this.frozen === 0) return;
    if (--this.frozen > 0) return;
    this.since = this.world.now;
    this.rearm();
  }

  private rebase(): void {
    this.base = this.now();
    this.since = this.world.now;
  }

  /** Asks the world for the wake that the alarm needs. */
  rearm(): void {
    if (this.alarmAt < NEVER && this.frozen === 0) this.world.alarm(this.node, this.worldTimeOf(this.alarmAt));
  }
}
