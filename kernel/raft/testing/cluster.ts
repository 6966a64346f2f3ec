// A group of members in one process, over a network and a barrier that a test controls: what is delivered, lost, doubled or
// reordered, and which steps are durable when a member crashes, is decided from outside. It judges nothing; see judge.ts.

import { encode, Reader } from '../../base/codec.ts';
import { Deadlines } from '../../base/deadlines.ts';
import { groupId, nodeId, type GroupId, type NodeId } from '../../base/ids.ts';
import { Random } from '../../base/random.ts';
import { MS, NEVER, SECOND, type Micros } from '../../base/time.ts';
import type { Context, Signal } from '../../context.ts';
import { Register } from '../../decide/register.ts';
import type { Fact } from '../../fact.ts';
import type { Message } from '../../message.ts';
import { DECIDE_DEFAULTS, RAFT_DEFAULTS, type DecideParameters, type RaftParameters } from '../../parameters.ts';
import type { Entry } from '../entry.ts';
import { CHUNK_BYTES, type ContentAnswer, type ContentRequest } from '../../content.ts';
import { sha256 } from '../../base/hash.ts';
import type { ServiceOutcome, ServiceRequest } from '../../event.ts';
import { raftImageCodec, type RaftImage } from '../image.ts';
import { groupMessageCodec, type AnswerMessage, type ClientMessage, type GroupMessage, type RaftMessage } from '../message.ts';
import { Raft } from '../raft.ts';
import { describe, describeFact, describeMember } from './trace.ts';

export const GROUP: GroupId = groupId(0);
const SLOTS = { election: 0, heartbeat: 1 };

export interface Frame {
  readonly from: NodeId;
  readonly to: NodeId;
  readonly message: GroupMessage;
  readonly validUntil: Micros;
}

/** A question to the store of a member: the effect that asks it. */
export interface Call {
  readonly member: Member;
  readonly life: number;
  readonly sequence: number;
  readonly index: number;
  readonly request: ContentRequest;
}

export interface Commit {
  readonly index: number;
  readonly entry: Entry;
}

interface Durable {
  readonly image: RaftImage;
  readonly deadlines: readonly number[];
  readonly random: Random;
}

/** Small bounds, so that short runs reach every one of them. What one step commits is still in the log when it ends. */
export const TIGHT: RaftParameters = {
  ...RAFT_DEFAULTS, maxEntriesPerAppend: 4, maxInFlight: 3, maxUncommitted: 12, keepEntries: 40, maxSessions: 4, sessionIdleUs: 20 * SECOND, maxPendingReads: 8,
};

export class Member implements Context {
  readonly self: NodeId;
  raft: Raft;
  at: Micros = 0;
  wall: Micros = 0;
  sequence = 0;
  random: Random;
  deadlines: Deadlines = new Deadlines(2);
  up = true;
  /** Effects of steps that are not durable yet. */
  held: Frame[] = [];
  heldFacts: Fact[] = [];
  heldCalls: Call[] = [];
  /** Of which start its questions are: those of earlier ones are answered to nobody. */
  life = 0;
  private calls = 0;
  /** What it committed since the last flush. */
  private committed: Commit[] = [];
  private noted = 0;
  private described = '';
  private readonly cluster: Cluster;
  private readonly signals: Signal[] = [];
  private durable: Durable;

  constructor(cluster: Cluster, self: NodeId) {
    this.cluster = cluster;
    this.self = self;
    this.random = Random.of(cluster.seed, 'member', self);
    this.raft = cluster.makeRaft(self);
    this.durable = this.freeze();
  }

  /** A line for the trace, if somebody reads it. */
  private note(cause: string): void {
    const trace = this.cluster.trace;
    if (trace === undefined) return;
    const ms = (this.at / MS).toFixed(1).padStart(8);
    trace.push(`${ms} ms  node ${this.self}  ${cause}`);
    for (const fact of this.heldFacts) trace.push(`${''.padStart(21)}* ${describeFact(fact)}`);
    const now = describeMember(this);
    if (now !== this.described) trace.push(`${''.padStart(21)}= ${now}`);
    this.described = now;
  }

