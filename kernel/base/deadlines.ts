// Deadlines are kernel state: one slot per owner, ordered by (due, slot). A binary heap over typed arrays that knows where
// each slot stands, so that arming, moving and clearing cost O(log slots) and leave nothing stale behind.

import { assert } from './assert.ts';
import { NEVER, type Micros } from './time.ts';

export class Deadlines {
  private readonly due: Float64Array;
  private readonly heap: Int32Array;
  private readonly place: Int32Array;
  private count = 0;

  constructor(slots: number) {
    this.due = new Float64Array(slots).fill(NEVER);
    this.heap = new Int32Array(slots);
    this.place = new Int32Array(slots).fill(-1);
  }

  /** The earliest deadline, NEVER if there is none. */
  get next(): Micros {
    return this.count === 0 ? NEVER : (this.due[this.heap[0] as number] as number);
  }

  of(slot: number): Micros {
    return this.due[slot] as number;
  }

  /** Arms, moves or (with NEVER) clears the deadline of a slot. */
  set(slot: number, due: Micros): void {
    const place = this.place[slot] as number;
    this.due[slot] = due;
    if (due >= NEVER) {
      if (place >= 0) this.removeAt(place);
    } else if (place < 0) {
      this.settle(this.count, slot);
      this.up(this.count++);
    } else {
      this.up(place);
      this.down(this.place[slot] as number);
    }
  }

  /** Takes the earliest deadline out and names its slot. */
  take(now: Micros): number {
    assert(this.count > 0 && this.next <= now, 'a deadline is due');
    const slot = this.heap[0] as number;
    this.set(slot, NEVER);
    return slot;
  }

  image(): readonly number[] {
    const dues: number[] = [];
    for (let slot = 0; slot < this.due.length; slot++) dues.push(this.due[slot] as number);
    return dues;
  }

  restore(dues: readonly number[]): void {
    assert(dues.length === this.due.length, 'the image has as many slots as the parameters say');
    for (let slot = 0; slot < dues.length; slot++) this.set(slot, dues[slot] as number);
  }

  private removeAt(place: number): void {
    this.place[this.heap[place] as number] = -1;
    const last = this.heap[--this.count] as number;
    if (place === this.count) return;
    this.settle(place, last);
    this.up(place);
    this.down(this.place[last] as number);
  }

  private settle(place: number, slot: number): void {
    this.heap[place] = slot;
    this.place[slot] = place;
  }

  private before(a: number, b: number): boolean {
    const x = this.due[a] as number;
    const y = this.due[b] as number;
    return x < y || (x === y && a < b);
  }

  private up(from: number): void {
    let place = from;
    const slot = this.heap[place] as number;
    while (place > 0) {
      const parent = (place - 1) >> 1;
      const above = this.heap[parent] as number;
      if (!this.before(slot, above)) break;
      this.settle(place, above);
      place = parent;
    }
    this.settle(place, slot);
  }

  private down(from: number): void {
    let place = from;
    const slot = this.heap[place] as number;
    for (;;) {
      let child = 2 * place + 1;
      if (child >= this.count) break;
      if (child + 1 < this.count && this.before(this.heap[child + 1] as number, this.heap[child] as number)) child++;
      const below = this.heap[child] as number;
      if (!this.before(below, slot)) break;
      this.settle(place, below);
      place = child;
    }
    this.settle(place, slot);
  }
}
