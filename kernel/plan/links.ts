// Which links hold. The rule: links are considered in their total order, and one that would close a cycle with those that hold
// before it is rejected. It says nothing about arrival, so every replica comes to the same verdicts; here they are kept as ops
// arrive, in any order.
//
// Why most arrivals are cheap. Let H be all links that hold. If a new link closes no cycle in H, it holds and no other verdict
// moves: later ones that held have no cycle with it either, and what rejected the rejected still holds. If it closes one with
// links before it alone, it is rejected and nothing moves. Only a link that arrives late and closes a cycle with later ones
// moves verdicts: then the links after it are considered again, once for all that arrived together.
//
// Cycles are found by a topological order that is repaired where a link contradicts it (Pearce and Kelly, "A Dynamic Topological
// Sort Algorithm for Directed Acyclic Graphs", 2006). That order depends on arrival; nobody sees it.

import { assert } from '../base/assert.ts';
import { compareOps, type Op } from './op.ts';

export class Links {
  /** By link, in the order of arrival. */
  readonly ops: Op[] = [];
  readonly tails: number[] = [];
  readonly heads: number[] = [];
  private readonly held: boolean[] = [];
  /** By task: links that leave it, and links that enter it, whether they hold or not. */
  private readonly leaving: number[][] = [];
  private readonly entering: number[][] = [];
  /** By task: its place in the topological order of what holds. */
  private readonly rank: number[] = [];
  private readonly seen: number[] = [];
  private stamp = 0;
  /** Links without a verdict yet. */
  private fresh: number[] = [];
  /** Links with a verdict, in their total order, and those that are not in there yet. */
  private sorted: number[] = [];
  private unsorted: number[] = [];
  /** The last of all links with a verdict. */
  private last = -1;
  /** How many verdicts were looked at again, for whoever wants to know what lateness costs. */
  reconsidered = 0;

  addTask(): void {
    this.rank.push(this.rank.length);
    this.leaving.push([]);
    this.entering.push([]);
    this.seen.push(0);
  }

  add(it: Op, tail: number, head: number): void {
    const link = this.ops.length;
    this.ops.push(it);
    this.tails.push(tail);
    this.heads.push(head);
    this.held.push(false);
    (this.leaving[tail] as number[]).push(link);
    (this.entering[head] as number[]).push(link);
    this.fresh.push(link);
  }

  holds(link: number): boolean {
    return this.held[link] as boolean;
  }

  /** All links at a task, held or not. */
  from(task: number): readonly number[] {
    return this.leaving[task] as readonly number[];
  }

  into(task: number): readonly number[] {
    return this.entering[task] as readonly number[];
  }

  /** Gives every link its verdict; `changed` hears of those that begin to hold, or cease to. */
  settle(changed: (link: number, holds: boolean) => void): void {
    if (this.fresh.length === 0) return;
    const arrived = this.fresh;
    this.fresh = [];
    if (arrived.length > 1) arrived.sort(this.byOrder);
    for (let i = 0; i < arrived.length; i++) {
      const link = arrived[i] as number;
      const verdict = this.consider(link);
      if (verdict === 'movesLater') return this.again(arrived, i, changed);
      this.unsorted.push(link);
      if (this.last < 0 || this.byOrder(this.last, link) < 0) this.last = link;
      if (verdict === 'holds') changed(link, true);
    }
  }

  private readonly byOrder = (a: number, b: number): number => compareOps(this.ops[a] as Op, this.ops[b] as Op);

  private consider(link: number): 'holds' | 'rejected' | 'movesLater' {
    if (this.tails[link] === this.heads[link]) return 'rejected';
    if (this.hold(link)) return 'holds';
    if (this.last < 0 || this.byOrder(this.last, link) < 0) return 'rejected';
    return this.closedByEarlier(link) ? 'rejected' : 'movesLater';
  }

  /** The link at `place` of those that arrived holds, and moves verdicts of later ones: all after it are considered again. */
  private again(arrived: readonly number[], place: number, changed: (link: number, holds: boolean) => void): void {
    const first = arrived[place] as number;
    for (let i = place; i < arrived.length; i++) this.unsorted.push(arrived[i] as number);
    this.merge();
    const start = this.placeOf(first);
    const before = this.sorted.slice(start).map((link) => this.held[link] as boolean);
    for (let i = start; i < this.sorted.length; i++) this.held[this.sorted[i] as number] = false;
    for (let i = start; i < this.sorted.length; i++) {
      const link = this.sorted[i] as number;
      if (this.tails[link] !== this.heads[link]) this.hold(link);
    }
    assert(this.held[first] as boolean, 'a link that closes no cycle with earlier ones holds');
    this.reconsidered += this.sorted.length - start;
    this.last = this.sorted[this.sorted.length - 1] as number;
    // Those that cease first: what they held up is free before others are held up.
    for (let i = start; i < this.sorted.length; i++) if (before[i - start] === true && this.held[this.sorted[i] as number] === false) changed(this.sorted[i] as number, false);
    for (let i = start; i < this.sorted.length; i++) if (before[i - start] === false && this.held[this.sorted[i] as number] === true) changed(this.sorted[i] as number, true);
  }

