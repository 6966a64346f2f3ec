// A register that holds one value: what `register` and `cas-register` share. A state is a value, by number.

import { IMPOSSIBLE, UNSEEN, type Kind, type Machine } from './machine.ts';
import { NEVER, NIL, type Operation, type Timeline, type Value } from './operation.ts';
import { textOf } from './value-text.ts';

/** More writers of one value than this are not told apart: any of them may bring it back. */
const MOST_ORIGINS = 8;

export class ValueRegister implements Machine {
  readonly initial: number;
  readonly kinds: readonly Kind[];
  readonly classes: readonly number[];
  /** By operation: the value that it must find (undefined: any), and the one that it leaves (undefined: what was there). */
  private readonly finds: (number | undefined)[] = [];
  private readonly leaves: (number | undefined)[] = [];
  private readonly numbers: Map<string, number> = new Map();
  private readonly needed: number[] = [];
  private readonly demanded: number[][] = [];
  private readonly writers: number[][] = [];
  /** Values that a compare-and-set of unknown outcome may find. */
  private readonly maybeFound: Set<number> = new Set();

  constructor(operations: readonly Operation[], timeline: Timeline) {
    this.numberOf('the value that nobody sees');
    this.initial = this.numberOf(NIL);
    this.kinds = operations.map((operation) => this.add(operation));
    this.classes = classesOf(operations.map((_, op) => `${this.finds[op] ?? ''}>${this.leaves[op] ?? ''}`));
    for (const op of [...operations.keys()].toSorted((a, b) => (timeline.end[a] as number) - (timeline.end[b] as number) || a - b)) this.index(op, timeline);
    this.spreadNeed(timeline);
  }

  beginnings(): readonly number[] {
    return this.needed.flatMap((until, value) => (value === UNSEEN || until >= 0 ? [value] : []));
  }

  step(state: number, op: number): number {
    const finds = this.finds[op];
    return finds !== undefined && finds !== state ? IMPOSSIBLE : (this.leaves[op] ?? state);
  }

  settled(state: number, op: number): boolean {
    return this.kinds[op] === 'observes' && this.finds[op] === state;
  }

  neededUntil(state: number): number {
    return this.needed[state] as number;
  }

  usefulUntil(op: number): number {
    const value = this.leaves[op];
    return value === undefined ? -1 : (this.needed[value] as number);
  }

  demands(state: number): readonly number[] {
    return this.demanded[state] as readonly number[];
  }

  tellsAllDemands(state: number): boolean {
    return !this.maybeFound.has(state);
  }

  serves(state: number, op: number): boolean {
    return this.finds[op] === state;
  }

  origins(op: number): readonly number[] | undefined {
    const writers = this.writers[this.finds[op] as number] as readonly number[];
    return writers.length > MOST_ORIGINS ? undefined : writers;
  }

  private add({ f, argument, result }: Operation): Kind {
    const [from, to]: readonly (Value | undefined)[] = f === 'read' ? [result, undefined] : f === 'write' ? [undefined, argument] : (argument as readonly Value[]);
    this.finds.push(from === undefined ? undefined : this.numberOf(textOf(from)));
    this.leaves.push(to === undefined ? undefined : this.numberOf(textOf(to)));
    return f === 'read' ? 'observes' : f === 'write' ? 'overwrites' : 'depends';
  }

  private numberOf(text: string): number {
    const known = this.numbers.get(text);
    if (known !== undefined) return known;
    const fresh = this.needed.length;
    this.numbers.set(text, fresh);
    this.needed.push(-1);
    this.demanded.push([]);
    this.writers.push([]);
    return fresh;
  }

  private index(op: number, { end }: Timeline): void {
    const finds = this.finds[op];
    const leaves = this.leaves[op];
    if (leaves !== undefined) (this.writers[leaves] as number[]).push(op);
    if (finds === undefined) return;
    if (end[op] === NEVER) {
      this.maybeFound.add(finds);
      return;
    }
    (this.demanded[finds] as number[]).push(op);
    this.needed[finds] = Math.max(this.needed[finds] as number, end[op] as number);
  }

  /** A compare-and-set of unknown outcome needs what it finds for as long as what it leaves is needed. */
  private spreadNeed({ end }: Timeline): void {
    const before: number[][] = this.needed.map(() => []);
    for (const [op, finds] of this.finds.entries()) {
      const leaves = this.leaves[op];
      if (finds !== undefined && leaves !== undefined && end[op] === NEVER) (before[leaves] as number[]).push(finds);
    }
    const waiting = [...this.needed.keys()].toSorted((a, b) => (this.needed[a] as number) - (this.needed[b] as number) || a - b);
    for (let value = waiting.pop(); value !== undefined; value = waiting.pop()) {
      for (const earlier of before[value] as number[]) {
        if ((this.needed[earlier] as number) >= (this.needed[value] as number)) continue;
        this.needed[earlier] = this.needed[value] as number;
        waiting.push(earlier);
      }
    }
  }
}

/** Equal words get equal numbers. */
export function classesOf(words: readonly string[]): number[] {
  const numbers = new Map<string, number>();
  return words.map((word) => {
    const known = numbers.get(word) ?? numbers.size;
    numbers.set(word, known);
    return known;
  });
}
