// One member of one replicated log, after Ongaro's dissertation (2014); section numbers are his. Messages and due deadlines
// come in, effects go out through the context. It knows a state machine, and nothing of what the machine means.
//
// Safety rests on the loop's barrier: effects leave the node only after the event that caused them is durable. So a vote and
// an acknowledgement are durable before anybody hears of them. A leader may count its own append at once: whatever its commit
// leads to (a reply, a commit index in a message) was caused by an event that stands in the journal after the append, and
// becomes durable only together with it. If the journal loses the append, it loses all that followed from it.

import { assert } from '../base/assert.ts';
import { nodeId, type GroupId, type NodeId } from '../base/ids.ts';
import { NEVER, type Micros } from '../base/time.ts';
import type { Context } from '../context.ts';
import type { ServiceOutcome } from '../event.ts';
import type { Machine, MachineImage } from '../machine.ts';
import type { GroupParameters, RaftParameters } from '../parameters.ts';
import { founding, type Configuration, type Electorate, type Goal } from './configuration.ts';
import { applyCommand, configure, expireSessions, makeEntry, MAX_EXPIRED_AT_ONCE, noop, openSession, ownCommand, type Command, type Entry } from './entry.ts';
import { Followers, type Leading } from './followers.ts';
import type { RaftImage, Role } from './image.ts';
import { MAX_NUMBER, MAX_TERM_LEAP } from './bounds.ts';
import { Log } from './log.ts';
import {
  appendReply, openReply, orderReply, readReply, redirect, rest, snapshotReply, submitReply, takeOver, voteReply, voteRequest, wake,
  type Append, type AppendReply, type ClientMessage, type OpenRequest, type Order, type RaftMessage, type ReadRequest, type Redirect, type Rest,
  type SnapshotChunk, type SnapshotReply, type Submit, type TakeOver, type VoteReply, type VoteRequest,
} from './message.ts';
import { Reads } from './reads.ts';
import { answer, Replica } from './replica.ts';
import { Standings } from './standing.ts';
import { asked, isSettled, nextStep, sameGoal } from './steps.ts';
import { Assembly, type Snapshot } from './transfer.ts';

/** Deadlines of the owner's table that belong to this member. */
export interface RaftSlots {
  readonly election: number;
  readonly heartbeat: number;
}

/** Who is at the other end, of what is known of the lives of nodes. */
export interface Lives {
  /** The latest life of a node; 0: the one it was founded with, or nothing is known. */
  lifeOf(node: NodeId): number;
  /** Whether there is such a node in this network. */
  knows(node: NodeId): boolean;
}

/** Voters, and learners, that an operator may ask for. */
const MAX_WISHED = 16;
const NOBODY: NodeId = nodeId(0);

export class Raft implements Leading {
  readonly group: GroupId;
  readonly self: NodeId;
  private readonly parameters: RaftParameters;
  private readonly slots: RaftSlots;
  private readonly lives: Lives;
  private readonly founding: Configuration;
  private readonly blank: MachineImage;
  private readonly standings: Standings;

  private currentTerm = 0;
  private vote: NodeId = NOBODY;
  private currentRole: Role = 'follower';
  private currentLeader: NodeId = NOBODY;
  readonly log: Log = new Log();
  private commitIndex = 0;
  private appliedIndex = 0;
  readonly replica: Replica;

  /** When it last heard from the leader, and since when it has had no reason not to stand for election. */
  private heardAt: Micros = 0;
  private quietSince: Micros = 0;
  /** How long a silence makes it stand. Drawn anew for every try. */
  private timeoutUs: Micros = 0;
  /** By place: who granted it a vote, or a pre-vote. */
  private granted: boolean[] = [];

  /** Of a leader: index of the first entry of its term; when its machine last had upkeep; its latest own entries. */
  private termStart = 0;
  private ownAt: Micros = 0;
  private ownIndex = 0;
  private expireIndex = 0;
  /** Whom it asks to take over, and until when nothing else is begun. */
  private handingTo: NodeId = NOBODY;
  private handingUntil: Micros = 0;
  /** When something was last begun; how often it has said that the group rests. */
  private busyAt: Micros = 0;
  private resting = 0;
  /** Nothing is open here, and no heartbeat is sent or waited for. Whatever is heard ends it. */
  private asleep = false;
  private readonly followers: Followers;
  private readonly reads: Reads = new Reads();
  /** What this follower is getting. */
  private assembly: Assembly | undefined;
  /** The entry after `appliedIndex` fails an assertion of ours. This member does nothing more: it would fail again. */
  private halted = false;

  constructor(group: GroupParameters, self: NodeId, parameters: RaftParameters, machine: Machine, slots: RaftSlots, lives: Lives) {
    this.group = group.id;
    this.self = self;
    this.parameters = parameters;
    this.slots = slots;
    this.lives = lives;
    this.founding = founding(group.voters);
    this.standings = new Standings(this.founding);
    this.blank = machine.image();
    this.replica = new Replica(group.id, machine, parameters.maxSessions);
    this.followers = new Followers(this, parameters);
  }

  get term(): number {
    return this.currentTerm;
  }

  get role(): Role {
    return this.currentRole;
  }

  /** The leader of the term, as far as it knows; 0 if it does not. */
  get leader(): NodeId {
    return this.currentLeader;
  }

  get commit(): number {
    return this.commitIndex;
  }

  get applied(): number {
    return this.appliedIndex;
  }

  get isHalted(): boolean {
    return this.halted;
  }

  get round(): number {
    return this.reads.round;
  }

