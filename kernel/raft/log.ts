// The replicated log of one group: entries after `base`, the last index that was compacted away. Compacting drops blocks, so
// that it costs O(1) per entry. Bounded by its owner: what is applied by `keepEntries`, what is not by `maxUncommitted`.

import { assert } from '../base/assert.ts';
import type { Entry } from './entry.ts';

export class Log {
  /** Index and term of the last entry before the first that is held; 0 and 0 for a log that was never compacted. */
  base = 0;
  baseTerm = 0;
  lastIndex = 0;
  lastTerm = 0;
  private entries: Entry[] = [];

  /** The term of the entry at an index that is held, or of the base. */
  termAt(index: number): number {
    if (index === this.lastIndex) return this.lastTerm;
    if (index === this.base) return this.baseTerm;
    return this.at(index).term;
  }

  at(index: number): Entry {
    const entry = this.entries[index - this.base - 1];
    assert(entry !== undefined, 'the log holds the entry');
    return entry;
  }

  push(entry: Entry): void {
    this.entries.push(entry);
    this.lastIndex++;
    this.lastTerm = entry.term;
  }

  /** At most `max` entries from index `from` on. */
  slice(from: number, max: number): readonly Entry[] {
    assert(from > this.base, 'what was compacted is not sent');
    return this.entries.slice(from - this.base - 1, from - this.base - 1 + max);
  }

  /** Forgets everything after `index`. */
  truncateAfter(index: number): void {
    assert(index >= this.base && index < this.lastIndex, 'the log holds what it truncates');
    this.lastTerm = this.termAt(index);
    this.lastIndex = index;
    this.entries.length = index - this.base;
  }

  /** Is there an entry (or the base) at `index`, and is it of `term`? */
  matches(index: number, term: number): boolean {
    return index >= this.base && index <= this.lastIndex && this.termAt(index) === term;
  }

  /** The first index after `floor` whose entry is of the term of the one at `index`. */
  firstOfTerm(index: number, floor: number): number {
    const term = this.termAt(index);
    let first = index;
    while (first - 1 > floor && this.termAt(first - 1) === term) first--;
    return first;
  }

  /** Drops entries up to and including `index`. */
  compactTo(index: number): void {
    assert(index > this.base && index <= this.lastIndex, 'the log holds what it compacts');
    const term = this.termAt(index);
    this.entries.splice(0, index - this.base);
    this.base = index;
    this.baseTerm = term;
  }

  /** A snapshot stands for everything up to (index, term). */
  reset(index: number, term: number): void {
    this.entries = [];
    this.base = index;
    this.baseTerm = term;
    this.lastIndex = index;
    this.lastTerm = term;
  }

  /** Entries never change, so an image shares them. */
  image(): readonly Entry[] {
    return this.entries.slice();
  }

  restore(base: number, baseTerm: number, entries: readonly Entry[]): void {
    this.reset(base, baseTerm);
    this.entries = entries.slice();
    this.lastIndex = base + entries.length;
    this.lastTerm = entries[entries.length - 1]?.term ?? baseTerm;
  }
}
