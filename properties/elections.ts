// Who voted for whom, and who led, from the wire. A candidate that asks for votes has given itself its own. Whether they make a
// majority is judged by the configuration in force at the candidate, each vote by the life that its voter was in.

import type { Frame } from '../io/ports.ts';
import type { GroupId, NodeId } from '../kernel/base/ids.ts';
import type { Micros } from '../kernel/base/time.ts';
import type { Parameters } from '../kernel/parameters.ts';
import type { Cause, Event } from '../kernel/event.ts';
import type { Seat } from '../kernel/raft/configuration.ts';
import type { JournalReader, Journals } from './journals.ts';
import type { Memberships } from './memberships.ts';
import type { Seating } from './seating.ts';
import type { RaftImage } from '../kernel/raft/image.ts';

/** Terms remembered per group; a power of two. */
const TERMS = 64;

export interface ElectionReader {
  /** The first message of a term's leader. */
  led?(frame: Frame, group: GroupId, term: number, poll: Poll, now: Micros): void;
  twoLeaders?(frame: Frame, group: GroupId, term: number, other: NodeId, now: Micros): void;
  votedTwice?(frame: Frame, group: GroupId, term: number, first: NodeId, second: NodeId, now: Micros): void;
  /** A node spoke in an earlier term than it had spoken in before. */
  wentBack?(frame: Frame, group: GroupId, term: number, before: number, now: Micros): void;
}

/** What came of an election: how many voters granted it, and whether they are a majority of everything that needs one. */
export interface Poll {
  readonly votes: number;
  readonly quorum: number;
  readonly won: boolean;
}

export class GroupElections {
  /** Terms up to here are not judged: they began before the evidence did. */
  floor = 0;
  /** By node: the latest term it has spoken in. */
  readonly spoke: Int32Array;
  private readonly nodes: number;
  private readonly terms: Int32Array = new Int32Array(TERMS);
  private readonly leaders: Int32Array = new Int32Array(TERMS);
  /** By term, then by node: the candidate it voted for, and the life it was in. */
  private readonly votes: Int32Array;
  private readonly lives: Float64Array;
  /** By term, then by node: what was in force there when it asked for votes. */
  private readonly polls: (Seating | undefined)[] = [];

  constructor(nodes: number) {
    this.nodes = nodes + 1;
    this.votes = new Int32Array(TERMS * this.nodes);
    this.lives = new Float64Array(TERMS * this.nodes);
    this.spoke = new Int32Array(this.nodes);
  }

  /** The slot of a term, -1 if it was too long ago. */
  slotOf(term: number): number {
    if (term <= this.floor) return -1;
    const slot = term & (TERMS - 1);
    const held = this.terms[slot] as number;
    if (held > term) return -1;
    if (held < term) {
      this.terms[slot] = term;
      this.leaders[slot] = 0;
      this.votes.fill(0, slot * this.nodes, (slot + 1) * this.nodes);
      for (let node = 0; node < this.nodes; node++) this.polls[slot * this.nodes + node] = undefined;
    }
    return slot;
  }

  leader(slot: number): NodeId {
    return this.leaders[slot] as NodeId;
  }

  lead(slot: number, node: NodeId): void {
    this.leaders[slot] = node;
  }

  asks(slot: number, candidate: NodeId, seating: Seating): void {
    this.polls[slot * this.nodes + candidate] = seating;
  }

  /** `otherwise`: what is in force at a candidate that has asked nobody, because it needs nobody. */
  pollOf(slot: number, candidate: NodeId, otherwise: Seating): Poll {
    const seating = this.polls[slot * this.nodes + candidate] ?? otherwise;
    const granted = ({ node, life }: Seat): boolean => {
      const at = slot * this.nodes + node;
      return (this.votes[at] === candidate && this.lives[at] === life) || (seating.isSole && node === candidate);
    };
    return { votes: seating.votes(granted), quorum: seating.needed, won: seating.carries(granted) };
  }

  /**
   * Records a vote; returns the candidate the voter had granted it before, 0 if none. In the life before it may have voted for
   * another one: that vote stands, for whoever seats the new life does so in a later term.
   */
  vote(slot: number, voter: NodeId, candidate: NodeId, life: number): NodeId {
    const at = slot * this.nodes + voter;
    const granted = this.votes[at] as NodeId;
    if (granted === 0) {
      this.votes[at] = candidate;
      this.lives[at] = life;
    }
    return this.lives[at] === life ? granted : (0 as NodeId);
  }
}

