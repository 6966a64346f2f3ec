// Draws for a schedule: which faults, when, how strong. They come from the run's seed alone, through streams split by label,
// and what they yield is written into the run file; nothing is drawn from them while the run executes.

import seedrandom from 'seedrandom';

/** Uniform draws for one labelled part of a run file. */
export interface Draw {
  /** Uniform in [0, bound). */
  below(bound: number): number;
  /** Uniform in [low, high], both included. */
  between(low: number, high: number): number;
  pick<T>(choices: readonly T[]): T;
  /** `count` different numbers of 1..nodes, ascending. */
  nodes(count: number, nodes: number): number[];
  /** Another stream, for a part of its own. */
  split(label: string): Draw;
}

export class SeededDraw implements Draw {
  private readonly label: string;
  private readonly next: () => number;

  constructor(label: string) {
    this.label = label;
    const generator = seedrandom.alea(label, { state: true });
    this.next = () => generator.int32() >>> 0;
  }

  below(bound: number): number {
    if (bound <= 1) return 0;
    return Math.floor((this.next() / 4294967296) * bound);
  }

  between(low: number, high: number): number {
    return low + this.below(high - low + 1);
  }

  pick<T>(choices: readonly T[]): T {
    return choices[this.below(choices.length)] as T;
  }

  nodes(count: number, nodes: number): number[] {
    const left = Array.from({ length: nodes }, (_, place) => place + 1);
    const out: number[] = [];
    while (out.length < count && left.length > 0) out.push(...left.splice(this.below(left.length), 1));
    return out.sort((a, b) => a - b);
  }

  split(label: string): Draw {
    return new SeededDraw(`${this.label}/${label}`);
  }
}