  /** One step: what the event does, and then what the modules have to say to each other. Nothing leaves yet. */
  step(cause: string, event: (raft: Raft) => void): void {
    this.at = Math.max(this.at, this.cluster.at);
    this.sequence++;
    event(this.raft);
    for (let i = 0; i < this.signals.length; i++) {
      const signal = this.signals[i] as Signal;
      if (signal.kind === 'answer') this.held.push({ from: this.self, to: this.self, message: signal.message, validUntil: NEVER });
      else this.raft.receive(this, this.self, signal.message);
    }
    this.signals.length = 0;
    this.noteCommits();
    this.note(cause);
  }

  /** The barrier: what was done is durable, what was said leaves. */
  flush(): void {
    this.durable = this.freeze();
    for (const fact of this.heldFacts) this.cluster.facts.push({ node: this.self, fact, at: this.cluster.at });
    for (const frame of this.held) if (frame.validUntil >= this.at) this.cluster.wire.push(frame);
    this.cluster.calls.push(...this.heldCalls);
    this.held = [];
    this.heldFacts = [];
    this.heldCalls = [];
    this.cluster.flushed?.(this, this.committed);
    this.committed = [];
  }

  private noteCommits(): void {
    for (this.noted = Math.max(this.noted, this.raft.firstIndex - 1); this.noted < this.raft.commit; ) {
      this.noted++;
      this.committed.push({ index: this.noted, entry: this.raft.entryAt(this.noted) });
    }
  }

  /** Forgets every step since the last flush, and is down. */
  crash(): void {
    this.up = false;
    this.held = [];
    this.heldFacts = [];
    this.heldCalls = [];
    this.committed = [];
    this.life++;
  }

  restart(): void {
    this.thaw(this.durable);
    this.up = true;
    this.step('starts again', (raft) => raft.recovered(this));
    this.flush();
  }

  /** Its disk is gone: it starts again with nothing, in another life. */
  rejoin(): void {
    this.raft = this.cluster.makeRaft(this.self);
    this.deadlines = new Deadlines(2);
    this.noted = 0;
    this.up = true;
    this.cluster.lives[this.self] = (this.cluster.lives[this.self] ?? 0) + 1;
    this.step('begins a new life', (raft) => {
      raft.reborn(this);
      raft.recovered(this);
    });
    this.flush();
  }

  /** Goes through bytes and comes back; nothing may change. */
  reload(): void {
    const before = this.freeze();
    this.thaw({ ...before, random: new Random(this.random.state) });
  }

  image(): RaftImage {
    return this.raft.image();
  }

  private freeze(): Durable {
    return { image: this.raft.image(), deadlines: this.deadlines.image(), random: new Random(this.random.state) };
  }

  private thaw(durable: Durable): void {
    this.raft = this.cluster.makeRaft(this.self);
    this.raft.restore(raftImageCodec.read(new Reader(encode(raftImageCodec, durable.image))));
    this.deadlines = new Deadlines(2);
    this.deadlines.restore(durable.deadlines);
    this.random = new Random(durable.random.state);
    this.noted = this.raft.commit;
  }

  send(to: NodeId, message: Message, validForUs: Micros = NEVER): void {
    if (!('group' in message)) return;
    const bytes = encode(groupMessageCodec, message);
    this.cluster.largest = Math.max(this.cluster.largest, bytes.length);
    this.held.push({ from: this.self, to, message: groupMessageCodec.read(new Reader(bytes)), validUntil: validForUs >= NEVER ? NEVER : this.at + validForUs });
  }

  fact(fact: Fact): void {
    this.heldFacts.push(fact);
  }

