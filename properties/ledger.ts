// What each group committed, worked out from evidence alone: entries from append frames, agreement from the followers'
// acknowledgements, as they stand in their leader's journal. An entry is committed when a quorum acknowledged, in the term of the leader that created it, a log that
// holds it (Raft, 5.4.2); everything before it is then committed too. No node is asked what it believes. A quorum is one of the
// configuration that is in force at the leader, and an acknowledgement counts for the seat of the life that it was made in.
//
// The ledger keeps a window of each log. What has left the window is not judged any more. A leader that is the
// only voter commits without a word, so what it claims to be committed is taken as it is.

import type { Frame } from '../io/ports.ts';
import type { GroupId, NodeId } from '../kernel/base/ids.ts';
import type { Micros } from '../kernel/base/time.ts';
import type { Parameters } from '../kernel/parameters.ts';
import type { Configuration, Seat } from '../kernel/raft/configuration.ts';
import type { Entry } from '../kernel/raft/entry.ts';
import type { RaftImage } from '../kernel/raft/image.ts';
import type { Append, AppendReply, SnapshotChunk, SnapshotReply } from '../kernel/raft/message.ts';
import type { Cause } from '../kernel/event.ts';
import type { Damage } from './damage.ts';
import type { JournalReader, Journals } from './journals.ts';
import type { InForce, Memberships, MembershipsReader } from './memberships.ts';

/** Indices remembered per group; a power of two, and more than any leader has uncommitted and keeps for its followers. */
export const WINDOW = 2048;
const MASK: number = WINDOW - 1;
/** Terms of a group whose acknowledgements are still counted. */
const TERMS_KEPT = 8;
const MAX_RIVALS = 4096;

type Heard = Extract<Cause, { kind: 'message' }>;

/** Two claims about one place of a log that cannot both be true. */
export interface Clash {
  readonly kind: 'entry' | 'predecessor' | 'order' | 'committed' | 'commitClaim' | 'snapshot';
  readonly group: GroupId;
  readonly index: number;
  readonly frame: Frame;
  /** What the frame says stands at the index, and what is known to stand there. Terms, or for `commitClaim` indices. */
  readonly said: number;
  readonly known: number;
}

export interface LedgerReader {
  /** An entry is committed: once per index, in order. */
  committed?(group: GroupId, index: number, entry: Entry, now: Micros): void;
  /** Same place and term, another content or another predecessor; or terms that fall along a log. */
  mismatched?(clash: Clash, now: Micros): void;
  /** A leader of a later term (or a quorum) contradicts what is committed, or claims a commit that no quorum made. */
  contradicted?(clash: Clash, now: Micros): void;
  /** A leader has put a configuration into its log that was not there before; `ripe`: it had committed an entry of its own term. */
  proposed?(frame: Frame, group: GroupId, index: number, term: number, entry: Configuration, ripe: boolean, now: Micros): void;
  /** A member says that it holds a log of this leader up to `match`, in which `standing` is in force. */
  acknowledges?(frame: Frame, group: GroupId, match: number, standing: InForce, now: Micros): void;
}

/** A term of a group: its leader, where its own entries begin, how far it got, and what its followers acknowledged. */
interface Term {
  readonly term: number;
  readonly leader: NodeId;
  first: number;
  last: number;
  /** What is in force at the leader, and by place in it: how much each member holds. */
  standing: InForce;
  match: Float64Array;
}

/** An entry that stands where another term's stands too. */
interface Rival {
  readonly term: number;
  readonly before: number;
  readonly hash: number;
  readonly entry: Entry;
}

export class GroupLog {
  readonly id: GroupId;
  /** Everything up to here is committed. */
  committed = 0;
  /** False once a contradiction, or a hole in the window, leaves nothing to build on. */
  sound = true;
  private readonly readers: readonly LedgerReader[];
  private readonly memberships: Memberships;
  private readonly terms: Term[] = [];
  private readonly index: Float64Array = new Float64Array(WINDOW);
  private readonly term: Int32Array = new Int32Array(WINDOW);
  private readonly before: Int32Array = new Int32Array(WINDOW);
  private readonly hash: Int32Array = new Int32Array(WINDOW);
  private readonly committedIn: Int32Array = new Int32Array(WINDOW);
  /** Content, until it is committed and read. */
  private readonly entries: (Entry | undefined)[] = new Array<Entry | undefined>(WINDOW).fill(undefined);
  private readonly rivals = new Map<number, Rival[]>();
  private rivalCount = 0;