  get lastIndex(): number {
    return this.log.lastIndex;
  }

  get firstIndex(): number {
    return this.log.base + 1;
  }

  /** The entry at an index from `firstIndex` to `lastIndex`. */
  entryAt(index: number): Entry {
    return this.log.at(index);
  }

  /** Who is a member, and what makes a majority: by the latest configuration in the log. */
  get electorate(): Electorate {
    return this.standings.inForce;
  }

  /** It leads, and says so at intervals. */
  get isBeating(): boolean {
    return this.currentRole === 'leader' && !this.asleep;
  }

  get isAsleep(): boolean {
    return this.asleep;
  }

  /** Who votes in the configuration in force here, if this node is one of them. */
  get voters(): readonly NodeId[] {
    return this.isVoter ? this.electorate.nodes.slice(0, this.electorate.voting) : [];
  }

  /** It has asked somebody to take over, and leads until that happens. */
  get isHandingOver(): boolean {
    return this.handingTo !== NOBODY;
  }

  /** How much has arrived of a snapshot that is on its way here. */
  get receiving(): number {
    return this.assembly?.received ?? 0;
  }

  get isMember(): boolean {
    return this.electorate.placeOf(this.self, this.life) !== undefined;
  }

  private get life(): number {
    return this.lives.lifeOf(this.self);
  }

  private get isVoter(): boolean {
    return this.electorate.isVoter(this.self, this.life);
  }

  /** At every start, the first included: whatever was under way with others is over. */
  recovered(ctx: Context): void {
    if (this.halted) return ctx.fact({ kind: 'groupHalted', group: this.group, index: this.appliedIndex + 1 });
    this.retire(ctx);
    if (this.assembly !== undefined) ctx.fact({ kind: 'snapshotResumed', group: this.group, index: this.assembly.index, received: this.assembly.received });
    if (this.standings.latest.index > 0) this.announceConfiguration(ctx);
    this.awaitLeader(ctx);
  }

  /** Ends all that this member does, for good. Others of its group go on, if they can apply what it cannot. */
  halt(ctx: Context): void {
    this.halted = true;
    this.retire(ctx);
    this.assembly = undefined;
    ctx.deadline(this.slots.election, NEVER);
  }

  private retire(ctx: Context): void {
    this.currentRole = 'follower';
    this.currentLeader = NOBODY;
    this.granted = [];
    this.leaveOffice();
    this.asleep = false;
    ctx.deadline(this.slots.heartbeat, NEVER);
  }

  /** This node lost what it had promised, and begins anew: with nothing, and with a seat only once it is given one. */
  reborn(ctx: Context): void {
    if (this.currentRole === 'leader') this.stepDown(ctx, 'newLife');
    this.currentTerm = 0;
    this.vote = NOBODY;
    this.log.reset(0, 0);
    this.commitIndex = 0;
    this.appliedIndex = 0;
    this.standings.reset({ index: 0, term: 0, configuration: this.founding });
    this.replica.restore(this.blank, []);
    this.followers.reborn();
    this.assembly = undefined;
    this.halted = false;
    this.asleep = false;
    ctx.deadline(this.slots.election, NEVER);
  }

  receive(ctx: Context, from: NodeId, message: RaftMessage | ClientMessage): void {
    if (this.halted) return this.decline(ctx, from, message);
    if (this.asleep && message.kind !== 'rest') this.wakeUp(ctx, from, message.kind === 'vote');
    switch (message.kind) {
      case 'submit':
        return this.submitted(ctx, from, message);
      case 'open':
        return this.openAsked(ctx, from, message);
      case 'read':
        return this.readAsked(ctx, from, message);
      case 'order':
        return this.ordered(ctx, from, message);
      default:
        if (from === this.self || !this.lives.knows(from) || message.term > Math.min(MAX_NUMBER, this.currentTerm + MAX_TERM_LEAP)) return;
        return this.heard(ctx, from, message);
    }
  }

  /**
   * Who asks may be unknown here: this member may not have got the configuration yet that seats him (4.1). Who answers must
   * have a seat, and be in the life that was given it.
   */
  private heard(ctx: Context, from: NodeId, message: RaftMessage): void {
    switch (message.kind) {
      case 'vote':
        return this.voteAsked(ctx, from, message);
      case 'append':
        if (message.term > this.currentTerm) this.adopt(ctx, message.term);
        if (message.term < this.currentTerm) return this.disown(ctx, from);
        return this.appended(ctx, from, message);
      case 'snapshot':
        if (message.term > this.currentTerm) this.adopt(ctx, message.term);
        if (message.term < this.currentTerm) return this.disown(ctx, from);
        return this.chunkArrived(ctx, from, message);
      case 'takeOver':
        return this.takeOverAsked(ctx, from, message);
      case 'rest':
        return this.restAsked(ctx, from, message);
      case 'wake':
        return;
      default: {
        const place = this.electorate.placeOf(from, this.lives.lifeOf(from));
        if (place !== undefined) this.answered(ctx, place, message);
      }
    }
  }

  /** Peers get no answer; clients are told to look elsewhere. */
  private decline(ctx: Context, from: NodeId, message: RaftMessage | ClientMessage): void {
    if (message.kind === 'submit') this.refuse(ctx, from, 'halted', 'submit', message.sequence);
    else if (message.kind === 'open') this.refuse(ctx, from, 'halted', 'open', message.nonce);
    else if (message.kind === 'read') this.refuse(ctx, from, 'halted', 'read', message.token);
    else if (message.kind === 'order') this.refuse(ctx, from, 'halted', 'order', message.token);
  }

