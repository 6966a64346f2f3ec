// Which envelopes a node has accepted: each at most once, in bounded memory, and without trusting any clock. A sender numbers
// what it says by its Lamport time, which never repeats, so for each sender a window of its latest numbers is enough: what is at
// or below the mark where the window ends was seen, or is too late to tell. Of too many senders the one whose last word is
// oldest is forgotten, and then nothing that old is accepted from anybody who is not remembered: such a sender has only to
// hear what time it is. Both marks only rise, so what was accepted once is never accepted again.

import { assert } from '../base/assert.ts';
import { OrderedMap } from '@js-sdsl/ordered-map';
import type { Codec, Reader, Writer } from '../base/codec.ts';
import { dropFirst } from '../base/queues.ts';

export interface SeenLimits {
  readonly senders: number;
  /** Envelopes remembered of each sender. */
  readonly window: number;
}

export type SeenFault = 'duplicate' | 'equivocation' | 'replayed' | 'unknownAndOld';

interface Heard {
  /** Everything at or below was heard, or comes too late. */
  low: number;
  /** In the order of their Lamport times, which stand in `lamports` at the same place. */
  readonly lamports: number[];
  readonly ids: string[];
}

export interface SeenImage {
  readonly floor: number;
  readonly senders: readonly { readonly sender: string; readonly low: number; readonly lamports: readonly number[]; readonly ids: readonly string[] }[];
}

/** The latest number of each sender, and the sender: the first of them is forgotten first. */
type Key = readonly [lamport: number, sender: string];
const inOrder = (a: Key, b: Key): number => a[0] - b[0] || (a[1] < b[1] ? -1 : a[1] > b[1] ? 1 : 0);

export class Seen {
  private readonly limits: SeenLimits;
  private readonly senders: Map<string, Heard> = new Map();
  private oldest: OrderedMap<Key, true> = new OrderedMap<Key, true>([], inOrder);
  private floor = 0;

  constructor(limits: SeenLimits) {
    this.limits = limits;
  }

  /** For looking: how many senders are remembered, and how many envelopes. */
  get size(): { readonly senders: number; readonly envelopes: number } {
    let envelopes = 0;
    for (const heard of this.senders.values()) envelopes += heard.ids.length;
    return { senders: this.senders.size, envelopes };
  }

  /** Why this is not to be accepted; undefined if it is new. Changes nothing. */
  fault(sender: string, lamport: number, id: string): SeenFault | undefined {
    const heard = this.senders.get(sender);
    if (heard === undefined) return lamport <= this.floor ? 'unknownAndOld' : undefined;
    const place = heard.lamports.lastIndexOf(lamport);
    if (place >= 0) return heard.ids[place] === id ? 'duplicate' : 'equivocation';
    return lamport <= heard.low ? 'replayed' : undefined;
  }

  /** It is new, and was accepted. */
  add(sender: string, lamport: number, id: string): void {
    let heard = this.senders.get(sender);
    if (heard === undefined) {
      heard = { low: this.floor, lamports: [], ids: [] };
      this.senders.set(sender, heard);
    } else this.oldest.eraseElementByKey([latest(heard), sender]);
    let place = heard.lamports.length;
    while (place > 0 && (heard.lamports[place - 1] as number) > lamport) place--;
    heard.lamports.splice(place, 0, lamport);
    heard.ids.splice(place, 0, id);
    if (heard.lamports.length > this.limits.window) {
      heard.low = heard.lamports[0] as number;
      dropFirst(heard.lamports, 1);
      dropFirst(heard.ids, 1);
    }
    this.oldest.setElement([latest(heard), sender], true);
    if (this.senders.size > this.limits.senders) this.forgetOne();
  }

  private forgetOne(): void {
    const oldest = this.oldest.front();
    assert(oldest !== undefined, 'somebody is remembered');
    const [lamport, sender] = oldest[0];
    this.oldest.eraseElementByKey([lamport, sender]);
    this.senders.delete(sender);
    this.floor = Math.max(this.floor, lamport);
  }

  image(): SeenImage {
    const senders = [...this.senders].map(([sender, { low, lamports, ids }]) => ({ sender, low, lamports: lamports.slice(), ids: ids.slice() }));
    return { floor: this.floor, senders: senders.sort((a, b) => (a.sender < b.sender ? -1 : a.sender > b.sender ? 1 : 0)) };
  }

  restore(image: SeenImage): void {
    this.floor = image.floor;
    this.senders.clear();
    this.oldest = new OrderedMap<Key, true>([], inOrder);
    for (const { sender, low, lamports, ids } of image.senders) {
      const heard: Heard = { low, lamports: lamports.slice(), ids: ids.slice() };
      this.senders.set(sender, heard);
      this.oldest.setElement([latest(heard), sender], true);
    }
  }
}

const latest = (heard: Heard): number => heard.lamports[heard.lamports.length - 1] ?? heard.low;

const MAX_SENDERS = 65_536;
const MAX_WINDOW = 4_096;

const lamportCodec: Codec<number> = { write: (w: Writer, lamport: number): void => w.uint(lamport), read: (r: Reader): number => r.uint() };
const idCodec: Codec<string> = { write: (w: Writer, id: string): void => w.text(id), read: (r: Reader): string => r.text(64) };

const senderCodec: Codec<SeenImage['senders'][number]> = {
  write(w: Writer, one: SeenImage['senders'][number]): void {
    w.array(4);
    w.text(one.sender);
    w.uint(one.low);
    w.list(lamportCodec, one.lamports);
    w.list(idCodec, one.ids);
  },
  read(r: Reader): SeenImage['senders'][number] {
    r.tuple(4);
    return { sender: r.text(64), low: r.uint(), lamports: r.list(lamportCodec, MAX_WINDOW), ids: r.list(idCodec, MAX_WINDOW) };
  },
};

export const seenImageCodec: Codec<SeenImage> = {
  write(w: Writer, image: SeenImage): void {
    w.array(2);
    w.uint(image.floor);
    w.list(senderCodec, image.senders);
  },
  read(r: Reader): SeenImage {
    r.tuple(2);
    return { floor: r.uint(), senders: r.list(senderCodec, MAX_SENDERS) };
  },
};