  constructor(id: GroupId, memberships: Memberships, readers: readonly LedgerReader[]) {
    this.id = id;
    this.readers = readers;
    this.memberships = memberships;
  }

  /** Another configuration is in force at a node: if it leads, what its members hold may be a majority now, or none any more. */
  configured(node: NodeId, standing: InForce, now: Micros): void {
    const term = this.terms[this.terms.length - 1];
    if (term === undefined || term.leader !== node) return;
    const before = term.standing.seating;
    const match = standing.seating.seats.map((seat) => {
      const place = before.placeOf(seat.node, seat.life);
      return place < 0 ? 0 : (term.match[place] as number);
    });
    term.match = Float64Array.from(match);
    term.standing = standing;
    this.count(undefined, term, now);
  }

  private count(frame: Frame | undefined, term: Term, now: Micros): void {
    const agreed = this.agreed(term);
    if (agreed > this.committed && term.first > 0 && agreed >= term.first) this.commit(frame, term, agreed, now);
  }

  /** The term of a committed entry, -1 where it is not known. */
  committedTerm(index: number): number {
    if (index === 0) return 0;
    const slot = index & MASK;
    return index <= this.committed && this.index[slot] === index ? (this.term[slot] as number) : -1;
  }

  /**
   * The members had these logs before the run began. What one of them had applied was committed; and a leader of a later term
   * must hold it.
   */
  goOnFrom(members: readonly RaftImage[]): void {
    const furthest = members.reduce((best, member) => (member.applied > best.applied ? member : best));
    const term = members.reduce((latest, member) => Math.max(latest, member.term), 0);
    for (const member of [furthest, ...members]) {
      let before = member.baseTerm;
      member.entries.forEach((entry, place) => {
        this.lay(member.base + 1 + place, before, entry);
        before = entry.term;
      });
    }
    this.committed = furthest.applied;
    for (let index = Math.max(1, furthest.applied - WINDOW + 1); index <= furthest.applied; index++) {
      const slot = index & MASK;
      if (this.index[slot] !== index) continue;
      this.committedIn[slot] = term;
      this.entries[slot] = undefined;
    }
  }

  private lay(index: number, before: number, entry: Entry): void {
    const slot = index & MASK;
    if (this.index[slot] !== index) this.write(slot, index, before, entry);
    else if (this.term[slot] !== entry.term && !(this.rivals.get(index) ?? []).some((rival) => rival.term === entry.term)) {
      this.rivals.set(index, [...(this.rivals.get(index) ?? []), { term: entry.term, before, hash: entry.hash, entry }]);
      this.rivalCount++;
    }
  }

  append(frame: Frame, message: Append, now: Micros): void {
    const term = this.termOf(message.term, frame.from);
    if (term === undefined) return;
    const entries = message.entries;
    let index = message.prevIndex;
    let before = message.prevTerm;
    if (index > 0 && index <= this.committed) this.againstCommitted(frame, index, before, message.term, now);
    for (let k = 0; k < entries.length; k++) {
      const entry = entries[k] as Entry;
      index++;
      this.enter(frame, message.term, index, before, entry, now);
      before = entry.term;
      if (before === message.term && (term.first === 0 || index < term.first)) term.first = index;
    }
    if (index > term.last) term.last = index;
    if (isSole(term)) this.count(frame, term, now);
    if (message.commit > this.committed && !isSole(term)) {
      this.contradict({ kind: 'commitClaim', group: this.id, index: message.commit, frame, said: message.commit, known: this.committed }, now);
    }
  }

  acknowledged(leader: NodeId, cause: Heard, message: AppendReply, now: Micros): void {
    if (message.ok) this.hold(leader, cause, message.term, message.match, now);
  }

