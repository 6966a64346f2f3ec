// The leader's side of replication (3.5, 7, 10.2): what to send to whom, and when to say it again. It exists while this member
// leads, decides nothing about commitment, and holds one `Progress` for each seat of the configuration in force, its own included.

import type { GroupId, NodeId } from '../base/ids.ts';
import type { Micros } from '../base/time.ts';
import { isChunkOffset } from '../content.ts';
import type { Context } from '../context.ts';
import type { ServiceOutcome } from '../event.ts';
import type { RaftParameters } from '../parameters.ts';
import { majorityOf, type Electorate } from './configuration.ts';
import type { Entry } from './entry.ts';
import type { Log } from './log.ts';
import { append, MAX_ENTRIES_PER_APPEND, snapshotChunk, type Append, type RaftMessage, type SnapshotReply } from './message.ts';
import { Offer, type OfferImage } from './offer.ts';
import { Progress, type ProgressImage } from './progress.ts';
import type { Replica } from './replica.ts';
import type { Snapshot } from './transfer.ts';

/** A follower that lacks fewer entries than this, and answers, has caught up (4.2.1). */
export const NEARLY_ALL = 64;
/** While a follower is getting a snapshot, the entries after it are kept, up to this many. */
const MAX_PINNED = 16_384;
const NO_ENTRIES: readonly Entry[] = [];

/** The member that leads, as far as its followers need to know it. */
export interface Leading {
  readonly group: GroupId;
  readonly self: NodeId;
  readonly term: number;
  readonly commit: number;
  readonly applied: number;
  /** The latest round of confirmation. */
  readonly round: number;
  readonly electorate: Electorate;
  readonly log: Log;
  readonly replica: Replica;
  /** The index of the first configuration in the log after `index`; 0 if there is none. */
  configuredAfter(index: number): number;
  /** A snapshot of what is applied. */
  freeze(): Snapshot;
}

export class Followers {
  private readonly leading: Leading;
  private readonly parameters: RaftParameters;
  private readonly batch: number;
  /** By place in the electorate. */
  private progress: Progress[] = [];
  /** What followers are getting that need compacted entries: one content for all, and it outlives the term of office. */
  private offer: Offer | undefined;
  /** The last append that was built: followers that are equally far get the same one. Saves time, holds no state. */
  private shared: Append | undefined;
  /** Where `majority` sorts. */
  private readonly scratch: number[] = [];

  constructor(leading: Leading, parameters: RaftParameters) {
    this.leading = leading;
    this.parameters = parameters;
    this.batch = Math.max(1, Math.min(parameters.maxEntriesPerAppend, MAX_ENTRIES_PER_APPEND));
  }

  /** A term of office begins. */
  begin(at: Micros): void {
    this.progress = this.leading.electorate.seats.map(() => new Progress(this.leading.log.lastIndex + 1, at));
  }

  end(): void {
    this.progress = [];
    if (this.offer?.leaveOffice() === false) this.offer = undefined;
    this.shared = undefined;
  }

  /** All that this node had is lost, and so is what it had in its store. */
  reborn(): void {
    this.offer = undefined;
  }

  /** Another configuration is in force: who keeps his seat goes on, who is new starts from the end of the log. */
  reseat(before: Electorate, at: Micros): void {
    const progress = this.progress;
    this.progress = this.leading.electorate.seats.map(({ node, life }) => {
      const place = before.placeOf(node, life);
      return place === undefined ? new Progress(this.leading.log.lastIndex + 1, at) : (progress[place] as Progress);
    });
  }

  /** The leader's own log has grown; everybody gets what his mode allows. One that is no member any more still leads. */
  grown(ctx: Context, ownPlace: number | undefined): void {
    if (ownPlace !== undefined) (this.progress[ownPlace] as Progress).match = this.leading.log.lastIndex;
    for (let place = 0; place < this.progress.length; place++) this.replicate(ctx, place);
  }

  replicate(ctx: Context, place: number): void {
    const { log, self, electorate } = this.leading;
    const to = electorate.nodes[place] as NodeId;
    if (to === self) return;
    const p = this.progress[place] as Progress;
    if (p.mode === 'replicate') {
      while (p.next <= log.lastIndex && p.inFlight.length < this.parameters.maxInFlight) {
        if (p.next <= log.base) return this.transfer(ctx, p);
        const m = this.appendAfter(p.next - 1, this.batch);
        p.next += m.entries.length;
        p.inFlight.push(p.next - 1);
        p.sentAt = ctx.at;
        ctx.send(to, m);
      }
    } else if (p.mode === 'probe' && !p.waiting) {
      if (p.next <= log.base) return this.transfer(ctx, p);
      p.waiting = true;
      p.sentAt = ctx.at;
      const m = this.appendAfter(p.next - 1, this.batch);
      // Without entries it says no more than a heartbeat does, and it means "now" as well.
      if (m.entries.length === 0) ctx.send(to, m, this.parameters.electionMinUs);
      else ctx.send(to, m);
    }
  }