  private answered(ctx: Context, place: number, message: AppendReply | VoteReply | SnapshotReply): void {
    if (message.term > this.currentTerm && !isAskedFor(message)) this.adopt(ctx, message.term);
    switch (message.kind) {
      case 'appendReply':
        if (message.term === this.currentTerm && this.currentRole === 'leader') this.appendReplied(ctx, place, message);
        return;
      case 'voteReply':
        return this.voteReplied(ctx, place, message);
      case 'snapshotReply':
        if (message.term === this.currentTerm && this.currentRole === 'leader') this.chunkReplied(ctx, place, message);
        return;
    }
  }

  // ---- Elections (3.4, 9.6) ----

  /** The timer is lazy: hearing from the leader only notes the time, and the deadline looks for itself when it is due. */
  electionDue(ctx: Context): void {
    if (this.currentRole === 'leader' || !this.isVoter) return;
    const due = this.quietSince + this.timeoutUs;
    if (ctx.at < due) return ctx.deadline(this.slots.election, due);
    this.campaign(ctx, 'preCandidate');
  }

  /** Begins a silence of a newly drawn length, after which it stands. Only voters do. */
  awaitLeader(ctx: Context): void {
    this.quietSince = ctx.at;
    if (!this.isVoter) return;
    this.timeoutUs = ctx.random.between(this.parameters.electionMinUs, this.parameters.electionMaxUs);
    ctx.deadline(this.slots.election, ctx.at + this.timeoutUs);
  }

  private campaign(ctx: Context, role: 'preCandidate' | 'candidate', handed: boolean = false): void {
    this.currentRole = role;
    this.currentLeader = NOBODY;
    if (role === 'candidate') {
      this.currentTerm++;
      this.vote = this.self;
    }
    this.awaitLeader(ctx);
    const { nodes, voting } = this.electorate;
    this.granted = nodes.map((node) => node === this.self);
    if (this.isElected) return this.won(ctx);
    const pre = role === 'preCandidate';
    const request = voteRequest(this.group, pre, this.currentTerm + (pre ? 1 : 0), this.log.lastIndex, this.log.lastTerm, handed);
    for (let place = 0; place < voting; place++) if (nodes[place] !== this.self) ctx.send(nodes[place] as NodeId, request);
  }

  private get isElected(): boolean {
    return this.electorate.agree((place) => this.granted[place] === true);
  }

  private voteAsked(ctx: Context, from: NodeId, m: VoteRequest): void {
    const follows = !m.handed && (this.currentRole === 'leader' || (this.currentLeader !== NOBODY && ctx.at - this.heardAt < this.parameters.electionMinUs));
    if (!follows && !m.pre && m.term > this.currentTerm) this.adopt(ctx, m.term);
    const upToDate = m.lastTerm > this.log.lastTerm || (m.lastTerm === this.log.lastTerm && m.lastIndex >= this.log.lastIndex);
    const free = m.pre ? m.term > this.currentTerm : m.term === this.currentTerm && (this.vote === NOBODY || this.vote === from);
    const granted = !follows && upToDate && free;
    if (granted && !m.pre) {
      this.vote = from;
      this.quietSince = ctx.at;
    }
    ctx.send(from, voteReply(this.group, m.pre, granted ? m.term : this.currentTerm, granted));
  }

  private voteReplied(ctx: Context, place: number, m: VoteReply): void {
    const expected = m.pre ? 'preCandidate' : 'candidate';
    if (!m.granted || this.currentRole !== expected || m.term !== this.currentTerm + (m.pre ? 1 : 0)) return;
    this.granted[place] = true;
    if (this.isElected) this.won(ctx);
  }

  private won(ctx: Context): void {
    if (this.currentRole === 'preCandidate') return this.campaign(ctx, 'candidate');
    assert(this.currentRole === 'candidate' && this.vote === this.self, 'only who stood and voted for itself is elected');
    this.currentRole = 'leader';
    this.currentLeader = this.self;
    this.granted = [];
    this.assembly = undefined;
    this.followers.begin(ctx.at);
    this.termStart = this.log.lastIndex + 1;
    this.ownAt = ctx.at;
    ctx.deadline(this.slots.election, NEVER);
    ctx.deadline(this.slots.heartbeat, ctx.at + this.parameters.heartbeatUs);
    ctx.fact({ kind: 'becameLeader', group: this.group, term: this.currentTerm });
    this.propose(ctx, noop);
  }

  /** Somebody has got to a later term. */
  private adopt(ctx: Context, term: number): void {
    assert(term > this.currentTerm, 'terms only grow');
    if (this.currentRole === 'leader') this.stepDown(ctx, 'higherTerm');
    this.currentRole = 'follower';
    this.currentLeader = NOBODY;
    this.currentTerm = term;
    this.vote = NOBODY;
  }

  private stepDown(ctx: Context, why: 'higherTerm' | 'noQuorum' | 'removed' | 'newLife'): void {
    ctx.fact({ kind: 'steppedDown', group: this.group, term: this.currentTerm, why });
    this.currentRole = 'follower';
    this.currentLeader = NOBODY;
    for (const read of this.leaveOffice()) this.refuse(ctx, read.from, 'notLeader', 'read', read.token);
    ctx.deadline(this.slots.heartbeat, NEVER);
    this.awaitLeader(ctx);
  }

