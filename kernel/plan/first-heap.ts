// A set of tasks of which the first ones in some fixed order can be named at once. Entering and leaving cost a logarithm.

/** From here on sorting all is cheaper than looking for the first ones. */
const MANY = 256;

export class FirstHeap {
  private readonly heap: number[] = [];
  /** By task: its place in the heap, or -1. */
  private readonly place: number[] = [];
  private readonly before: (a: number, b: number) => boolean;

  constructor(before: (a: number, b: number) => boolean) {
    this.before = before;
  }

  get size(): number {
    return this.heap.length;
  }

  has(task: number): boolean {
    return (this.place[task] ?? -1) >= 0;
  }

  enter(task: number): void {
    while (this.place.length <= task) this.place.push(-1);
    this.heap.push(task);
    this.up(this.heap.length - 1, task);
  }

  leave(task: number): void {
    const place = this.place[task] as number;
    this.place[task] = -1;
    const last = this.heap.pop() as number;
    if (last === task) return;
    this.up(place, last);
    this.down(this.place[last] as number, last);
  }

  /** The first `limit` tasks. They stay. */
  first(limit: number): number[] {
    if (limit > MANY) return this.heap.slice().sort((a, b) => (a === b ? 0 : this.before(a, b) ? -1 : 1)).slice(0, limit);
    const out: number[] = [];
    // Places that may hold the next one: a heap of its own, with at most one more than were taken out.
    const edge: number[] = this.heap.length > 0 ? [0] : [];
    while (edge.length > 0 && out.length < limit) {
      let best = 0;
      for (let i = 1; i < edge.length; i++) if (this.before(this.heap[edge[i] as number] as number, this.heap[edge[best] as number] as number)) best = i;
      const place = edge[best] as number;
      edge[best] = edge[edge.length - 1] as number;
      edge.pop();
      out.push(this.heap[place] as number);
      for (const child of [2 * place + 1, 2 * place + 2]) if (child < this.heap.length) edge.push(child);
    }
    return out;
  }

  private up(from: number, task: number): void {
    let place = from;
    while (place > 0) {
      const parent = (place - 1) >> 1;
      const above = this.heap[parent] as number;
      if (!this.before(task, above)) break;
      this.settle(place, above);
      place = parent;
    }
    this.settle(place, task);
  }

  private down(from: number, task: number): void {
    let place = from;
    for (;;) {
      let child = 2 * place + 1;
      if (child >= this.heap.length) break;
      if (child + 1 < this.heap.length && this.before(this.heap[child + 1] as number, this.heap[child] as number)) child++;
      const below = this.heap[child] as number;
      if (!this.before(below, task)) break;
      this.settle(place, below);
      place = child;
    }
    this.settle(place, task);
  }

  private settle(place: number, task: number): void {
    this.heap[place] = task;
    this.place[task] = place;
  }
}
