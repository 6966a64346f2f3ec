// What has arrived and waits for its turn, by class: outcomes and heads of the parent chain first, then messages, then
// clients' requests. Each class has its bound; what is over it is dropped here, before the journal.

import type { Cause } from '../kernel/event.ts';
import type { Frame } from './ports.ts';

export interface InboxLimits {
  readonly urgent: number;
  readonly messages: number;
  readonly requests: number;
}

/** First in, first out. Grows by doubling up to its bound. */
export class Ring<T> {
  private items: (T | undefined)[] = new Array<T | undefined>(16).fill(undefined);
  private head = 0;
  private readonly bound: number;
  count = 0;

  constructor(bound: number) {
    this.bound = bound;
  }

  /** False if the ring is full: the item was not taken in. */
  push(item: T): boolean {
    if (this.count >= this.bound) return false;
    if (this.count === this.items.length) this.grow();
    this.items[(this.head + this.count++) & (this.items.length - 1)] = item;
    return true;
  }

  take(): T | undefined {
    if (this.count === 0) return undefined;
    const item = this.items[this.head];
    this.items[this.head] = undefined;
    this.head = (this.head + 1) & (this.items.length - 1);
    this.count--;
    return item;
  }

  private grow(): void {
    const size = this.items.length;
    const grown = new Array<T | undefined>(2 * size).fill(undefined);
    for (let i = 0; i < size; i++) grown[i] = this.items[(this.head + i) & (size - 1)];
    this.items = grown;
    this.head = 0;
  }
}

export class Inbox {
  readonly urgent: Ring<Cause>;
  readonly messages: Ring<Frame>;
  readonly requests: Ring<Cause>;

  constructor(limits: InboxLimits) {
    this.urgent = new Ring(limits.urgent);
    this.messages = new Ring(limits.messages);
    this.requests = new Ring(limits.requests);
  }

  get count(): number {
    return this.urgent.count + this.messages.count + this.requests.count;
  }

  /** The next cause, by class; undefined if nothing waits. */
  take(): Cause | undefined {
    if (this.urgent.count > 0) return this.urgent.take();
    const frame = this.messages.take();
    if (frame === undefined) return this.requests.take();
    return { kind: 'message', from: frame.from, incarnation: frame.incarnation, sent: frame.sequence, message: frame.message };
  }
}