  private placeOf(link: number): number {
    let low = 0;
    let high = this.sorted.length - 1;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.byOrder(this.sorted[middle] as number, link) < 0) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  /** All links with a verdict, in their total order. */
  inOrder(): readonly number[] {
    this.merge();
    return this.sorted;
  }

  private merge(): void {
    const late = this.unsorted;
    if (late.length === 0) return;
    this.unsorted = [];
    late.sort(this.byOrder);
    const end = this.sorted[this.sorted.length - 1];
    if (end === undefined || this.byOrder(end, late[0] as number) < 0) {
      for (const link of late) this.sorted.push(link);
      return;
    }
    const both: number[] = [];
    let a = 0;
    let b = 0;
    while (a < this.sorted.length || b < late.length) {
      const takeLate = a === this.sorted.length || (b < late.length && this.byOrder(late[b] as number, this.sorted[a] as number) < 0);
      both.push((takeLate ? late[b++] : this.sorted[a++]) as number);
    }
    this.sorted = both;
  }

  /** Lets a link hold, unless that closes a cycle with any that holds. */
  private hold(link: number): boolean {
    const tail = this.tails[link] as number;
    const head = this.heads[link] as number;
    const high = this.rank[tail] as number;
    const low = this.rank[head] as number;
    if (low < high) {
      const after = this.reach(head, high, true);
      if (this.seen[tail] === this.stamp) return false;
      this.reorder(this.reach(tail, low, false), after);
    }
    this.held[link] = true;
    return true;
  }

  /** Tasks that are reached from one over links that hold, within a bound on their rank. */
  private reach(start: number, bound: number, forward: boolean): number[] {
    const stamp = ++this.stamp;
    const found = [start];
    this.seen[start] = stamp;
    const edges = forward ? this.leaving : this.entering;
    const ends = forward ? this.heads : this.tails;
    for (let i = 0; i < found.length; i++) {
      const links = edges[found[i] as number] as number[];
      for (let k = 0; k < links.length; k++) {
        const link = links[k] as number;
        if (this.held[link] === false) continue;
        const next = ends[link] as number;
        const rank = this.rank[next] as number;
        if (this.seen[next] === stamp || (forward ? rank > bound : rank < bound)) continue;
        this.seen[next] = stamp;
        found.push(next);
      }
    }
    return found;
  }

  /** Gives the tasks of `before` and `after` each other's places, so that all of `before` come first. */
  private reorder(before: number[], after: number[]): void {
    const byRank = (a: number, b: number): number => (this.rank[a] as number) - (this.rank[b] as number);
    before.sort(byRank);
    after.sort(byRank);
    const tasks = before.concat(after);
    const places = tasks.map((task) => this.rank[task] as number).sort((a, b) => a - b);
    for (let i = 0; i < tasks.length; i++) this.rank[tasks[i] as number] = places[i] as number;
  }

  /** Is there a way from head to tail over links that hold and come before this one? */
  private closedByEarlier(link: number): boolean {
    return this.wayBack(link) !== undefined;
  }

  /** The tasks of a shortest way from the link's head to its tail over earlier links that hold; the first found, in their order. */
  wayBack(link: number): readonly number[] | undefined {
    const start = this.heads[link] as number;
    const goal = this.tails[link] as number;
    if (start === goal) return [start];
    const stamp = ++this.stamp;
    const came: Map<number, number> = new Map();
    const found = [start];
    this.seen[start] = stamp;
    for (let i = 0; i < found.length; i++) {
      const task = found[i] as number;
      const next = (this.leaving[task] as number[]).filter((other) => this.held[other] === true && this.byOrder(other, link) < 0);
      next.sort(this.byOrder);
      for (const other of next) {
        const head = this.heads[other] as number;
        if (this.seen[head] === stamp) continue;
        this.seen[head] = stamp;
        came.set(head, task);
        if (head === goal) return way(came, start, goal);
        found.push(head);
      }
    }
    return undefined;
  }
}

function way(came: ReadonlyMap<number, number>, start: number, goal: number): readonly number[] {
  const tasks = [goal];
  for (let task = goal; task !== start; ) {
    task = came.get(task) as number;
    tasks.push(task);
  }
  return tasks.reverse();
}