  private appendAfter(prevIndex: number, max: number): Append {
    const { group, term, commit, round, log } = this.leading;
    const count = this.upToConfiguration(prevIndex, Math.min(max, log.lastIndex - prevIndex));
    const last = this.shared;
    // Within a term a leader only appends, so the same place and length mean the same entries.
    if (
      last !== undefined && last.prevIndex === prevIndex && last.entries.length === count &&
      last.term === term && last.commit === commit && last.round === round
    ) return last;
    const entries = count === 0 ? NO_ENTRIES : log.slice(prevIndex + 1, count);
    const m = append(group, term, prevIndex, log.termAt(prevIndex), entries, commit, round);
    this.shared = m;
    return m;
  }

  /** A configuration may be long: it travels alone, so that an append fits into an event whatever it holds. */
  private upToConfiguration(prevIndex: number, count: number): number {
    const first = this.leading.configuredAfter(prevIndex);
    if (first === 0 || count === 0) return count;
    return first === prevIndex + 1 ? 1 : Math.min(count, first - prevIndex - 1);
  }

  /** An empty append after an index at which the logs surely or hopefully agree. It means "now". */
  private beat(ctx: Context, to: NodeId, prevIndex: number): void {
    const { group, term, commit, round, log } = this.leading;
    const m = prevIndex >= log.base ? this.appendAfter(prevIndex, 0) : append(group, term, 0, 0, NO_ENTRIES, commit, round);
    ctx.send(to, m, this.parameters.electionMinUs);
  }

  // ---- What followers answer ----

  /** False if nobody honest answers so. */
  heard(at: Micros, place: number, match: number, round: number): boolean {
    if (round > this.leading.round || match > this.leading.log.lastIndex) return false;
    const p = this.progress[place] as Progress;
    p.heardAt = at;
    if (round > p.round) p.round = round;
    return true;
  }

  /** The logs agree up to `match`. True if that is news. */
  agreed(ctx: Context, place: number, match: number): boolean {
    const p = this.progress[place] as Progress;
    const base = this.leading.log.base;
    const grew = match > p.match;
    p.agreed(match);
    if (p.mode === 'probe') {
      if (match === p.match && match >= base) p.replicate();
    } else if (p.mode === 'snapshot' && p.match >= base) {
      p.replicate();
    } else if (p.mode === 'snapshot' && !p.waiting) this.transfer(ctx, p);
    return grew;
  }

  /** The follower has no such entry. Late and doubled answers say nothing new, and what once agreed agrees for the term. */
  disagreed(ctx: Context, place: number, hint: number): void {
    const p = this.progress[place] as Progress;
    const next = Math.max(hint, p.match) + 1;
    if (p.mode === 'snapshot' || next >= p.next) return;
    p.probe(next);
    this.replicate(ctx, place);
  }

  /** Only an answer that goes forward brings the next chunk at once, so a doubled one does not double the transfer. */
  chunkTaken(ctx: Context, place: number, m: SnapshotReply): void {
    const p = this.progress[place] as Progress;
    const offer = this.offer;
    if (offer === undefined || offer.phase !== 'held' || m.content !== offer.content || p.mode !== 'snapshot' || p.snapshotIndex !== offer.index) return;
    if (m.is === 'damaged') {
      p.begin();
      return this.lost(ctx, offer, 'refused');
    }
    if (!isChunkOffset(offer.length, m.offset)) return;
    const forward = m.offset > p.offset;
    p.offset = m.offset;
    if (forward) this.transfer(ctx, p);
  }

  /** The highest index that a majority of voters holds, and while joint one of before as well. */
  majority(): number {
    const { voters, quorum, before } = this.leading.electorate;
    const sorted = this.scratch;
    for (let place = 0; place < voters; place++) {
      const match = (this.progress[place] as Progress).match;
      let hole = place;
      while (hole > 0 && (sorted[hole - 1] as number) < match) {
        sorted[hole] = sorted[hole - 1] as number;
        hole--;
      }
      sorted[hole] = match;
    }
    const held = sorted[quorum - 1] as number;
    return before.length === 0 ? held : Math.min(held, this.majorityOf(before));
  }