  /** A member has installed a snapshot, or had all of it already. */
  installed(leader: NodeId, cause: Heard, message: SnapshotReply, now: Micros): void {
    if (message.is === 'done') this.hold(leader, cause, message.term, message.index, now);
  }

  private hold(leader: NodeId, cause: Heard, number: number, claimed: number, now: Micros): void {
    const term = this.known(number);
    if (term === undefined || term.leader !== leader) return;
    // Of a life that is over, too, as long as the leader has not heard that it is (see Damage.countsOn): so many may be lost.
    const place = term.standing.seating.placeOf(cause.from, this.memberships.lifeIn(cause.from, cause.incarnation));
    if (place < 0) return;
    const match = claimed < term.last ? claimed : Math.max(term.last, Math.min(claimed, this.committed));
    if (match <= (term.match[place] as number)) return;
    term.match[place] = match;
    if (match <= this.committed) return;
    this.count({ from: cause.from, to: leader, incarnation: cause.incarnation, sequence: cause.sent, index: 0, message: cause.message }, term, now);
  }

  /** What a member says when it says it; whether that counts is another matter. */
  says(frame: Frame, number: number, match: number, now: Micros): void {
    const term = this.known(number);
    if (term === undefined || term.leader !== frame.to || term.standing.index === 0) return;
    if (term.standing.seating.placeOf(frame.from, this.memberships.lifeOf(frame.from)) < 0) return;
    for (let k = 0; k < this.readers.length; k++) this.readers[k]?.acknowledges?.(frame, this.id, Math.min(match, term.last), term.standing, now);
  }

  /** How much of the log of the present leader a member has acknowledged; -1 if it has no seat. */
  heldBy(node: NodeId, life: number): number {
    const term = this.terms[this.terms.length - 1];
    const place = term === undefined ? -1 : term.standing.seating.placeOf(node, life);
    return term === undefined || place < 0 ? -1 : (term.match[place] as number);
  }

  snapshot(frame: Frame, message: SnapshotChunk, now: Micros): void {
    const known = this.committedTerm(message.index);
    if (message.index > this.committed && !this.isSoleLeader(message.term)) this.contradict({ kind: 'snapshot', group: this.id, index: message.index, frame, said: message.indexTerm, known: 0 }, now);
    else if (known >= 0 && known !== message.indexTerm) this.contradict({ kind: 'snapshot', group: this.id, index: message.index, frame, said: message.indexTerm, known }, now);
  }

  private known(number: number): Term | undefined {
    for (let k = this.terms.length - 1; k >= 0; k--) {
      const term = this.terms[k] as Term;
      if (term.term === number) return term;
    }
    return undefined;
  }

  private isSoleLeader(number: number): boolean {
    const term = this.known(number);
    return term !== undefined && isSole(term);
  }

  private termOf(number: number, leader: NodeId): Term | undefined {
    const known = this.known(number);
    if (known !== undefined) return known.leader === leader ? known : undefined;
    const standing = this.memberships.inForce(leader, this.id) as InForce;
    const made: Term = { term: number, leader, first: 0, last: 0, standing, match: new Float64Array(standing.seating.seats.length) };
    let place = this.terms.length;
    while (place > 0 && (this.terms[place - 1] as Term).term > number) place--;
    this.terms.splice(place, 0, made);
    if (this.terms.length > TERMS_KEPT) this.terms.shift();
    return this.terms.includes(made) ? made : undefined;
  }

