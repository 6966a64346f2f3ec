// The order of a simulated world: a 4-ary heap over typed arrays keyed (time, sequence), so that entries of one time leave in the
// order they came. Only three numbers move when the heap is sifted; payloads stay where they are until they are taken.

export class EventQueue {
  private times = new Float64Array(256);
  private order = new Float64Array(256);
  private slots = new Int32Array(256);
  private codes = new Int32Array(256);
  private payloads: unknown[] = [];
  private free: number[] = [];
  private sequence = 0;
  size = 0;
  /** The entry taken last. */
  time = 0;
  code = 0;
  payload: unknown = undefined;
  /** How many entries had come before the one taken last. */
  number = 0;

  /** So many entries have come. */
  get count(): number {
    return this.sequence;
  }

  /** When the earliest entry is due. There must be one. */
  get next(): number {
    return this.times[0] as number;
  }

  push(time: number, code: number, payload: unknown): void {
    if (this.size === this.times.length) this.grow();
    const slot = this.free.length > 0 ? (this.free.pop() as number) : this.size;
    this.codes[slot] = code;
    this.payloads[slot] = payload;
    const sequence = this.sequence++;
    let place = this.size++;
    while (place > 0) {
      const parent = (place - 1) >> 2;
      const above = this.times[parent] as number;
      if (above < time || (above === time && (this.order[parent] as number) < sequence)) break;
      this.times[place] = above;
      this.order[place] = this.order[parent] as number;
      this.slots[place] = this.slots[parent] as number;
      place = parent;
    }
    this.times[place] = time;
    this.order[place] = sequence;
    this.slots[place] = slot;
  }

  /** Takes the earliest entry into `time`, `code` and `payload`. */
  pop(): void {
    const slot = this.slots[0] as number;
    this.time = this.times[0] as number;
    this.number = this.order[0] as number;
    this.code = this.codes[slot] as number;
    this.payload = this.payloads[slot];
    this.payloads[slot] = undefined;
    this.free.push(slot);
    const last = --this.size;
    if (last === 0) return;
    const time = this.times[last] as number;
    const sequence = this.order[last] as number;
    const moved = this.slots[last] as number;
    let place = 0;
    for (;;) {
      const first = 4 * place + 1;
      if (first >= last) break;
      let least = first;
      let leastTime = this.times[first] as number;
      let leastOrder = this.order[first] as number;
      const end = first + 4 < last ? first + 4 : last;
      for (let child = first + 1; child < end; child++) {
        const t = this.times[child] as number;
        if (t < leastTime || (t === leastTime && (this.order[child] as number) < leastOrder)) {
          least = child;
          leastTime = t;
          leastOrder = this.order[child] as number;
        }
      }
      if (time < leastTime || (time === leastTime && sequence < leastOrder)) break;
      this.times[place] = leastTime;
      this.order[place] = leastOrder;
      this.slots[place] = this.slots[least] as number;
      place = least;
    }
    this.times[place] = time;
    this.order[place] = sequence;
    this.slots[place] = moved;
  }

  private grow(): void {
    const length = this.times.length * 2;
    const times = new Float64Array(length);
    times.set(this.times);
    this.times = times;
    const order = new Float64Array(length);
    order.set(this.order);
    this.order = order;
    const slots = new Int32Array(length);
    slots.set(this.slots);
    this.slots = slots;
    const codes = new Int32Array(length);
    codes.set(this.codes);
    this.codes = codes;
  }
}