  signal(signal: Signal): void {
    this.signals.push(signal);
  }

  deadline(slot: number, due: Micros): void {
    this.deadlines.set(slot, due);
  }

  reply(): void {}

  call(request: ServiceRequest): number {
    this.heldCalls.push({ member: this, life: this.life, sequence: this.sequence, index: this.calls, request: request as ContentRequest });
    return this.calls++;
  }

  /** The store of this member answers. */
  hearOutcome({ sequence, index }: Call, outcome: ServiceOutcome): void {
    this.step('the store answers', (raft) => raft.contentAnswered(this, sequence, index, outcome));
  }
}

export class Cluster {
  readonly seed: number;
  readonly parameters: RaftParameters;
  readonly decide: DecideParameters;
  readonly members: readonly Member[];
  at: Micros = 0;
  /** Under way, in the order in which they were sent. */
  wire: Frame[] = [];
  /** What stores were asked, in order, and not answered yet; what they hold, by member. */
  calls: Call[] = [];
  readonly stores: Map<NodeId, { readonly content: string; readonly bytes: Uint8Array }> = new Map();
  /** What a store says instead of what it should; `silence`: nothing, for ever. */
  storeSays: ((request: ContentRequest) => ServiceOutcome | 'silence' | undefined) | undefined;
  /** What reached gateways, in order. */
  readonly answers: { readonly to: NodeId; readonly from: NodeId; readonly message: AnswerMessage; readonly at: Micros }[] = [];
  readonly facts: { readonly node: NodeId; readonly fact: Fact; readonly at: Micros }[] = [];
  /** Set to read along. */
  trace: string[] | undefined;
  /** Who looks on when steps of a member become durable. */
  flushed: ((member: Member, committed: readonly Commit[]) => void) | undefined;
  /** Bytes of the largest message so far. */
  largest = 0;
  /** By node: the life it is in, which all others know of. */
  readonly lives: number[] = [];
  private readonly voters: readonly NodeId[];

  constructor(size: number, seed: number, parameters: RaftParameters = TIGHT, decide: DecideParameters = DECIDE_DEFAULTS, founders: number = size) {
    this.seed = seed;
    this.parameters = parameters;
    this.decide = decide;
    const all = Array.from({ length: size }, (_, place) => nodeId(place + 1));
    this.voters = all.slice(0, founders);
    this.members = all.map((node) => new Member(this, node));
    for (const member of this.members) {
      member.step('starts', (raft) => raft.recovered(member));
      member.flush();
    }
  }

  makeRaft(self: NodeId): Raft {
    return new Raft({ id: GROUP, voters: this.voters }, self, this.parameters, new Register(this.decide), SLOTS, this);
  }

  lifeOf(node: NodeId): number {
    return this.lives[node] ?? 0;
  }

  knows(node: NodeId): boolean {
    return node >= 1 && node <= this.members.length;
  }

  member(node: number): Member {
    return this.members[node - 1] as Member;
  }

  /** The member that leads in the highest term. */
  get leader(): Member | undefined {
    let found: Member | undefined;
    for (const member of this.members) {
      if (member.up && member.raft.role === 'leader' && (found === undefined || member.raft.term > found.raft.term)) found = member;
    }
    return found;
  }

  /** A gateway asks a member. */
  ask(from: number, to: number, message: ClientMessage): void {
    this.wire.push({ from: nodeId(from), to: nodeId(to), message, validUntil: NEVER });
  }

  /** Takes a frame off the wire and hands it over. True if a member took a step. */
  deliver(place: number): Member | undefined {
    const [frame] = this.wire.splice(place, 1);
    if (frame === undefined) return undefined;
    return this.handOver(frame);
  }

