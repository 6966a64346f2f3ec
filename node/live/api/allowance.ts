// How much one client may ask: so many things a second, sustained, and a few more at once. Kept as the one number from which
// the rest follows, so that a client costs a few bytes.

export class Allowance {
  private readonly perSecond: number;
  private readonly atOnce: number;
  private left: number;
  private filledMs: number;

  constructor(perSecond: number, atOnce: number, nowMs: number) {
    this.perSecond = perSecond;
    this.atOnce = atOnce;
    this.left = atOnce;
    this.filledMs = nowMs;
  }

  /** Takes more than was asked for, as a penalty. */
  fine(amount: number): void {
    this.left = Math.max(-this.atOnce, this.left - amount);
  }

  /** False if there is nothing left: what was asked for must not be done. */
  take(now: () => number): boolean {
    if (this.left < 1) {
      const nowMs = now();
      this.left = Math.min(this.atOnce, this.left + ((nowMs - this.filledMs) / 1_000) * this.perSecond);
      this.filledMs = nowMs;
      if (this.left < 1) return false;
    }
    this.left--;
    return true;
  }
}

/** Allowances by address. What is remembered is bounded: a flood of addresses makes old ones be forgotten, not memory grow. */
export class Allowances {
  private readonly perSecond: number;
  private readonly atOnce: number;
  private readonly bound: number;
  private readonly now: () => number;
  private readonly known = new Map<string, Allowance>();

  constructor(perSecond: number, atOnce: number, bound: number, now: () => number) {
    this.perSecond = perSecond;
    this.atOnce = atOnce;
    this.bound = bound;
    this.now = now;
  }

  take(who: string): boolean {
    return this.of(who).take(this.now);
  }

  fine(who: string, amount: number): void {
    this.of(who).fine(amount);
  }

  private of(who: string): Allowance {
    let allowance = this.known.get(who);
    if (allowance === undefined) {
      if (this.known.size >= this.bound) this.known.delete(this.known.keys().next().value as string);
      this.known.set(who, (allowance = new Allowance(this.perSecond, this.atOnce, this.now())));
    }
    return allowance;
  }
}
