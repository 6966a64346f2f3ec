// Configurations that the search has met: their number is bounded by bytes, not by what a Map can hold. One that has used up
// more operations of unknown outcome than another, and is equal otherwise, cannot do more than that one.

/** Where the search stands: the event that must happen next, the state, and what has already happened ahead of its return. */
export interface Configuration {
  readonly state: number;
  /** Operations that have happened and not returned, ascending. */
  readonly ahead: readonly number[];
  /** Operations of unknown outcome that have happened and could matter again, ascending. */
  readonly used: readonly number[];
}

const FIRST_WORDS = 1 << 14;
const FIRST_BUCKETS = 1 << 12;
const HEAD = 6;

export class Visited {
  private words: Int32Array = new Int32Array(FIRST_WORDS);
  private buckets: Int32Array = new Int32Array(FIRST_BUCKETS).fill(-1);
  private top = 0;
  private count = 0;
  private readonly mostWords: number;

  constructor(mostBytes: number) {
    this.mostWords = Math.floor(mostBytes / 4);
  }

  get bytes(): number {
    return (this.words.length + this.buckets.length) * 4;
  }

  /** Whether one was met that can do all that this one can. Otherwise this one is kept; 'full' if there is no room. */
  meet(event: number, configuration: Configuration): 'met' | 'new' | 'full' {
    const { state, ahead, used } = configuration;
    const hash = hashOf(event, state, ahead);
    for (let at = this.buckets[hash & (this.buckets.length - 1)] as number; at >= 0; at = this.words[at] as number) {
      if (this.words[at + 1] === hash && this.words[at + 2] === event && this.words[at + 3] === state && this.covers(at, ahead, used)) return 'met';
    }
    return this.keep(hash, event, configuration) ? 'new' : 'full';
  }

  private covers(at: number, ahead: readonly number[], used: readonly number[]): boolean {
    const aheadCount = this.words[at + 4] as number;
    const usedCount = this.words[at + 5] as number;
    if (aheadCount !== ahead.length || usedCount > used.length) return false;
    let word = at + HEAD;
    for (const op of ahead) if (this.words[word++] !== op) return false;
    let place = 0;
    for (let i = 0; i < usedCount; i++) {
      const op = this.words[word++] as number;
      while (place < used.length && (used[place] as number) < op) place++;
      if (used[place] !== op) return false;
      place++;
    }
    return true;
  }

  private keep(hash: number, event: number, { state, ahead, used }: Configuration): boolean {
    const size = HEAD + ahead.length + used.length;
    if (!this.room(size)) return false;
    if (this.count >= this.buckets.length) this.rehash();
    const bucket = hash & (this.buckets.length - 1);
    const at = this.top;
    this.words.set([this.buckets[bucket] as number, hash, event, state, ahead.length, used.length], at);
    this.words.set(ahead, at + HEAD);
    this.words.set(used, at + HEAD + ahead.length);
    this.buckets[bucket] = at;
    this.top += size;
    this.count++;
    return true;
  }

  private room(size: number): boolean {
    if (this.top + size <= this.words.length) return true;
    const wanted = Math.min(Math.max(this.words.length * 2, this.top + size), this.mostWords);
    if (this.top + size > wanted) return false;
    const grown = new Int32Array(wanted);
    grown.set(this.words.subarray(0, this.top));
    this.words = grown;
    return true;
  }

  private rehash(): void {
    this.buckets = new Int32Array(this.buckets.length * 2).fill(-1);
    for (let at = 0; at < this.top; at += HEAD + (this.words[at + 4] as number) + (this.words[at + 5] as number)) {
      const bucket = (this.words[at + 1] as number) & (this.buckets.length - 1);
      this.words[at] = this.buckets[bucket] as number;
      this.buckets[bucket] = at;
    }
  }
}

function hashOf(event: number, state: number, ahead: readonly number[]): number {
  let hash = Math.imul(event ^ 0x9e3779b9, 0x85ebca6b) ^ Math.imul(state, 0xc2b2ae35);
  for (const op of ahead) {
    hash = Math.imul(hash ^ op, 0x01000193);
    hash ^= hash >>> 15;
  }
  hash = Math.imul(hash ^ (hash >>> 16), 0x7feb352d);
  return hash ^ (hash >>> 15);
}