  /** Drops what only a leader has, and returns the reads that nobody here will answer. */
  private leaveOffice(): ReturnType<Reads['clear']> {
    this.followers.end();
    this.termStart = 0;
    this.ownAt = 0;
    this.ownIndex = 0;
    this.expireIndex = 0;
    this.handingTo = NOBODY;
    this.handingUntil = 0;
    this.replica.sessions.forgetLog();
    return this.reads.clear();
  }

  /** Tells a leader of an earlier term that it is none any more. */
  private disown(ctx: Context, from: NodeId): void {
    ctx.send(from, appendReply(this.group, this.currentTerm, false, 0, 0));
  }

  // ---- The follower's side of the log (3.5) ----

  /** False if the message cannot come from the leader of this term. */
  private follow(ctx: Context, from: NodeId): boolean {
    if (this.currentRole === 'leader' || (this.currentLeader !== NOBODY && this.currentLeader !== from)) return false;
    this.currentRole = 'follower';
    this.currentLeader = from;
    this.heardAt = ctx.at;
    this.quietSince = ctx.at;
    return true;
  }

  /** Terms in a log never go back, no entry is of a later term than the leader that sends it, and members are nodes of this network. */
  private isHonest(m: Append): boolean {
    let term = m.prevTerm;
    for (let i = 0; i < m.entries.length; i++) {
      const entry = m.entries[i] as Entry;
      if (entry.term < term) return false;
      term = entry.term;
      if (entry.command.kind === 'configure' && !this.areKnown(entry.command.configuration)) return false;
    }
    return term <= m.term;
  }

  private areKnown(c: Configuration): boolean {
    return [c.voters, c.outgoing, c.learners].every((seats) => seats.every((seat) => this.lives.knows(seat.node)));
  }

  private appended(ctx: Context, from: NodeId, m: Append): void {
    if (!this.isHonest(m) || !this.follow(ctx, from)) return;
    if (m.prevIndex > this.commitIndex && !this.log.matches(m.prevIndex, m.prevTerm)) {
      return ctx.send(from, appendReply(this.group, this.currentTerm, false, this.goOnAfter(m.prevIndex), m.round));
    }
    this.take(ctx, m.prevIndex, m.entries);
    const lastNew = m.prevIndex + m.entries.length;
    const commit = Math.min(m.commit, lastNew);
    if (commit > this.commitIndex) this.commitTo(ctx, commit);
    ctx.send(from, appendReply(this.group, this.currentTerm, true, Math.max(lastNew, this.commitIndex), m.round));
  }

  /** Entries that are committed are the leader's as well (leader completeness): only what follows them is compared. */
  private take(ctx: Context, prevIndex: number, entries: readonly Entry[]): void {
    const log = this.log;
    let index = prevIndex;
    for (let i = 0; i < entries.length; i++) {
      index++;
      if (index <= this.commitIndex) continue;
      const entry = entries[i] as Entry;
      if (index <= log.lastIndex) {
        if (log.termAt(index) === entry.term) continue;
        assert(index > this.commitIndex, 'what is committed stays');
        log.truncateAfter(index - 1);
        if (this.standings.latest.index >= index) this.uncovered(ctx, index - 1);
      }
      log.push(entry);
      if (entry.command.kind === 'configure') this.configured(ctx, entry.term, entry.command.configuration);
    }
  }

  /** Where the logs may agree: before the whole conflicting term, but not before what is committed. */
  private goOnAfter(prevIndex: number): number {
    if (prevIndex > this.log.lastIndex) return this.log.lastIndex;
    return this.log.firstOfTerm(prevIndex, this.commitIndex) - 1;
  }

  // ---- The leader's side of the log (3.5, 3.6) ----

  private propose(ctx: Context, command: Command): number {
    assert(this.currentRole === 'leader', 'only a leader proposes');
    this.busyAt = ctx.at;
    this.log.push(makeEntry(this.currentTerm, command));
    const index = this.log.lastIndex;
    this.followers.grown(ctx, this.ownPlace);
    if (command.kind === 'configure') {
      // Who loses his seat has just been sent the entry that says so; nobody will repeat it.
      this.configured(ctx, this.currentTerm, command.configuration);
      this.followers.grown(ctx, this.ownPlace);
    }
    if (this.electorate.quorum === 1) this.countCommit(ctx);
    return index;
  }

  private get ownPlace(): number | undefined {
    return this.electorate.placeOf(this.self, this.life);
  }

  private appendReplied(ctx: Context, place: number, m: AppendReply): void {
    if (!this.followers.heard(ctx.at, place, m.match, m.round)) return;
    if (m.ok) this.agreed(ctx, place, m.match);
    else this.followers.disagreed(ctx, place, m.match);
    if (m.round > 0) this.countRound(ctx);
  }

  private chunkReplied(ctx: Context, place: number, m: SnapshotReply): void {
    if (!this.followers.heard(ctx.at, place, m.index, m.round)) return;
    if (m.is === 'done') this.agreed(ctx, place, m.index);
    else this.followers.chunkTaken(ctx, place, m);
    if (m.round > 0) this.countRound(ctx);
  }

  private agreed(ctx: Context, place: number, match: number): void {
    if (this.followers.agreed(ctx, place, match)) this.countCommit(ctx);
    if (this.currentRole !== 'leader') return;
    if (this.handingTo !== NOBODY) this.askToTakeOver(ctx);
    // What was committed may have changed the configuration, and with it all places.
    const node = this.electorate.nodes[place];
    if (node !== undefined) this.followers.replicate(ctx, place);
  }