  private majorityOf(places: readonly number[]): number {
    const matches = places.map((place) => (this.progress[place] as Progress).match).sort((a, b) => b - a);
    return matches[majorityOf(matches.length) - 1] as number;
  }

  /** Does it answer, and hold nearly all of the log? */
  hasCaughtUp(at: Micros, place: number): boolean {
    const p = this.progress[place] as Progress;
    return p.mode === 'replicate' && p.match + NEARLY_ALL > this.leading.log.lastIndex && at - p.heardAt <= this.parameters.electionMinUs;
  }

  /** Everybody answers, and holds the whole log. */
  areLevel(at: Micros): boolean {
    const { log, electorate, self } = this.leading;
    for (let place = 0; place < this.progress.length; place++) {
      const p = this.progress[place] as Progress;
      if (electorate.nodes[place] !== self && (p.mode !== 'replicate' || p.match !== log.lastIndex || at - p.heardAt > this.parameters.electionMinUs)) return false;
    }
    return true;
  }

  /** After a rest nobody is late with an answer. */
  refresh(at: Micros): void {
    for (const p of this.progress) p.heardAt = at;
  }

  sayToAll(ctx: Context, message: RaftMessage): void {
    const { electorate, self } = this.leading;
    for (const node of electorate.nodes) if (node !== self) ctx.send(node, message, this.parameters.electionMinUs);
  }

  holdsAll(place: number): boolean {
    return (this.progress[place] as Progress).match === this.leading.log.lastIndex;
  }

  /** The voter that holds most of the log, of those that answer; undefined if none but the leader does. */
  mostAdvanced(at: Micros): NodeId | undefined {
    const { electorate, self } = this.leading;
    let found: number | undefined;
    for (let place = 0; place < electorate.voters; place++) {
      const p = this.progress[place] as Progress;
      if (electorate.nodes[place] === self || at - p.heardAt > this.parameters.electionMinUs) continue;
      if (found === undefined || p.match > (this.progress[found] as Progress).match) found = place;
    }
    return found === undefined ? undefined : electorate.nodes[found];
  }

  // ---- The tick ----

  /** Check-quorum (6.2): a leader whom no majority answers cannot commit, and must not keep others from trying. */
  hearsQuorum(at: Micros): boolean {
    const { electorate, self } = this.leading;
    return electorate.agree((place) => electorate.nodes[place] === self || at - (this.progress[place] as Progress).heardAt <= this.parameters.electionMaxUs);
  }

  remindAll(ctx: Context): void {
    this.loseHope(ctx.at);
    for (let place = 0; place < this.progress.length; place++) this.remind(ctx, place);
  }

  /**
   * To a follower that got nothing for an interval: a heartbeat after the last entry sent to it. If that one was lost, the
   * follower refuses, and the leader finds out. A chunk of a snapshot is repeated for a follower that is alive; one that is
   * not gets the next chunk when it answers again. The heartbeat does not wait for the store, which may not answer for long.
   */
  private remind(ctx: Context, place: number): void {
    const to = this.leading.electorate.nodes[place] as NodeId;
    const p = this.progress[place] as Progress;
    if (to === this.leading.self || ctx.at - p.sentAt < this.parameters.heartbeatUs) return;
    const compacted = p.mode === 'snapshot' || p.next <= this.leading.log.base;
    p.sentAt = ctx.at;
    if (compacted && ctx.at - p.heardAt < this.parameters.electionMinUs) this.transfer(ctx, p);
    else if (compacted) p.waiting = false;
    this.beat(ctx, to, compacted ? 0 : p.next - 1);
  }

  // ---- Rounds of confirmation (6.4) ----

  /**
   * Asks everybody whether this is still the leader, after indices at which the logs surely agree. It does not count as sent:
   * only the tick's heartbeats, which stand after the last entry, find out that one was lost.
   */
  askAll(ctx: Context): void {
    for (let place = 0; place < this.progress.length; place++) {
      const p = this.progress[place] as Progress;
      const to = this.leading.electorate.nodes[place] as NodeId;
      if (to === this.leading.self) p.round = this.leading.round;
      else this.beat(ctx, to, p.match);
    }
  }

  /** Has a majority answered something that was sent in the latest round? */
  get haveConfirmed(): boolean {
    const { electorate, round } = this.leading;
    let confirming = 0;
    for (let place = 0; place < electorate.voters; place++) if ((this.progress[place] as Progress).round === round) confirming++;
    if (confirming < electorate.quorum) return false;
    return electorate.before.length === 0 || electorate.agree((place) => (this.progress[place] as Progress).round === round);
  }

