// The reference: a bare event queue, a 4-ary heap over typed arrays keyed (time, sequence). It stands frozen, whatever the
// simulator's own queue becomes, so that figures taken against it can be compared over the years. Do not improve it.

export class ReferenceQueue {
  private time: Float64Array;
  private sequence: Float64Array;
  private payload: Int32Array;
  private count = 0;
  private pushed = 0;

  constructor(capacity: number) {
    this.time = new Float64Array(capacity);
    this.sequence = new Float64Array(capacity);
    this.payload = new Int32Array(capacity);
  }

  get size(): number {
    return this.count;
  }

  push(at: number, payload: number): void {
    const sequence = this.pushed++;
    const { time, sequence: order, payload: data } = this;
    let hole = this.count++;
    while (hole > 0) {
      const parent = (hole - 1) >> 2;
      // Sequences grow, so an equal time is never before.
      if ((time[parent] as number) <= at) break;
      time[hole] = time[parent] as number;
      order[hole] = order[parent] as number;
      data[hole] = data[parent] as number;
      hole = parent;
    }
    time[hole] = at;
    order[hole] = sequence;
    data[hole] = payload;
  }

  /** Time of the earliest entry. */
  get next(): number {
    return this.time[0] as number;
  }

  /** Takes the earliest entry out and returns its payload. */
  pop(): number {
    const { time, sequence: order, payload: data } = this;
    const out = data[0] as number;
    const last = --this.count;
    const at = time[last] as number;
    const sequence = order[last] as number;
    const payload = data[last] as number;
    let hole = 0;
    for (;;) {
      const first = (hole << 2) + 1;
      if (first >= last) break;
      const end = Math.min(first + 4, last);
      let least = first;
      for (let child = first + 1; child < end; child++) {
        const a = time[child] as number;
        const b = time[least] as number;
        if (a < b || (a === b && (order[child] as number) < (order[least] as number))) least = child;
      }
      const t = time[least] as number;
      if (t > at || (t === at && (order[least] as number) > sequence)) break;
      time[hole] = t;
      order[hole] = order[least] as number;
      data[hole] = data[least] as number;
      hole = least;
    }
    time[hole] = at;
    order[hole] = sequence;
    data[hole] = payload;
    return out;
  }
}

/** Entries taken out and put back later per second, with `depth` entries in the queue. */
export function referenceRate(depth: number, operations: number): number {
  const queue = new ReferenceQueue(depth + 1);
  let random = 12345;
  const delay = (): number => {
    random = (Math.imul(random, 1103515245) + 12345) & 0x7fffffff;
    return random & 0xffff;
  };
  for (let i = 0; i < depth; i++) queue.push(delay(), i);
  const started = performance.now();
  for (let i = 0; i < operations; i++) {
    const now = queue.next;
    queue.push(now + delay() + 1, queue.pop());
  }
  return operations / ((performance.now() - started) / 1_000);
}
