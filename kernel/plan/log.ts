// What one author has said, by its own count. Ops arrive in any order and are kept at once; `prefix` says up to where nothing
// is missing, which is what a version vector names. Two contents under one number are a lie of the author: both stand, as two
// ops, so that replicas which believed different ones end alike; of more than MAX_CONTENTS those with the smallest ids stay.

import type { Entry, Gone } from './batch.ts';
import { MAX_SEQ, type Op } from './op.ts';

/** Contents of one number: the bound on what a liar can make others keep. */
export const MAX_CONTENTS = 4;
/** Ops ahead of the first that is missing; further ones are dropped, and come again with the next exchange. */
export const WINDOW = 65_536;
/** Ops that share a digest: what two replicas compare when they believed different contents. */
export const BLOCK = 128;

export interface IdSum {
  readonly high: number;
  readonly low: number;
}

export type Entered =
  | { readonly kind: 'new' }
  | { readonly kind: 'forked'; readonly displaced: Entry | undefined }
  | { readonly kind: 'duplicate' | 'tooFarAhead' | 'tooMany' };

const NEW: Entered = { kind: 'new' };
const DUPLICATE: Entered = { kind: 'duplicate' };
const TOO_FAR: Entered = { kind: 'tooFarAhead' };
const TOO_MANY: Entered = { kind: 'tooMany' };

const highOf = (id: string): number => Number.parseInt(id.slice(0, 8), 16) | 0;
const lowOf = (id: string): number => Number.parseInt(id.slice(8, 16), 16) | 0;

export class ActorLog {
  readonly actor: string;
  /** Everything up to this number has arrived. */
  prefix = 0;
  /** By number less one: the content, or the one with the smallest id. */
  private readonly slots: (Entry | undefined)[] = [];
  /** The other contents of numbers that have several, in the order of their ids. */
  private readonly others: Map<number, Entry[]> = new Map();
  /** Sums over whole blocks, as far as they were asked for: one pair for each. */
  private readonly sums: (IdSum | undefined)[] = [];

  constructor(actor: string) {
    this.actor = actor;
  }

  enter(entry: Entry): Entered {
    const { seq } = entry;
    if (seq > this.prefix + WINDOW || seq > MAX_SEQ) return TOO_FAR;
    while (this.slots.length < seq) this.slots.push(undefined);
    const first = this.slots[seq - 1];
    if (first !== undefined) return first.id === entry.id ? DUPLICATE : this.fork(first, entry);
    this.slots[seq - 1] = entry;
    while (this.prefix < this.slots.length && this.slots[this.prefix] !== undefined) this.prefix++;
    return NEW;
  }

  private fork(first: Entry, entry: Entry): Entered {
    const contents = [first, ...(this.others.get(entry.seq) ?? [])];
    if (contents.some((other) => other.id === entry.id)) return DUPLICATE;
    contents.push(entry);
    contents.sort((a, b) => (a.id < b.id ? -1 : 1));
    const displaced = contents.length > MAX_CONTENTS ? contents.pop() : undefined;
    if (displaced === entry) return TOO_MANY;
    this.slots[entry.seq - 1] = contents[0];
    this.others.set(entry.seq, contents.slice(1));
    this.sums[Math.floor((entry.seq - 1) / BLOCK)] = undefined;
    return { kind: 'forked', displaced };
  }

  /** Forgets the content of an op, and keeps its id. */
  drop(op: Op): void {
    const gone: Gone = { actor: op.actor, seq: op.seq, id: op.id };
    if (this.slots[op.seq - 1] === op) {
      this.slots[op.seq - 1] = gone;
      return;
    }
    const others = this.others.get(op.seq) ?? [];
    const place = others.indexOf(op);
    if (place >= 0) others[place] = gone;
  }

  find(seq: number, id: string): Entry | undefined {
    const first = this.slots[seq - 1];
    return first?.id === id ? first : this.others.get(seq)?.find((other) => other.id === id);
  }

  /** Numbers with more than one content: the author lied. */
  get forks(): number {
    return this.others.size;
  }

  /** Where what has arrived ends, with gaps before it or none. */
  get end(): number {
    return this.slots.length;
  }

  /** What is known of the numbers (after, until], in order; gaps are left out. */
  *entries(after: number, until: number = this.slots.length): Generator<Entry> {
    for (let seq = after + 1; seq <= until; seq++) {
      const first = this.slots[seq - 1];
      if (first === undefined) continue;
      yield first;
      const others = this.others.get(seq);
      if (others !== undefined) yield* others;
    }
  }

  /**
   * Of all contents up to a number that has arrived. A sum, so that it does not depend on the order in which they came. It tells
   * honest histories apart; whoever makes two histories with one sum has spoken only to those whom it told them.
   */
  digestAt(seq: number): IdSum {
    const whole = Math.floor(seq / BLOCK);
    let high = 0;
    let low = 0;
    for (let block = 0; block < whole; block++) {
      const sum = this.block(block);
      high = (high + sum.high) | 0;
      low = (low + sum.low) | 0;
    }
    for (const entry of this.entries(whole * BLOCK, seq)) {
      high = (high + highOf(entry.id)) | 0;
      low = (low + lowOf(entry.id)) | 0;
    }
    return { high: high >>> 0, low: low >>> 0 };
  }

  /** Of a block that has arrived completely. */
  block(block: number): IdSum {
    const known = this.sums[block];
    if (known !== undefined) return known;
    let high = 0;
    let low = 0;
    for (const entry of this.entries(block * BLOCK, (block + 1) * BLOCK)) {
      high = (high + highOf(entry.id)) | 0;
      low = (low + lowOf(entry.id)) | 0;
    }
    while (this.sums.length < block) this.sums.push(undefined);
    const sum = { high: high >>> 0, low: low >>> 0 };
    this.sums[block] = sum;
    return sum;
  }
}