  /** Counting commits entries of the own term only; those before them come along (3.6.2). */
  private countCommit(ctx: Context): void {
    const index = this.followers.majority();
    if (index > this.commitIndex && this.log.termAt(index) === this.currentTerm) this.commitTo(ctx, index);
  }

  /** Has this member asked that of the content store, and waits for the answer? */
  awaits(sequence: number, place: number): boolean {
    return this.followers.hasAsked(sequence, place);
  }

  /** The content store has answered. */
  contentAnswered(ctx: Context, sequence: number, place: number, outcome: ServiceOutcome): void {
    this.followers.answered(ctx, sequence, place, outcome);
  }

  // ---- The leader's tick ----

  heartbeatDue(ctx: Context): void {
    if (this.currentRole !== 'leader') return;
    if (this.asleep) this.wakeUp(ctx, this.self, false);
    if (!this.followers.hearsQuorum(ctx.at)) return this.stepDown(ctx, 'noQuorum');
    if (this.appliedIndex >= this.termStart) {
      this.expireIdle(ctx);
      this.upkeep(ctx);
    }
    this.steer(ctx);
    if (this.role !== 'leader') return;
    if (ctx.at >= this.handingUntil) this.handingTo = NOBODY;
    if (this.mayRest(ctx.at)) return this.goToRest(ctx);
    this.resting = 0;
    this.followers.remindAll(ctx);
    ctx.deadline(this.slots.heartbeat, ctx.at + this.parameters.heartbeatUs);
  }

  // ---- Rest ----
  //
  // A group in which nothing is open and nobody asks costs nothing: its leader sends no heartbeats, and its followers wait for
  // none. That is safe, for nothing rests on the leader's being heard: a read still takes a round, a commit still a majority.
  // Whoever is spoken to, or asked by a client, wakes up and wakes the leader; if that one is gone, an election timeout later
  // the others stand as ever. A node that starts again speaks, too.

  private mayRest(at: Micros): boolean {
    const { restAfterUs } = this.parameters;
    if (restAfterUs === 0 || at - this.busyAt < restAfterUs || this.handingTo !== NOBODY || this.reads.pending.length > 0) return false;
    if (this.commitIndex !== this.log.lastIndex || this.appliedIndex < this.termStart) return false;
    return (this.resting > 0 || this.followers.areLevel(at)) && isSettled(this.electorate.configuration, (node) => this.lives.lifeOf(node));
  }

  /** Said three times, since nobody answers. Who misses it all the same stands in vain, and wakes everybody up. */
  private goToRest(ctx: Context): void {
    this.followers.sayToAll(ctx, rest(this.group, this.currentTerm, this.log.lastIndex));
    if (++this.resting < 3) return ctx.deadline(this.slots.heartbeat, ctx.at + this.parameters.heartbeatUs);
    this.asleep = true;
    ctx.fact({ kind: 'rested', group: this.group, term: this.currentTerm });
    // The machine and the sessions go on with time all the same.
    const { machine, sessions } = this.replica;
    const due = Math.min(this.ownAt + Math.ceil(machine.upkeepEveryUs), sessions.firstIdleAt(this.parameters.sessionIdleUs));
    ctx.deadline(this.slots.heartbeat, Math.max(ctx.at + this.parameters.heartbeatUs, due));
  }

  private restAsked(ctx: Context, from: NodeId, m: Rest): void {
    if (m.term !== this.currentTerm || this.currentLeader !== from || this.currentRole !== 'follower') return;
    if (this.log.lastIndex !== m.lastIndex || this.commitIndex !== m.lastIndex || this.asleep) return;
    this.asleep = true;
    ctx.deadline(this.slots.election, NEVER);
    ctx.fact({ kind: 'rested', group: this.group, term: this.currentTerm });
  }

  /** `isVote`: somebody stands, who may only have slept too lightly. The leader is given the time to show itself. */
  private wakeUp(ctx: Context, from: NodeId, isVote: boolean): void {
    this.asleep = false;
    this.resting = 0;
    this.busyAt = ctx.at;
    ctx.fact({ kind: 'woke', group: this.group, term: this.currentTerm });
    if (this.currentRole === 'leader') {
      this.followers.refresh(ctx.at);
      return ctx.deadline(this.slots.heartbeat, ctx.at);
    }
    if (isVote) this.heardAt = ctx.at;
    this.awaitLeader(ctx);
    if (from !== this.currentLeader && this.currentLeader !== NOBODY) ctx.send(this.currentLeader, wake(this.group, this.currentTerm), this.parameters.electionMinUs);
  }

  /** Somebody's life is another one than his seat was given to: a leader that rests has something to do. */
  reseat(ctx: Context): void {
    if (this.asleep && this.currentRole === 'leader' && !isSettled(this.electorate.configuration, (node) => this.lives.lifeOf(node))) this.wakeUp(ctx, this.self, false);
  }

  private expireIdle(ctx: Context): void {
    if (this.expireIndex > this.appliedIndex) return;
    const idle = this.replica.sessions.idle(ctx.at, this.parameters.sessionIdleUs, MAX_EXPIRED_AT_ONCE);
    if (idle.length > 0) this.expireIndex = this.propose(ctx, expireSessions(idle));
  }

  private upkeep(ctx: Context): void {
    if (this.ownIndex > this.appliedIndex) return;
    const body = this.replica.machine.upkeep(ctx.at - this.ownAt);
    if (body !== undefined) this.ownIndex = this.propose(ctx, ownCommand(body));
  }

  // ---- A snapshot arrives (7) ----

