// Goes through all states of a small world, depth first, each level exactly: in round d everything is done that takes d actions.
// States of lower levels are known from the rounds before, so each of them is entered once a round, at its level; what is new
// in round d is of level d, and is not entered before the next round. So the first violation is found by a shortest trace. A
// stack of d states and ten bytes a state are all the memory it takes.
//
// When levels no longer grow much, rounds cost more than they tell: the rest is searched in one go, without a limit. A
// violation found there is a limit for further rounds, which find the shortest.

import { digestText, finish } from '../../kernel/base/digest.ts';
import type { Bounds } from './bounds.ts';
import type { Violation } from './claims.ts';
import { Pairs } from './pairs.ts';
import { World } from './world.ts';

/** A violation, and the actions that led to it, as numbers. */
export interface Found {
  readonly violation: Violation;
  readonly actions: readonly number[];
  /** No shorter trace leads to any violation. */
  readonly shortest: boolean;
}

export type Ended = 'complete' | 'found' | 'full';

/** A level was found without a limit: it may be lower. */
const UNKNOWN = 255;
const MAX_LEVEL = 250;
/** Below this growth from one level to the next the rest is searched in one go. */
const FLAT = 1.25;

export class Search {
  /** Another one if answers of the past turned out to matter. */
  world: World;
  /** States of each level, from 0; levels below `depth` are complete. */
  levels: number[] = [1];
  /** The round under way: how many actions it goes to; 0: there is no limit. */
  depth = 1;
  found: Found | undefined;
  ended: Ended | undefined;
  /** Actions that were done. */
  transitions = 0;
  /** Deepest that the search without a limit went. */
  deepest = 0;
  private readonly maxStates: number;
  private seen = new Pairs(1 << 16);
  /** By number of a state: its level, and the round in which it was last entered. */
  private level: Uint8Array = new Uint8Array(1 << 16);
  private entered: Uint8Array = new Uint8Array(1 << 16);
  private round = 1;
  private limit = 1;
  private rows: Int32Array[] = [];
  private next: number[] = [0];
  private at = 0;
  private fresh = 0;
  private sweeping = false;

  constructor(bounds: Bounds, maxStates: number) {
    this.maxStates = maxStates;
    this.world = this.enter(bounds);
  }

  /** Begins at the first state of a world. */
  private enter(bounds: Bounds): World {
    const world = new World(bounds);
    const first = world.first();
    this.rows = [first];
    this.next = [0];
    this.at = 0;
    this.levels = [1];
    this.depth = 1;
    this.limit = 1;
    this.fresh = 0;
    this.seen = new Pairs(1 << 16);
    world.hash(first);
    this.seen.add(world.keyHigh, world.keyLow);
    this.level = new Uint8Array(1 << 16);
    this.entered = new Uint8Array(1 << 16);
    this.round = 1;
    this.sweeping = false;
    return world;
  }

  get states(): number {
    return this.seen.count;
  }

  /** Levels that are known completely: nothing is violated within that many actions. */
  get completeTo(): number {
    return this.levels.length - 1;
  }

  get isSweeping(): boolean {
    return this.sweeping;
  }

  /** A word over all states that were seen, whatever the order. */
  digest(): string {
    return digestText(finish(this.seen.count), finish(this.seen.sum()));
  }

  /** How much of the round is done, if all branches of a state take the same. */
  get share(): number {
    let share = 0;
    let weight = 1;
    for (let depth = 0; depth <= this.at && weight > 1e-9; depth++) {
      const actions = this.world.actions(this.rows[depth] as Int32Array);
      share += (weight * Math.max(0, (this.next[depth] as number) - 1)) / actions;
      weight /= actions;
    }
    return share;
  }

  /** Does up to so many actions; true while there is more to do. */
  advance(actions: number): boolean {
    for (let left = actions; left > 0 && this.ended === undefined; left--) this.one();
    if (this.world.members.heedsPast && !this.world.bounds.late) this.keepPast();
    return this.ended === undefined;
  }

  /** What was found was found, but there may be shorter traces; otherwise all begins anew. */
  private keepPast(): void {
    if (this.found !== undefined && this.ended === 'found') return void (this.found = { ...this.found, shortest: false });
    this.ended = undefined;
    this.found = undefined;
    this.world = this.enter({ ...this.world.bounds, late: true });
  }

  private one(): void {
    const row = this.rows[this.at] as Int32Array;
    const action = this.next[this.at] as number;
    if (action >= this.world.actions(row)) return this.leave();
    this.next[this.at] = action + 1;
    const child = (this.rows[this.at + 1] ??= new Int32Array(this.world.width));
    const outcome = this.world.act(row, action, child);
    if (outcome === 'impossible') return;
    this.transitions++;
    if (outcome !== 'done') return this.report(outcome);
    this.world.hash(child);
    this.arrive(child, this.at + 1);
  }

  private arrive(child: Int32Array, depth: number): void {
    const { keyHigh, keyLow } = this.world;
    let state = this.seen.find(keyHigh, keyLow);
    if (state < 0) {
      if (this.seen.count >= this.maxStates) return void (this.ended = 'full');
      state = this.seen.add(keyHigh, keyLow);
      this.room(state);
      this.level[state] = this.sweeping ? UNKNOWN : depth;
      const violation = this.world.judge(child);
      if (violation !== undefined) return this.report(violation);
      if (!this.sweeping) this.fresh++;
    } else if (!this.sweeping && this.level[state] === UNKNOWN) {
      this.level[state] = depth;
      this.fresh++;
    }
    if (this.sweeping ? this.entered[state] !== this.round : depth < this.limit && this.level[state] === depth && this.entered[state] !== this.round) {
      this.entered[state] = this.round;
      this.at = depth;
      this.next[depth] = 0;
      if (depth > this.deepest) this.deepest = depth;
    }
  }

  private leave(): void {
    if (this.at > 0) return void this.at--;
    if (this.sweeping) return void (this.ended = 'complete');
    const before = this.levels[this.levels.length - 1] as number;
    this.levels.push(this.fresh);
    if (this.found !== undefined && this.found.actions.length === this.limit + 1) {
      this.found = { ...this.found, shortest: true };
      return void (this.ended = 'found');
    }
    if (this.fresh === 0) return void (this.ended = 'complete');
    const flat = this.found === undefined && this.limit > 8 && this.fresh < before * FLAT;
    this.begin(flat || this.limit === MAX_LEVEL);
  }

  private begin(sweeping: boolean): void {
    this.sweeping = sweeping;
    if (!sweeping) this.limit = this.levels.length;
    this.depth = sweeping ? 0 : this.limit;
    this.fresh = 0;
    this.next[0] = 0;
    this.round = (this.round % 255) + 1;
    this.entered[0] = this.round;
  }

  private report(violation: Violation): void {
    const actions = this.next.slice(0, this.at + 1).map((next) => next - 1);
    this.found = { violation, actions, shortest: !this.sweeping };
    if (!this.sweeping || actions.length > MAX_LEVEL) return void (this.ended = 'found');
    // Found without a limit: rounds go on from where they stood, up to one action less.
    this.at = 0;
    if (actions.length === this.levels.length) {
      this.found = { violation, actions, shortest: true };
      return void (this.ended = 'found');
    }
    this.begin(false);
  }

  private room(state: number): void {
    if (state < this.level.length) return;
    const level = new Uint8Array(this.level.length * 2);
    const entered = new Uint8Array(this.level.length * 2);
    level.set(this.level);
    entered.set(this.entered);
    this.level = level;
    this.entered = entered;
  }
}