  // ---- Snapshots (7) ----

  /** The store is asked for the next chunk, or first of all to keep a snapshot that the log goes on from. */
  private transfer(ctx: Context, p: Progress): void {
    const offer = this.offerFor(ctx);
    p.transfer(offer.index);
    if (offer.phase === 'kept') offer.inquire(ctx);
    if (offer.phase !== 'held') return;
    p.waiting = true;
    p.wanted = true;
    offer.read(ctx, p.offset);
  }

  private offerFor(ctx: Context): Offer {
    this.compacted(ctx);
    this.offer ??= Offer.make(ctx, this.leading.group, this.leading.freeze());
    return this.offer;
  }

  /** A snapshot that the log does not go on from any more is of no use to anybody. */
  compacted(ctx: Context): void {
    if (this.offer === undefined || this.offer.index >= this.leading.log.base) return;
    ctx.call({ service: 'content', ask: 'drop', owner: this.leading.group });
    this.offer = undefined;
  }

  /** Has this question to the store been asked here? */
  hasAsked(sequence: number, place: number): boolean {
    return this.offer?.hasAsked(sequence, place) === true;
  }

  /** What failed, and what is lost, is begun anew with the next tick, not at once: a store that is broken is not to be stormed. */
  answered(ctx: Context, sequence: number, place: number, outcome: ServiceOutcome): void {
    const offer = this.offer;
    if (offer === undefined) return;
    const told = offer.answered(sequence, place, outcome);
    if (told.kind === 'lost') this.lost(ctx, offer, told.why);
    else if (told.kind === 'chunk') this.hand(ctx, offer, told.offset, told.bytes);
    else if (told.kind === 'failed') this.begunAnew(offer);
    else if (told.kind === 'ready') for (const p of this.progress) if (p.mode === 'snapshot') this.transfer(ctx, p);
  }

  private begunAnew(offer: Offer): void {
    if (offer.phase === 'storing') this.offer = undefined;
    else if (offer.phase === 'asking') offer.phase = 'kept';
  }

  private lost(ctx: Context, offer: Offer, why: 'missing' | 'damaged' | 'refused'): void {
    ctx.fact({ kind: 'contentLost', group: this.leading.group, index: offer.index, why });
    this.offer = undefined;
  }

  /** A store may say nothing for ever. */
  private loseHope(at: Micros): void {
    const offer = this.offer;
    if (offer !== undefined && offer.forget(at - 2 * this.parameters.electionMaxUs)) this.begunAnew(offer);
  }

  /** To everybody who waits for the chunk at this offset. */
  private hand(ctx: Context, offer: Offer, offset: number, bytes: Uint8Array): void {
    const { group, term, round, electorate } = this.leading;
    const { index, content, length } = offer;
    for (let place = 0; place < this.progress.length; place++) {
      const p = this.progress[place] as Progress;
      if (p.mode !== 'snapshot' || !p.wanted || p.snapshotIndex !== index || p.offset !== offset) continue;
      const to = electorate.nodes[place] as NodeId;
      if (offset < p.sentTo) ctx.fact({ kind: 'chunkResent', group, index, to, offset });
      p.wanted = false;
      p.sentTo = Math.max(p.sentTo, offset + bytes.length);
      p.sentAt = ctx.at;
      ctx.send(to, snapshotChunk({ group, term, index, indexTerm: offer.term, content, length, offset, bytes, round }));
    }
  }

  /** Entries up to here are needed by nobody: without those after a snapshot under way, the transfer would be in vain. */
  spared(at: Micros): number {
    const { applied } = this.leading;
    const offer = this.offer;
    if (offer === undefined || applied - offer.index > MAX_PINNED) return applied;
    for (const p of this.progress) {
      if (p.mode === 'snapshot' && at - p.heardAt <= this.parameters.electionMaxUs) return offer.index;
    }
    return applied;
  }

  progressImage(): readonly ProgressImage[] {
    return this.progress.map((p) => p.image());
  }

  /** What followers are getting that need a snapshot. */
  get offering(): OfferImage | undefined {
    return this.offer?.image();
  }

  restore(progress: readonly ProgressImage[], offer: OfferImage | undefined): void {
    this.progress = progress.map((p) => Progress.restore(p));
    this.offer = offer === undefined ? undefined : new Offer(offer);
    this.shared = undefined;
  }
}