  private chunkArrived(ctx: Context, from: NodeId, m: SnapshotChunk): void {
    if (m.index > MAX_NUMBER || m.indexTerm > m.term || !this.follow(ctx, from)) return;
    // What the log holds needs no installing, and must stay: entries after it may have been acknowledged.
    if (m.index > this.commitIndex && this.log.matches(m.index, m.indexTerm)) this.commitTo(ctx, m.index);
    const before = this.assembly;
    // Late, and of a snapshot that the leader itself has given up: an answer to it would be of no use.
    if (m.index > this.commitIndex && before?.isOf(m) === false && before.hasOvertaken(m)) return;
    const whole = m.index > this.commitIndex && this.assemble(ctx, m);
    const is = m.index <= this.commitIndex ? 'done' : whole ? 'damaged' : 'wanting';
    ctx.send(from, snapshotReply(this.group, this.currentTerm, m.index, m.content, is === 'wanting' ? (this.assembly?.received ?? 0) : 0, is, m.round));
  }

  /** True if all of it has arrived. Then it is installed, unless it is damaged. */
  private assemble(ctx: Context, m: SnapshotChunk): boolean {
    if (this.assembly?.isOf(m) !== true) {
      if (this.assembly !== undefined) ctx.fact({ kind: 'snapshotChanged', group: this.group, index: m.index, before: this.assembly.index });
      this.assembly = Assembly.begin(m);
    }
    const assembly = this.assembly as Assembly;
    assembly.add(m);
    if (!assembly.isComplete) return false;
    this.assembly = undefined;
    const snapshot = assembly.snapshot(this.group, this.parameters.maxSessions);
    if (snapshot !== undefined && this.areKnown(snapshot.configuration)) this.install(ctx, snapshot);
    else ctx.fact({ kind: 'contentDamaged', group: this.group, index: m.index, content: m.content });
    return true;
  }

  private install(ctx: Context, snapshot: Snapshot): void {
    assert(snapshot.index > this.commitIndex, 'a snapshot takes nothing back');
    this.log.reset(snapshot.index, snapshot.term);
    this.commitIndex = snapshot.index;
    this.appliedIndex = snapshot.index;
    this.replica.install(snapshot, ctx.at);
    this.followers.compacted(ctx);
    this.installed(ctx, snapshot);
    ctx.fact({ kind: 'snapshotInstalled', group: this.group, index: snapshot.index, term: snapshot.term });
  }

  /** Half of what may be kept goes at once, so that compacting costs O(1) per entry. */
  private compact(ctx: Context): void {
    const index = Math.min(this.appliedIndex - (this.parameters.keepEntries >> 1), this.followers.spared(ctx.at));
    if (index <= this.log.base) return;
    this.log.compactTo(index);
    this.standings.compactedTo(index);
    this.followers.compacted(ctx);
  }

  // ---- Commit and apply (3.5, 6.3) ----

  private commitTo(ctx: Context, index: number): void {
    assert(index > this.commitIndex && index <= this.log.lastIndex, 'commit grows within the log');
    const before = this.commitIndex;
    this.commitIndex = index;
    const leads = this.currentRole === 'leader';
    while (this.appliedIndex < index) {
      // Counted once it is done: an entry that cannot be applied is known by the gap it leaves (Kernel.skip).
      this.replica.apply(ctx, this.log, this.appliedIndex + 1, leads);
      this.appliedIndex++;
      if (this.appliedIndex === this.ownIndex) this.ownAt = ctx.at;
    }
    if (this.assembly !== undefined && this.assembly.index <= index) this.assembly = undefined;
    if (this.appliedIndex - this.log.base > this.parameters.keepEntries) this.compact(ctx);
    if (!leads) return;
    this.answerReads(ctx);
    if (this.standings.latest.index > before && this.standings.latest.index <= index) this.steer(ctx);
  }

  // ---- Clients (6) ----

  private refuse(ctx: Context, to: NodeId, why: Redirect['why'], answers: Redirect['answers'], number: number): void {
    const { configuration, nodes } = this.electorate;
    answer(ctx, to, redirect(this.group, why, this.currentLeader, answers, number, configuration.number, nodes));
  }

  private get isFull(): boolean {
    return this.handingTo !== NOBODY || this.log.lastIndex - this.commitIndex >= this.parameters.maxUncommitted;
  }

  private openAsked(ctx: Context, from: NodeId, m: OpenRequest): void {
    if (this.currentRole !== 'leader') return this.refuse(ctx, from, 'notLeader', 'open', m.nonce);
    const session = this.replica.sessions.openedBy(from, m.nonce);
    if (session !== undefined) return answer(ctx, from, openReply(this.group, m.nonce, session.id));
    if (this.isFull) return this.refuse(ctx, from, 'busy', 'open', m.nonce);
    this.propose(ctx, openSession(from, m.nonce));
  }

  private submitted(ctx: Context, from: NodeId, m: Submit): void {
    if (this.currentRole !== 'leader') return this.refuse(ctx, from, 'notLeader', 'submit', m.sequence);
    const session = this.replica.sessions.find(m.session);
    if (session === undefined || session.opener !== from) {
      // A session is the index that opened it: if that is applied and the session is not there, it has expired for good.
      return this.refuse(ctx, from, m.session <= this.appliedIndex ? 'sessionExpired' : 'busy', 'submit', m.sequence);
    }
    if (m.sequence < session.answered || m.answered > m.sequence) return;
    const outcome = session.outcomeOf(m.sequence);
    if (outcome !== undefined) return answer(ctx, from, submitReply(this.group, session.id, m.sequence, outcome));
    if (session.inLog.includes(m.sequence)) return;
    if (this.isFull || session.isBeyondWindow(m.sequence, m.answered)) return this.refuse(ctx, from, 'busy', 'submit', m.sequence);
    session.touchedAt = ctx.at;
    session.inLog.push(m.sequence);
    this.propose(ctx, applyCommand(session.id, m.sequence, m.answered, m.body));
  }

