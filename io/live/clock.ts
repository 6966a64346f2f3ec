// The machine's clocks. A timer that fires early is armed again; one that is far away is armed in steps, because the host's
// timers end at 24 days.

import { MS, NEVER, type Micros } from '../../kernel/base/time.ts';
import type { Clock } from '../ports.ts';

const LONGEST_MS = 0x7fffffff;

export class LiveClock implements Clock {
  private readonly alarm: () => void;
  private timer: NodeJS.Timeout | undefined;
  private due: Micros = NEVER;

  /** `alarm` is called when the time that was asked for has come. */
  constructor(alarm: () => void) {
    this.alarm = alarm;
  }

  now(): Micros {
    return Number(process.hrtime.bigint() / 1_000n);
  }

  /** Milliseconds are what the host's calendar offers; before 1970 it is 1970. */
  wall(): Micros {
    return Math.max(0, Date.now()) * MS;
  }

  wakeAt(at: Micros): void {
    if (this.timer !== undefined) clearTimeout(this.timer);
    this.timer = undefined;
    this.due = at;
    if (at < NEVER) this.arm();
  }

  private arm(): void {
    const wait = Math.ceil((this.due - this.now()) / MS);
    this.timer = setTimeout(() => this.rang(), Math.min(Math.max(wait, 0), LONGEST_MS));
  }

  private rang(): void {
    this.timer = undefined;
    if (this.now() < this.due) return this.arm();
    this.due = NEVER;
    this.alarm();
  }
}
