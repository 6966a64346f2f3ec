// How many requests a node takes on at a time. A queue makes nothing faster: beyond what keeps the node busy, each request more
// only waits, and makes all others wait. So the bound follows what the node manages: it shrinks while answers take longer than
// they should, and grows while they do not and it is used up (additive increase, multiplicative decrease). What is over it is
// told so at once, and can be tried on another node.

export interface AdmissionOptions {
  /** Never more; and never fewer than a node needs to fill its batches. */
  readonly most: number;
  readonly least: number;
  /** Answers should not take longer. */
  readonly targetMs: number;
}

/** The bound is thought over this often. */
const EVERY_MS = 100;
const GROWTH = 16;
const SHRINKAGE = 0.85;

export class Admission {
  private readonly options: AdmissionOptions;
  private bound: number;
  private nextMs = 0;
  private answers = 0;
  private late = 0;
  /** The most that was under way since it was last thought over. */
  private peak = 0;

  constructor(options: AdmissionOptions) {
    this.options = options;
    this.bound = options.most;
  }

  /** Requests that may be under way now. */
  get limit(): number {
    return this.bound;
  }

  took(underWay: number): void {
    if (underWay > this.peak) this.peak = underWay;
  }

  answered(tookMs: number, nowMs: number): void {
    this.answers++;
    if (tookMs > this.options.targetMs) this.late++;
    if (this.nextMs === 0) this.nextMs = nowMs + EVERY_MS;
    if (nowMs < this.nextMs) return;
    this.nextMs = nowMs + EVERY_MS;
    const { most, least } = this.options;
    if (2 * this.late > this.answers) this.bound = Math.max(least, Math.floor(Math.min(this.bound, this.peak) * SHRINKAGE));
    else if (this.peak >= this.bound) this.bound = Math.min(most, this.bound + GROWTH);
    this.answers = 0;
    this.late = 0;
    this.peak = 0;
  }
}