  handOver(frame: Frame): Member | undefined {
    const { from, to, message } = frame;
    if (message.kind === 'opened' || message.kind === 'submitted' || message.kind === 'readReply' || message.kind === 'redirect' || message.kind === 'ordered') {
      this.answers.push({ to, from, message, at: this.at });
      this.trace?.push(`${(this.at / MS).toFixed(1).padStart(8)} ms  gateway ${to}  <- ${from}: ${describe(message)}`);
      return undefined;
    }
    const member = this.members[to - 1];
    if (member === undefined || !member.up) return undefined;
    member.step(this.trace === undefined ? '' : `<- ${from}: ${describe(message)}`, (raft) => raft.receive(member, from, message as RaftMessage | ClientMessage));
    return member;
  }

  /** The store that was asked first answers. True if a member took a step. */
  answerCall(): Member | undefined {
    const call = this.calls.shift();
    if (call === undefined) return undefined;
    const outcome = this.stored(call.member.self, call.request);
    if (outcome === 'silence' || !call.member.up || call.life !== call.member.life) return undefined;
    call.member.hearOutcome(call, outcome);
    return call.member;
  }

  private stored(node: NodeId, request: ContentRequest): ServiceOutcome | 'silence' {
    const said = this.storeSays?.(request);
    if (said !== undefined) return said;
    const answer = (content: ContentAnswer): ServiceOutcome => ({ kind: 'ok', answer: content });
    if (request.ask === 'put') {
      const bytes = request.content.bytes();
      this.stores.set(node, { content: sha256(bytes), bytes });
      return answer({ service: 'content', is: 'stored', content: sha256(bytes), length: bytes.length });
    }
    const kept = this.stores.get(node);
    if (request.ask === 'drop') {
      this.stores.delete(node);
      return answer({ service: 'content', is: 'dropped' });
    }
    if (kept === undefined || kept.content !== request.content) return answer({ service: 'content', is: 'absent', why: 'missing' });
    if (request.ask === 'has') return answer({ service: 'content', is: 'held', length: kept.bytes.length });
    return answer({ service: 'content', is: 'chunk', bytes: kept.bytes.slice(request.offset, request.offset + CHUNK_BYTES) });
  }

  /** Lets the earliest deadline of any member that is up come due, `except` for one whose clock stands still. */
  fire(except?: Member): Member | undefined {
    let next: Member | undefined;
    for (const member of this.members) {
      if (member !== except && member.up && member.deadlines.next < (next === undefined ? NEVER : next.deadlines.next)) next = member;
    }
    if (next === undefined) return undefined;
    const member = next;
    member.at = Math.max(member.at, this.at, member.deadlines.next);
    const slot = member.deadlines.take(member.at);
    member.step(slot === SLOTS.election ? 'election timer' : 'heartbeat timer', (raft) => (slot === SLOTS.election ? raft.electionDue(member) : raft.heartbeatDue(member)));
    return member;
  }

  /** Delivers everything at once, in order, and flushes every step. `lost` says what does not arrive. */
  drain(lost: (frame: Frame) => boolean = () => false): void {
    for (let budget = 100_000; this.wire.length + this.calls.length > 0; budget--) {
      if (budget === 0) throw new Error('messages breed without end');
      if (this.wire.length === 0) {
        this.answerCall()?.flush();
        continue;
      }
      const frame = this.wire.shift() as Frame;
      if (!lost(frame)) this.handOver(frame)?.flush();
    }
  }

  /** Runs for a while: every message arrives after `latencyUs`, every step is durable at once. */
  run(forUs: Micros, lost: (frame: Frame) => boolean = () => false, latencyUs: Micros = MS): void {
    const end = this.at + forUs;
    this.drain(lost);
    for (;;) {
      let next = NEVER;
      for (const member of this.members) if (member.up) next = Math.min(next, member.deadlines.next);
      if (next > end) break;
      const fired = this.fire();
      fired?.flush();
      this.at = (fired?.at ?? this.at) + latencyUs;
      this.drain(lost);
    }
    this.at = Math.max(this.at, end);
  }
}
