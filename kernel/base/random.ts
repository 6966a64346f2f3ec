// A small, splittable stream of 32-bit draws (sfc32 by Chris Doty-Humphrey, PractRand; a stream costs 16 bytes).
// Streams are split by label, so that one more draw in one place moves nothing elsewhere.

import { hashText, mix, finish } from './digest.ts';

export type RandomState = readonly [number, number, number, number];

export class Random {
  private a: number;
  private b: number;
  private c: number;
  private counter: number;

  constructor(state: RandomState) {
    [this.a, this.b, this.c, this.counter] = state;
  }

  /** The stream for a label under a seed. The same pair gives the same stream; any two differ. */
  static of(seed: number, ...labels: readonly (string | number)[]): Random {
    let h = mix(mix(0x6c6f636b, seed | 0), (seed / 4294967296) | 0);
    for (const label of labels) h = typeof label === 'number' ? mix(mix(h, 1), label | 0) : mix(mix(h, 2), hashText(label));
    const random = new Random([finish(h), finish(mix(h, 1)), finish(mix(h, 2)), 1]);
    for (let i = 0; i < 12; i++) random.word();
    return random;
  }

  get state(): RandomState {
    return [this.a, this.b, this.c, this.counter];
  }

  /** 32 uniform bits, as a signed integer. */
  word(): number {
    const sum = (((this.a + this.b) | 0) + this.counter) | 0;
    this.counter = (this.counter + 1) | 0;
    this.a = this.b ^ (this.b >>> 9);
    this.b = (this.c + (this.c << 3)) | 0;
    this.c = (((this.c << 21) | (this.c >>> 11)) + sum) | 0;
    return sum;
  }

  /** Uniform in [0, bound). The bias is below bound / 2^32. A choice among one draws nothing. */
  below(bound: number): number {
    if (bound <= 1) return 0;
    return Math.floor(((this.word() >>> 0) / 4294967296) * bound);
  }

  /** Uniform in [low, high], both included. */
  between(low: number, high: number): number {
    return low + this.below(high - low + 1);
  }

  /** True in `perMillion` of a million draws. Certainty draws nothing. */
  chance(perMillion: number): boolean {
    if (perMillion <= 0) return false;
    if (perMillion >= 1_000_000) return true;
    return this.below(1_000_000) < perMillion;
  }

  pick<T>(choices: readonly T[]): T {
    return choices[this.below(choices.length)] as T;
  }

  /** A new array in random order (Fisher-Yates). */
  shuffled<T>(items: readonly T[]): T[] {
    const out = items.slice();
    for (let i = out.length - 1; i > 0; i--) {
      const j = this.below(i + 1);
      const kept = out[i] as T;
      out[i] = out[j] as T;
      out[j] = kept;
    }
    return out;
  }
}
