// Which configuration is in force at one member: the latest in its log, committed or not (4.1). So an entry that is cut off
// takes its configuration with it, and the one before is in force again.

import { assert } from '../base/assert.ts';
import { Electorate, type Configuration } from './configuration.ts';

/** A configuration and the entry that holds it; 0 and 0 for the founding one. */
export interface Standing {
  readonly index: number;
  readonly term: number;
  readonly configuration: Configuration;
}

export class Standings {
  /** By index, ascending. The first stands at or below the base of the log; the others are in the log. */
  private stack: Standing[];
  private electorate: Electorate;

  constructor(founding: Configuration) {
    this.stack = [{ index: 0, term: 0, configuration: founding }];
    this.electorate = new Electorate(founding);
  }

  get latest(): Standing {
    return this.stack[this.stack.length - 1] as Standing;
  }

  get inForce(): Electorate {
    return this.electorate;
  }

  /** The latest one at or below an index that is not compacted away. */
  at(index: number): Standing {
    for (let k = this.stack.length - 1; k >= 0; k--) {
      const standing = this.stack[k] as Standing;
      if (standing.index <= index) return standing;
    }
    return assert(false, 'a configuration stands below every index') as never;
  }

  /** The index of the first one after `index`; 0 if there is none. */
  firstAfter(index: number): number {
    if (this.latest.index <= index) return 0;
    let first = 0;
    for (const standing of this.stack) if (first === 0 && standing.index > index) first = standing.index;
    return first;
  }

  entered(standing: Standing): void {
    assert(standing.index > this.latest.index, 'configurations come in the order of the log');
    this.stack.push(standing);
    this.electorate = new Electorate(standing.configuration);
  }

  /** Everything after `index` is cut off. True if another configuration is in force now. */
  cutAfter(index: number): boolean {
    const before = this.stack.length;
    while (this.latest.index > index) this.stack.pop();
    if (this.stack.length === before) return false;
    this.electorate = new Electorate(this.latest.configuration);
    return true;
  }

  /** Entries up to `index` are dropped. */
  compactedTo(index: number): void {
    let count = 0;
    while (count + 1 < this.stack.length && (this.stack[count + 1] as Standing).index <= index) count++;
    if (count > 0) this.stack.splice(0, count);
  }

  reset(standing: Standing): void {
    this.restore([standing]);
  }

  image(): readonly Standing[] {
    return this.stack.slice();
  }

  restore(standings: readonly Standing[]): void {
    this.stack = standings.slice();
    this.electorate = new Electorate(this.latest.configuration);
  }
}
