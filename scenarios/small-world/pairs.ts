// A set of pairs of 32-bit words: open addressing over typed arrays, 8 bytes a slot. Each pair has a number, in the order in
// which it came. Millions of them are the memory of a search, so nothing is allocated for one.

export class Pairs {
  /** How many there are. */
  count = 0;
  private highs: Int32Array;
  private lows: Int32Array;
  /** By slot: the number of the pair, and 1; 0: nothing is there. */
  private numbers: Int32Array;
  private mask: number;

  constructor(slots: number = 1 << 12) {
    this.highs = new Int32Array(slots);
    this.lows = new Int32Array(slots);
    this.numbers = new Int32Array(slots);
    this.mask = slots - 1;
  }

  /** The number of a pair; -1 if it is not there. */
  find(high: number, low: number): number {
    const { highs, lows, numbers, mask } = this;
    for (let slot = spread(high, low) & mask; ; slot = (slot + 1) & mask) {
      const number = numbers[slot] as number;
      if (number === 0) return -1;
      if (highs[slot] === high && lows[slot] === low) return number - 1;
    }
  }

  /** Adds a pair that is not there, and returns its number. */
  add(high: number, low: number): number {
    if (this.count * 3 >= this.mask * 2) this.grow();
    this.put(high, low, ++this.count);
    return this.count - 1;
  }

  /** A word over all pairs, whatever the order in which they came. */
  sum(): number {
    let sum = 0;
    for (let slot = 0; slot <= this.mask; slot++) if (this.numbers[slot] !== 0) sum = (sum + (this.highs[slot] as number) + Math.imul(this.lows[slot] as number, 3)) | 0;
    return sum;
  }

  private put(high: number, low: number, number: number): void {
    let slot = spread(high, low) & this.mask;
    while (this.numbers[slot] !== 0) slot = (slot + 1) & this.mask;
    this.highs[slot] = high;
    this.lows[slot] = low;
    this.numbers[slot] = number;
  }

  private grow(): void {
    const { highs, lows, numbers } = this;
    const slots = numbers.length * 2;
    this.highs = new Int32Array(slots);
    this.lows = new Int32Array(slots);
    this.numbers = new Int32Array(slots);
    this.mask = slots - 1;
    for (let slot = 0; slot < numbers.length; slot++) {
      if (numbers[slot] !== 0) this.put(highs[slot] as number, lows[slot] as number, numbers[slot] as number);
    }
  }
}

/** Keys may be small counting numbers: they have to be spread. */
function spread(high: number, low: number): number {
  const h = Math.imul(high ^ (low >>> 15), 0x9e3779b1) ^ Math.imul(low, 0x85ebca6b);
  return h ^ (h >>> 15);
}
