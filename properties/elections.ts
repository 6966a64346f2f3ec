// Who voted for whom, and who led, from the wire alone. A candidate that asks for votes has given itself its own. That is all they need to be judged by.

import type { Frame } from '../io/ports.ts';
import type { GroupId, NodeId } from '../kernel/base/ids.ts';
import type { Micros } from '../kernel/base/time.ts';
import type { GroupParameters, Parameters } from '../kernel/parameters.ts';
import type { RaftImage } from '../kernel/raft/image.ts';

/** Terms remembered per group; a power of two. */
const TERMS = 64;

export interface ElectionReader {
  /** The first message of a term's leader; `votes` were granted to it, of `quorum` that it needs. */
  led?(frame: Frame, group: GroupId, term: number, votes: number, quorum: number, now: Micros): void;
  twoLeaders?(frame: Frame, group: GroupId, term: number, other: NodeId, now: Micros): void;
  votedTwice?(frame: Frame, group: GroupId, term: number, first: NodeId, second: NodeId, now: Micros): void;
  /** A node spoke in an earlier term than it had spoken in before. */
  wentBack?(frame: Frame, group: GroupId, term: number, before: number, now: Micros): void;
}

export class GroupElections {
  readonly quorum: number;
  /** Terms up to here are not judged: they began before the evidence did. */
  floor = 0;
  /** By node: the latest term it has spoken in. */
  readonly spoke: Int32Array;
  private readonly voters: number;
  private readonly place: Int32Array;
  private readonly terms: Int32Array = new Int32Array(TERMS);
  private readonly leaders: Int32Array = new Int32Array(TERMS);
  /** By term, then by voter: the candidate it voted for. */
  private readonly votes: Int32Array;

  constructor(group: GroupParameters, nodes: number) {
    this.voters = group.voters.length;
    this.quorum = (this.voters >> 1) + 1;
    this.place = new Int32Array(nodes + 1).fill(-1);
    group.voters.forEach((voter, place) => (this.place[voter] = place));
    this.votes = new Int32Array(TERMS * this.voters);
    this.spoke = new Int32Array(nodes + 1);
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
      this.votes.fill(0, slot * this.voters, (slot + 1) * this.voters);
    }
    return slot;
  }

  leader(slot: number): NodeId {
    return this.leaders[slot] as NodeId;
  }

  lead(slot: number, node: NodeId): void {
    this.leaders[slot] = node;
  }

  votesFor(slot: number, candidate: NodeId): number {
    let votes = 0;
    for (let voter = 0; voter < this.voters; voter++) if (this.votes[slot * this.voters + voter] === candidate) votes++;
    return votes;
  }

  /** Records a vote; returns the candidate the voter had granted it before, 0 if none or not a voter. */
  vote(slot: number, voter: NodeId, candidate: NodeId): NodeId {
    const place = this.place[voter] as number;
    if (place < 0) return 0 as NodeId;
    const at = slot * this.voters + place;
    const granted = this.votes[at] as NodeId;
    if (granted === 0) this.votes[at] = candidate;
    return granted;
  }
}

export class Elections {
  private readonly groups: (GroupElections | undefined)[] = [];
  private readonly readers: ElectionReader[] = [];

  constructor(parameters: Parameters) {
    for (const group of parameters.groups) this.groups[group.id] = new GroupElections(group, parameters.nodes);
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
      if (raft.vote > 0) group.vote(slot, node, raft.vote);
      if (raft.role === 'leader') group.lead(slot, node);
    }
  }

  /** How many votes a node got in a term; -1 if that was too long ago. */
  votesFor(id: GroupId, term: number, candidate: NodeId): number {
    const group = this.groups[id];
    const slot = group === undefined ? -1 : group.slotOf(term);
    return group === undefined || slot < 0 ? -1 : group.votesFor(slot, candidate);
  }

  quorum(id: GroupId): number {
    return this.groups[id]?.quorum ?? 0;
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
    const votes = group.votesFor(slot, frame.from);
    for (const reader of this.readers) reader.led?.(frame, id, term, votes, group.quorum, now);
  }

  private votes(frame: Frame, id: GroupId, term: number, candidate: NodeId, now: Micros): void {
    const group = this.groups[id];
    const slot = group === undefined ? -1 : group.slotOf(term);
    if (group === undefined || slot < 0) return;
    const before = group.vote(slot, frame.from, candidate);
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