  /** One entry of an append: new, known, or in conflict with what is known. */
  private enter(frame: Frame, leaderTerm: number, index: number, before: number, entry: Entry, now: Micros): void {
    const slot = index & MASK;
    const held = this.index[slot] as number;
    if (held > index) return;
    if (entry.term < before) return this.mismatch({ kind: 'order', group: this.id, index, frame, said: entry.term, known: before }, now);
    if (held === index) {
      if (this.term[slot] === entry.term) {
        if (this.hash[slot] !== entry.hash) this.mismatch({ kind: 'entry', group: this.id, index, frame, said: entry.term, known: entry.term }, now);
        else if (this.before[slot] !== before) this.mismatch({ kind: 'predecessor', group: this.id, index, frame, said: before, known: this.before[slot] as number }, now);
      } else if (index <= this.committed) this.againstCommitted(frame, index, entry.term, leaderTerm, now);
      else this.rival(frame, slot, index, before, entry, leaderTerm, now);
      return;
    }
    if (held > this.committed) this.sound = false;
    this.write(slot, index, before, entry);
    if (entry.command.kind === 'configure' && entry.term === leaderTerm) this.propose(frame, index, entry.term, entry.command.configuration, now);
  }

  /** The acknowledgements that have left their members are at least what the leader can know of. */
  private propose(frame: Frame, index: number, number: number, entry: Configuration, now: Micros): void {
    const term = this.known(number);
    if (term === undefined || !this.sound) return;
    const ripe = term.first > 0 && term.first < index && (this.committed >= term.first || isSole(term));
    for (const reader of this.readers) reader.proposed?.(frame, this.id, index, number, entry, ripe, now);
  }

  private write(slot: number, index: number, before: number, entry: Entry): void {
    this.index[slot] = index;
    this.term[slot] = entry.term;
    this.before[slot] = before;
    this.hash[slot] = entry.hash;
    this.entries[slot] = entry;
  }

  /** A leader whose term is later than the one in which the index was committed must hold what was committed. */
  private againstCommitted(frame: Frame, index: number, said: number, leaderTerm: number, now: Micros): void {
    const slot = index & MASK;
    if (this.index[slot] !== index || this.term[slot] === said || leaderTerm < (this.committedIn[slot] as number)) return;
    this.contradict({ kind: 'committed', group: this.id, index, frame, said, known: this.term[slot] as number }, now);
  }

  /** Several terms may hold different entries at an index that is not committed; each term's must be one and the same. */
  private rival(frame: Frame, slot: number, index: number, before: number, entry: Entry, leaderTerm: number, now: Micros): void {
    let rivals = this.rivals.get(index);
    if (rivals === undefined) this.rivals.set(index, (rivals = []));
    const known = rivals.find((rival) => rival.term === entry.term);
    if (known === undefined) {
      const pushed = entry.term > (this.term[slot] as number);
      if (pushed) rivals.push({ term: this.term[slot] as number, before: this.before[slot] as number, hash: this.hash[slot] as number, entry: this.entries[slot] as Entry });
      else rivals.push({ term: entry.term, before, hash: entry.hash, entry });
      if (pushed) this.write(slot, index, before, entry);
      if (entry.command.kind === 'configure' && entry.term === leaderTerm) this.propose(frame, index, entry.term, entry.command.configuration, now);
      if (++this.rivalCount > MAX_RIVALS) this.sound = false;
    } else if (known.hash !== entry.hash) this.mismatch({ kind: 'entry', group: this.id, index, frame, said: entry.term, known: entry.term }, now);
    else if (known.before !== before) this.mismatch({ kind: 'predecessor', group: this.id, index, frame, said: before, known: known.before }, now);
  }

  /** The highest index that enough members hold, the leader for one. */
  private agreed(term: Term): number {
    const { seats } = term.standing.seating;
    for (let place = 0; place < seats.length; place++) if ((seats[place] as Seat).node === term.leader) term.match[place] = term.last;
    return term.standing.seating.agreed(term.match);
  }

  /** Walks back from what was agreed on to what is committed, along predecessors, then commits forward. */
  private commit(frame: Frame | undefined, term: Term, agreed: number, now: Micros): void {
    if (!this.sound) return;
    let wanted = term.term;
    for (let index = agreed; index > this.committed; index--) {
      if (!this.promote(index, wanted)) {
        this.sound = false;
        return;
      }
      wanted = this.before[index & MASK] as number;
    }
    const known = this.committedTerm(this.committed);
    if (known >= 0 && known !== wanted) {
      if (frame !== undefined) this.contradict({ kind: 'committed', group: this.id, index: this.committed, frame, said: wanted, known }, now);
      return;
    }
    while (this.committed < agreed) {
      const index = ++this.committed;
      const slot = index & MASK;
      const entry = this.entries[slot] as Entry;
      this.entries[slot] = undefined;
      this.committedIn[slot] = term.term;
      this.dropRivals(index);
      for (let k = 0; k < this.readers.length; k++) this.readers[k]?.committed?.(this.id, index, entry, now);
    }
  }