  /** Until the first entry of the term is applied, the leader does not know what is committed: the read waits for it (6.4). */
  private readAsked(ctx: Context, from: NodeId, m: ReadRequest): void {
    if (this.currentRole !== 'leader') return this.refuse(ctx, from, 'notLeader', 'read', m.token);
    this.busyAt = ctx.at;
    if (this.reads.isPending(from, m.token)) return;
    if (this.reads.pending.length >= this.parameters.maxPendingReads) return this.refuse(ctx, from, 'busy', 'read', m.token);
    const index = Math.max(this.commitIndex, this.termStart);
    if (this.reads.add(from, m.token, m.need, index)) this.beginRound(ctx);
  }

  private beginRound(ctx: Context): void {
    this.reads.round++;
    this.followers.askAll(ctx);
    if (this.electorate.quorum === 1) this.countRound(ctx);
  }

  private countRound(ctx: Context): void {
    if (this.reads.confirmed === this.reads.round || this.currentRole !== 'leader' || !this.followers.haveConfirmed) return;
    this.reads.confirmed = this.reads.round;
    this.answerReads(ctx);
    if (this.reads.wantsRound) this.beginRound(ctx);
  }

  private answerReads(ctx: Context): void {
    if (this.reads.pending.length === 0) return;
    for (const read of this.reads.ready(this.appliedIndex)) answer(ctx, read.from, readReply(this.group, read.token, this.replica.machine.lookup(read.need)));
  }

  // ---- Membership (4) ----

  /** The entry that was just appended holds a configuration: it is in force from here on. */
  private configured(ctx: Context, term: number, configuration: Configuration): void {
    const before = this.electorate;
    const voted = this.isVoter;
    this.standings.entered({ index: this.log.lastIndex, term, configuration });
    this.announceConfiguration(ctx);
    if (this.currentRole === 'leader') this.followers.reseat(before, ctx.at);
    else if (!voted) this.awaitLeader(ctx);
  }

  /** The configuration in force was cut off, and the one before it is in force again. */
  private uncovered(ctx: Context, last: number): void {
    const voted = this.isVoter;
    this.standings.cutAfter(last);
    this.announceConfiguration(ctx);
    if (!voted) this.awaitLeader(ctx);
  }

  private installed(ctx: Context, snapshot: Snapshot): void {
    const voted = this.isVoter;
    this.standings.reset({ index: snapshot.index, term: snapshot.term, configuration: snapshot.configuration });
    this.announceConfiguration(ctx);
    if (!voted) this.awaitLeader(ctx);
  }

  private announceConfiguration(ctx: Context): void {
    const { index, term, configuration } = this.standings.latest;
    ctx.fact({ kind: 'configured', group: this.group, index, term, configuration });
  }

  /** One change at a time, and none before an entry of the own term is committed: else two leaders' quorums might be apart. */
  private get mayChange(): boolean {
    return this.standings.latest.index <= this.commitIndex && this.commitIndex >= this.termStart;
  }

  /** Leads the group one step towards what was asked of it. A leader that has led itself out leaves. */
  private steer(ctx: Context): void {
    if (this.currentRole !== 'leader' || !this.mayChange) return;
    const { configuration } = this.electorate;
    if (!this.isVoter) return this.leave(ctx);
    if (isSettled(configuration, (node) => this.lives.lifeOf(node))) return;
    const step = nextStep(configuration, { lifeOf: (node) => this.lives.lifeOf(node), hasCaughtUp: (node) => this.hasCaughtUp(ctx.at, node) });
    if (step !== undefined) this.propose(ctx, configure(step));
  }

  private hasCaughtUp(at: Micros, node: NodeId): boolean {
    const place = this.electorate.placeOf(node, this.lives.lifeOf(node));
    return place !== undefined && this.followers.hasCaughtUp(at, place);
  }

  /** Committed is a configuration without this member: somebody else leads from here on. */
  private leave(ctx: Context): void {
    const heir = this.followers.mostAdvanced(ctx.at);
    if (heir !== undefined) ctx.send(heir, takeOver(this.group, this.currentTerm), this.parameters.electionMinUs);
    this.stepDown(ctx, 'removed');
  }

  /** What an operator wants. Asked again it says the same, so a gateway may repeat it until it is answered. */
  private ordered(ctx: Context, from: NodeId, m: Order): void {
    if (this.currentRole !== 'leader') return this.refuse(ctx, from, 'notLeader', 'order', m.token);
    const { configuration } = this.electorate;
    const wish = m.wish;
    if (wish.kind === 'members') return answer(ctx, from, orderReply(this.group, m.token, 'done', configuration));
    if (wish.kind === 'handOver') return this.handOverOrdered(ctx, from, m.token, wish.to);
    if (!isPossible(wish.goal)) return answer(ctx, from, orderReply(this.group, m.token, 'impossible', configuration));
    if (!this.mayChange) return this.refuse(ctx, from, 'busy', 'order', m.token);
    if (sameGoal(configuration.goal, wish.goal)) return answer(ctx, from, orderReply(this.group, m.token, 'done', configuration));
    if (wish.number !== configuration.number) return answer(ctx, from, orderReply(this.group, m.token, 'superseded', configuration));
    if (configuration.outgoing.length > 0) return this.refuse(ctx, from, 'busy', 'order', m.token);
    this.propose(ctx, configure(asked(configuration, wish.goal)));
  }

