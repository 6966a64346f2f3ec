// The leader's side of a snapshot on its way (7): one content for all followers that need one, put into the store of this node,
// and read again chunk by chunk. The state knows its name only. It outlives the leader's term of office: whoever leads again
// goes on with what it has in its store, as long as its log goes on from there.

import { Refused, type Codec, type Reader, type Writer } from '../base/codec.ts';
import type { GroupId } from '../base/ids.ts';
import type { Micros } from '../base/time.ts';
import { chunkLength, MAX_CONTENT_BYTES, readContentLength, readContentName, type ContentAnswer, type ContentRequest } from '../content.ts';
import type { Context } from '../context.ts';
import type { ServiceOutcome } from '../event.ts';
import { SnapshotContent, type Snapshot } from './transfer.ts';

/** A question to the store that is open: the effect that asked it, when, and what about. */
interface Asked {
  readonly sequence: number;
  readonly place: number;
  readonly at: Micros;
  /** Of a chunk: where it begins. */
  readonly offset: number;
}

/**
 * `storing`: it has no name yet. `kept`: from an earlier term of office, and who knows whether the store still has it. `asking`:
 * that question is open. `held`: chunks of it can be read.
 */
export type OfferPhase = 'storing' | 'kept' | 'asking' | 'held';
const PHASES: readonly OfferPhase[] = ['storing', 'kept', 'asking', 'held'];

export interface OfferImage {
  readonly phase: OfferPhase;
  readonly index: number;
  readonly term: number;
  /** Empty while it is being stored. */
  readonly content: string;
  readonly length: number;
  readonly asked: readonly Asked[];
}

/** What an answer of the store means for those who wait. */
export type Told =
  | { readonly kind: 'nothing' }
  /** Chunks can be read from now on. */
  | { readonly kind: 'ready' }
  | { readonly kind: 'chunk'; readonly offset: number; readonly bytes: Uint8Array }
  /** It has to be made anew. */
  | { readonly kind: 'lost'; readonly why: 'missing' | 'damaged' }
  | { readonly kind: 'failed' };

const NOTHING: Told = { kind: 'nothing' };

export class Offer {
  phase: OfferPhase;
  readonly index: number;
  readonly term: number;
  content: string;
  length: number;
  /** One question while it is stored or asked for; then one for each offset that a follower waits for. */
  private asked: Asked[];

  constructor(image: OfferImage) {
    this.phase = image.phase;
    this.index = image.index;
    this.term = image.term;
    this.content = image.content;
    this.length = image.length;
    this.asked = image.asked.slice();
  }

  /** Gives a snapshot to the store. */
  static make(ctx: Context, group: GroupId, snapshot: Snapshot): Offer {
    const offer = new Offer({ phase: 'storing', index: snapshot.index, term: snapshot.term, content: '', length: 0, asked: [] });
    offer.ask(ctx, { service: 'content', ask: 'put', owner: group, content: new SnapshotContent(group, snapshot) }, 0);
    return offer;
  }

  private ask(ctx: Context, request: ContentRequest, offset: number): void {
    this.asked.push({ sequence: ctx.sequence, place: ctx.call(request), at: ctx.at, offset });
  }

  /** False if nobody can go on with it: it has no name yet. */
  leaveOffice(): boolean {
    if (this.phase === 'storing') return false;
    this.phase = 'kept';
    this.asked = [];
    return true;
  }

  /** It is older than this leader's office: does the store still have it? */
  inquire(ctx: Context): void {
    this.phase = 'asking';
    this.ask(ctx, { service: 'content', ask: 'has', content: this.content }, 0);
  }

  /** Reads a chunk, unless that is under way. */
  read(ctx: Context, offset: number): void {
    if (this.isReading(offset)) return;
    this.ask(ctx, { service: 'content', ask: 'get', content: this.content, offset }, offset);
  }

  isReading(offset: number): boolean {
    return this.asked.some((one) => one.offset === offset);
  }

  /** Gives up on questions that the store has not answered for so long. True if there were any. */
  forget(before: Micros): boolean {
    const open = this.asked.length;
    this.asked = this.asked.filter((one) => one.at >= before);
    return this.asked.length < open;
  }

  hasAsked(sequence: number, place: number): boolean {
    return this.asked.some((one) => one.sequence === sequence && one.place === place);
  }

  answered(sequence: number, place: number, outcome: ServiceOutcome): Told {
    const found = this.asked.findIndex((one) => one.sequence === sequence && one.place === place);
    const [asked] = found < 0 ? [] : this.asked.splice(found, 1);
    if (asked === undefined) return NOTHING;
    if (outcome.kind !== 'ok' || outcome.answer.service !== 'content') return { kind: 'failed' };
    return this.told(asked, outcome.answer);
  }

  private told(asked: Asked, answer: ContentAnswer): Told {
    if (answer.is === 'absent') return { kind: 'lost', why: answer.why };
    if (this.phase === 'storing' && answer.is === 'stored' && answer.length <= MAX_CONTENT_BYTES) {
      this.content = answer.content;
      this.length = answer.length;
    } else if (this.phase === 'asking' && answer.is === 'held') {
      if (answer.length !== this.length) return { kind: 'lost', why: 'damaged' };
    } else if (this.phase === 'held' && answer.is === 'chunk') {
      if (answer.bytes.length !== chunkLength(this.length, asked.offset)) return { kind: 'lost', why: 'damaged' };
      return { kind: 'chunk', offset: asked.offset, bytes: answer.bytes };
    } else return { kind: 'failed' };
    this.phase = 'held';
    return { kind: 'ready' };
  }

  image(): OfferImage {
    return { phase: this.phase, index: this.index, term: this.term, content: this.content, length: this.length, asked: this.asked.slice() };
  }
}

const askedCodec: Codec<Asked> = {
  write(w: Writer, asked: Asked): void {
    w.array(4);
    w.uint(asked.sequence);
    w.uint(asked.place);
    w.uint(asked.at);
    w.uint(asked.offset);
  },
  read(r: Reader): Asked {
    r.tuple(4);
    return { sequence: r.uint(), place: r.uint(), at: r.uint(), offset: r.uint() };
  },
};

export const offerCodec: Codec<OfferImage> = {
  write(w: Writer, offer: OfferImage): void {
    const named = offer.phase !== 'storing';
    w.array(named ? 6 : 4);
    w.uint(PHASES.indexOf(offer.phase));
    w.uint(offer.index);
    w.uint(offer.term);
    w.list(askedCodec, offer.asked);
    if (!named) return;
    w.text(offer.content);
    w.uint(offer.length);
  },
  read(r: Reader): OfferImage {
    const fields = r.array(6);
    const phase = PHASES[r.uint(PHASES.length - 1)] as OfferPhase;
    if (fields !== (phase === 'storing' ? 4 : 6)) throw new Refused('an offer of another length');
    const head = { phase, index: r.uint(), term: r.uint(), asked: r.list(askedCodec, 0xffff) };
    return phase === 'storing' ? { ...head, content: '', length: 0 } : { ...head, content: readContentName(r), length: readContentLength(r) };
  },
};