  /** Puts the entry of this term in the slot of its index; false if it was never seen or has left the window. */
  private promote(index: number, term: number): boolean {
    const slot = index & MASK;
    if (this.index[slot] !== index) return false;
    if (this.term[slot] === term) return true;
    const rivals = this.rivals.get(index);
    const place = rivals === undefined ? -1 : rivals.findIndex((rival) => rival.term === term);
    if (rivals === undefined || place < 0) return false;
    const chosen = rivals[place] as Rival;
    rivals[place] = { term: this.term[slot] as number, before: this.before[slot] as number, hash: this.hash[slot] as number, entry: this.entries[slot] as Entry };
    this.write(slot, index, chosen.before, chosen.entry);
    return true;
  }

  private dropRivals(index: number): void {
    if (this.rivalCount === 0) return;
    this.rivalCount -= this.rivals.get(index)?.length ?? 0;
    this.rivals.delete(index);
  }

  private mismatch(clash: Clash, now: Micros): void {
    this.sound = false;
    for (const reader of this.readers) reader.mismatched?.(clash, now);
  }

  private contradict(clash: Clash, now: Micros): void {
    if (!this.sound) return;
    this.sound = false;
    for (const reader of this.readers) reader.contradicted?.(clash, now);
  }
}

/** It commits alone, whatever others hold. */
const isSole = (term: Term): boolean => term.standing.seating.isSole;

export class Ledger implements MembershipsReader, JournalReader {
  private readonly damage: Damage;
  private readonly groups: (GroupLog | undefined)[] = [];
  private readonly readers: LedgerReader[] = [];

  constructor(parameters: Parameters, memberships: Memberships, journals: Journals, damage: Damage) {
    this.damage = damage;
    for (const group of parameters.groups) {
      if (group.voters.length > 1) this.groups[group.id] = new GroupLog(group.id, memberships, this.readers);
    }
    memberships.read(this);
    journals.read(this);
  }

  /** An acknowledgement counts once it stands in the journal of its leader: until then it may be lost, and whoever sent it forget it. */
  heard(node: NodeId, cause: Heard, now: Micros): void {
    const message = cause.message;
    if ((message.kind !== 'appendReply' && message.kind !== 'snapshotReply') || !this.damage.countsOn(node, cause)) return;
    const group = this.groups[message.group];
    if (group === undefined) return;
    if (message.kind === 'appendReply') group.acknowledged(node, cause, message, now);
    else group.installed(node, cause, message, now);
  }

  configured(node: NodeId, group: GroupId, standing: InForce, now: Micros): void {
    this.groups[group]?.configured(node, standing, now);
  }

  /** The evidence begins in the middle of a log: of that group nothing can be concluded about what is committed. */
  beginAmid(id: GroupId): void {
    const group = this.groups[id];
    if (group !== undefined) group.sound = false;
  }

  read(reader: LedgerReader): void {
    this.readers.push(reader);
  }

  group(id: GroupId): GroupLog | undefined {
    return this.groups[id];
  }

  sent(frame: Frame, now: Micros): void {
    const message = frame.message;
    switch (message.kind) {
      case 'append':
        return this.groups[message.group]?.append(frame, message, now);
      case 'appendReply':
        return message.ok ? this.groups[message.group]?.says(frame, message.term, message.match, now) : undefined;
      case 'snapshot':
        return this.groups[message.group]?.snapshot(frame, message, now);
      case 'snapshotReply':
        return message.is === 'done' ? this.groups[message.group]?.says(frame, message.term, message.index, now) : undefined;
      default:
        return undefined;
    }
  }
}