  // ---- Handing over (3.10) ----

  private handOverOrdered(ctx: Context, from: NodeId, token: number, to: NodeId): void {
    const { configuration } = this.electorate;
    if (to === this.self) return answer(ctx, from, orderReply(this.group, token, 'done', configuration));
    if (!configuration.voters.some((seat) => seat.node === to)) return answer(ctx, from, orderReply(this.group, token, 'impossible', configuration));
    this.handOver(ctx, to);
  }

  /** This node is about to stop: somebody else should lead, if anybody can. True if somebody was asked to. */
  drain(ctx: Context): boolean {
    if (this.currentRole !== 'leader') return false;
    if (this.asleep) this.wakeUp(ctx, this.self, false);
    const heir = this.followers.mostAdvanced(ctx.at);
    if (heir === undefined) return false;
    this.handOver(ctx, heir);
    return true;
  }

  /** Nothing new is begun until the other has taken over, or an election timeout is over. */
  private handOver(ctx: Context, to: NodeId): void {
    if (this.handingTo !== NOBODY) return;
    this.handingTo = to;
    this.handingUntil = ctx.at + this.parameters.electionMinUs;
    ctx.fact({ kind: 'handingOver', group: this.group, term: this.currentTerm, to });
    this.askToTakeOver(ctx);
  }

  private askToTakeOver(ctx: Context): void {
    const place = this.electorate.placeOf(this.handingTo, this.lives.lifeOf(this.handingTo));
    if (place === undefined || !this.followers.holdsAll(place)) return;
    ctx.send(this.handingTo, takeOver(this.group, this.currentTerm), Math.max(0, this.handingUntil - ctx.at));
  }

  /** The leader of the term asks: it holds no pre-vote, and nobody keeps his vote from it for having heard from that leader. */
  private takeOverAsked(ctx: Context, from: NodeId, m: TakeOver): void {
    if (m.term !== this.currentTerm || this.currentLeader !== from || this.currentRole === 'leader' || !this.isVoter) return;
    this.campaign(ctx, 'candidate', true);
  }

  // ---- The whole state ----

  configuredAfter(index: number): number {
    return this.standings.firstAfter(index);
  }

  freeze(): Snapshot {
    const index = this.appliedIndex;
    return this.replica.freeze(index, this.log.termAt(index), this.standings.at(index).configuration);
  }


  image(): RaftImage {
    return {
      term: this.currentTerm, vote: this.vote, role: this.currentRole, leader: this.currentLeader, commit: this.commitIndex, applied: this.appliedIndex,
      base: this.log.base, baseTerm: this.log.baseTerm, standings: this.standings.image(), entries: this.log.image(), machine: this.replica.machine.image(), sessions: this.replica.sessions.image(),
      heardAt: this.heardAt, quietSince: this.quietSince, timeoutUs: this.timeoutUs, granted: this.granted.slice(),
      termStart: this.termStart, ownAt: this.ownAt, ownIndex: this.ownIndex, expireIndex: this.expireIndex,
      handingTo: this.handingTo, handingUntil: this.handingUntil, busyAt: this.busyAt, resting: this.resting, asleep: this.asleep,
      progress: this.followers.progressImage(), round: this.reads.round, confirmed: this.reads.confirmed, reads: this.reads.pending.slice(),
      offer: this.followers.offering, assembly: this.assembly?.image(), halted: this.halted,
    };
  }

  restore(image: RaftImage): void {
    this.currentTerm = image.term;
    this.vote = image.vote;
    this.currentRole = image.role;
    this.currentLeader = image.leader;
    this.commitIndex = image.commit;
    this.appliedIndex = image.applied;
    this.log.restore(image.base, image.baseTerm, image.entries);
    this.standings.restore(image.standings);
    this.replica.restore(image.machine, image.sessions);
    this.heardAt = image.heardAt;
    this.quietSince = image.quietSince;
    this.timeoutUs = image.timeoutUs;
    this.granted = image.granted.slice();
    this.termStart = image.termStart;
    this.ownAt = image.ownAt;
    this.ownIndex = image.ownIndex;
    this.expireIndex = image.expireIndex;
    this.handingTo = image.handingTo;
    this.handingUntil = image.handingUntil;
    this.busyAt = image.busyAt;
    this.resting = image.resting;
    this.asleep = image.asleep;
    this.followers.restore(image.progress, image.offer);
    this.reads.restore(image.round, image.confirmed, image.reads);
    this.assembly = image.assembly === undefined ? undefined : new Assembly(image.assembly);
    this.halted = image.halted;
  }
}

/** A vote request is judged before its term is taken over; a granted pre-vote names a term that nobody has begun. */
function isAskedFor(message: RaftMessage): boolean {
  return message.kind === 'vote' || (message.kind === 'voteReply' && message.pre && message.granted);
}

/** Could a group ever look like that? It comes from outside. */
function isPossible(goal: Goal): boolean {
  const sorted = (nodes: readonly NodeId[]): boolean => nodes.every((node, place) => node > 0 && (place === 0 || (nodes[place - 1] as NodeId) < node));
  if (goal.voters.length === 0 || goal.voters.length > MAX_WISHED || goal.learners.length > MAX_WISHED) return false;
  return sorted(goal.voters) && sorted(goal.learners) && goal.learners.every((node) => !goal.voters.includes(node));
}