export class Elections implements JournalReader {
  private readonly memberships: Memberships;
  private readonly groups: (GroupElections | undefined)[] = [];
  private readonly readers: ElectionReader[] = [];

  constructor(parameters: Parameters, memberships: Memberships, journals: Journals) {
    this.memberships = memberships;
    for (const group of parameters.groups) this.groups[group.id] = new GroupElections(parameters.nodes);
    journals.read(this);
  }

  /** Terms that a node spoke in in another life bind it no more. */
  recovered(node: NodeId, _event: Event, cause: Extract<Cause, { kind: 'recovered' }>): void {
    if (cause.reborn) for (const group of this.groups) if (group !== undefined) group.spoke[node] = 0;
  }

  /** The evidence begins when the group is in `term`. */
  beginAt(id: GroupId, term: number): void {
    const group = this.groups[id];
    if (group !== undefined && term > group.floor) group.floor = term;
  }

  read(reader: ElectionReader): void {
    this.readers.push(reader);
  }

  /** What the members had promised before the run began. */
  goOnFrom(id: GroupId, members: readonly { readonly node: NodeId; readonly raft: RaftImage }[]): void {
    const group = this.groups[id];
    if (group === undefined) return;
    for (const { node, raft } of members) {
      const slot = group.slotOf(raft.term);
      group.spoke[node] = raft.term;
      if (slot < 0) continue;
      if (raft.vote > 0) group.vote(slot, node, raft.vote, this.memberships.lifeOf(node));
      if (raft.role === 'leader') group.lead(slot, node);
    }
  }

  /** The votes that a node got in a term; undefined if that was too long ago. */
  pollOf(id: GroupId, term: number, candidate: NodeId): Poll | undefined {
    const group = this.groups[id];
    const slot = group === undefined ? -1 : group.slotOf(term);
    const standing = this.memberships.inForce(candidate, id);
    return group === undefined || standing === undefined || slot < 0 ? undefined : group.pollOf(slot, candidate, standing.seating);
  }

  sent(frame: Frame, now: Micros): void {
    const message = frame.message;
    switch (message.kind) {
      case 'append':
      case 'snapshot':
        this.leads(frame, message.group, message.term, now);
        return this.speaks(frame, message.group, message.term, now);
      case 'appendReply':
      case 'snapshotReply':
        return this.speaks(frame, message.group, message.term, now);
      case 'vote':
        if (message.pre) return;
        this.asks(frame, message.group, message.term);
        this.votes(frame, message.group, message.term, frame.from, now);
        return this.speaks(frame, message.group, message.term, now);
      case 'voteReply':
        if (message.pre) return;
        if (message.granted) this.votes(frame, message.group, message.term, frame.to, now);
        return this.speaks(frame, message.group, message.term, now);
      default:
        return;
    }
  }

  private leads(frame: Frame, id: GroupId, term: number, now: Micros): void {
    const group = this.groups[id];
    const slot = group === undefined ? -1 : group.slotOf(term);
    if (group === undefined || slot < 0) return;
    const leader = group.leader(slot);
    if (leader === frame.from) return;
    if (leader !== 0) {
      for (const reader of this.readers) reader.twoLeaders?.(frame, id, term, leader, now);
      return;
    }
    group.lead(slot, frame.from);
    const poll = this.pollOf(id, term, frame.from);
    if (poll !== undefined) for (const reader of this.readers) reader.led?.(frame, id, term, poll, now);
  }

  private asks(frame: Frame, id: GroupId, term: number): void {
    const group = this.groups[id];
    const slot = group === undefined ? -1 : group.slotOf(term);
    const standing = this.memberships.inForce(frame.from, id);
    if (group !== undefined && standing !== undefined && slot >= 0) group.asks(slot, frame.from, standing.seating);
  }

  private votes(frame: Frame, id: GroupId, term: number, candidate: NodeId, now: Micros): void {
    const group = this.groups[id];
    const slot = group === undefined ? -1 : group.slotOf(term);
    if (group === undefined || slot < 0) return;
    const before = group.vote(slot, frame.from, candidate, this.memberships.lifeOf(frame.from));
    if (before !== 0 && before !== candidate) for (const reader of this.readers) reader.votedTwice?.(frame, id, term, before, candidate, now);
  }

  private speaks(frame: Frame, id: GroupId, term: number, now: Micros): void {
    const group = this.groups[id];
    if (group === undefined) return;
    const before = group.spoke[frame.from] as number;
    if (term > before) group.spoke[frame.from] = term;
    else if (term < before) for (const reader of this.readers) reader.wentBack?.(frame, id, term, before, now);
  }
}
