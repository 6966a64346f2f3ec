// The plan of a swarm: a set of ops that only grows, and what it means. Whatever the order of delivery, however often, replicas
// with the same ops have byte-identical state. Every op is kept under its author's own count (log.ts), folded into the plan of
// its thread (thread.ts), and passed on to whoever lacks it. What every member has, and another op outdoes for ever, is dropped.

import { isGone, type Entry } from './batch.ts';
import { ActorLog, type IdSum } from './log.ts';
import { compareNames } from './names.ts';
import { MAX_LAMPORT, op, type Body, type Op } from './op.ts';
import { Thread } from './thread.ts';

export interface PlanParameters {
  readonly maxActors: number;
  /** An op further ahead of our time than this is refused until ours has come closer. */
  readonly maxAhead: number;
}

export const PLAN_DEFAULTS: PlanParameters = { maxActors: 128, maxAhead: 1_048_576 };

/** How much of one author a replica has: everything up to `seq`, and the sum of that. */
export interface Seen extends IdSum {
  readonly actor: string;
  readonly seq: number;
}

/** In the order of the authors' names. */
export type Vector = readonly Seen[];

/** What one member said it has. */
export interface Acknowledged {
  readonly member: string;
  readonly actor: string;
  readonly seq: number;
}

export interface PlanImage {
  readonly clock: number;
  readonly entries: readonly Entry[];
  readonly acknowledged: readonly Acknowledged[];
  readonly outdone: readonly Outdone[];
}

/** An op, and a number of an author: once everybody has both, the op goes. */
export interface Outdone {
  readonly actor: string;
  readonly seq: number;
  readonly id: string;
  readonly byActor: string;
  readonly bySeq: number;
}

export type Applied = 'new' | 'forked' | 'duplicate' | 'tooFarAhead' | 'tooMany' | 'timeAhead' | 'unknownActor';

type Place = Pick<Op, 'actor' | 'seq'>;

export class Plan {
  private readonly parameters: PlanParameters;
  private readonly logs: Map<string, ActorLog> = new Map();
  private readonly threads: Map<string, Thread> = new Map();
  /** Threads that an op was taken out of again, to be folded anew. */
  private readonly stale: Set<string> = new Set();
  /** Threads with links that have no verdict yet. */
  private readonly unsettled: Set<Thread> = new Set();
  /** Ops that another one outdoes for ever; they go once everybody has both. */
  private outdone: { readonly loser: Op; readonly winner: Place }[] = [];
  /** By member and author: what the member said it has, of the same contents. */
  private readonly acknowledged: Map<string, Map<string, number>> = new Map();
  private lamport = 0;
  private held = 0;

  constructor(parameters: PlanParameters = PLAN_DEFAULTS) {
    this.parameters = parameters;
  }

  /** The latest time that was heard of. */
  get clock(): number {
    return this.lamport;
  }

  /** Ops whose content is kept. */
  get size(): number {
    return this.held;
  }

  /** What the author says next. */
  author(actor: string, thread: string, body: Body, signature = ''): Op {
    return op({ thread, actor, seq: (this.logs.get(actor)?.end ?? 0) + 1, lamport: this.lamport + 1, body }, signature);
  }

  apply(entry: Entry): Applied {
    const gone = isGone(entry);
    if (!gone && entry.lamport > this.lamport + this.parameters.maxAhead) return 'timeAhead';
    let log = this.logs.get(entry.actor);
    if (log === undefined) {
      if (this.logs.size >= this.parameters.maxActors) return 'unknownActor';
      log = new ActorLog(entry.actor);
      this.logs.set(entry.actor, log);
    }
    const entered = log.enter(entry);
    if (entered.kind === 'forked') this.takeOut(entered.displaced);
    else if (entered.kind !== 'new') return entered.kind;
    if (gone) return entered.kind;
    if (entry.lamport > this.lamport) this.lamport = Math.min(entry.lamport, MAX_LAMPORT - 1);
    this.held++;
    if (!this.stale.has(entry.thread)) this.fold(entry);
    return entered.kind;
  }

  private fold(it: Op): void {
    let thread = this.threads.get(it.thread);
    if (thread === undefined) {
      thread = this.thread(it.thread);
      this.threads.set(it.thread, thread);
    }
    thread.enter(it);
    if (it.body.kind === 'LINK') this.unsettled.add(thread);
  }

  private thread(name: string): Thread {
    return new Thread(name, (loser, winner) => this.outdone.push({ loser, winner }));
  }

  /** A liar gave one number so many contents that one of them has to go: its thread is folded anew, once for all that arrived. */
  private takeOut(displaced: Entry | undefined): void {
    if (displaced === undefined || isGone(displaced)) return;
    this.held--;
    this.stale.add(displaced.thread);
  }

  /** Gives verdicts about all links that arrived. To be called before views are looked at. */
  settle(): void {
    if (this.stale.size > 0) this.foldStale();
    if (this.unsettled.size === 0) return;
    for (const thread of this.unsettled) thread.settle();
    this.unsettled.clear();
  }

  private foldStale(): void {
    for (const name of this.stale) {
      const old = this.threads.get(name);
      if (old !== undefined) this.unsettled.delete(old);
      this.threads.delete(name);
    }
    const stale = new Set(this.stale);
    this.stale.clear();
    this.outdone = this.outdone.filter(({ loser }) => !stale.has(loser.thread));
    for (const log of this.logs.values()) for (const entry of log.entries(0)) if (!isGone(entry) && stale.has(entry.thread)) this.fold(entry);
  }

  /** The threads, by name. */
  get all(): readonly Thread[] {
    this.settle();
    return [...this.threads.values()].sort((a, b) => compareNames(a.name, b.name));
  }

  of(thread: string): Thread | undefined {
    this.settle();
    return this.threads.get(thread);
  }

  get actors(): readonly ActorLog[] {
    return [...this.logs.values()].sort((a, b) => compareNames(a.actor, b.actor));
  }

  log(actor: string): ActorLog | undefined {
    return this.logs.get(actor);
  }

  /** Everything that is known, author by author. */
  *entries(): Generator<Entry> {
    for (const log of this.actors) yield* log.entries(0);
  }

  // Exchange.

  vector(): Vector {
    const out: Seen[] = [];
    for (const log of this.actors) if (log.prefix > 0) out.push({ actor: log.actor, seq: log.prefix, ...log.digestAt(log.prefix) });
    return out;
  }

  /** What the owner of a vector lacks: for each author what comes after its number. */
  *missing(vector: Vector): Generator<Entry> {
    const seen = new Map(vector.map((entry) => [entry.actor, entry.seq]));
    for (const log of this.actors) yield* log.entries(seen.get(log.actor) ?? 0);
  }

  /** Authors of whom the owner of the vector believes other contents than we do. */
  disputed(vector: Vector): readonly string[] {
    const out: string[] = [];
    for (const seen of vector) {
      const log = this.logs.get(seen.actor);
      if (log === undefined) continue;
      if (seen.seq <= log.prefix && !sameSum(log.digestAt(seen.seq), seen)) out.push(seen.actor);
    }
    return out;
  }

  // Forgetting.

  /** A member has what its vector says. Where it believes other contents than we do, that says nothing. */
  acknowledge(member: string, vector: Vector): void {
    let by = this.acknowledged.get(member);
    if (by === undefined) {
      by = new Map();
      this.acknowledged.set(member, by);
    }
    for (const seen of vector) {
      const log = this.logs.get(seen.actor);
      if (log === undefined || seen.seq > log.prefix || seen.seq <= (by.get(seen.actor) ?? 0)) continue;
      if (sameSum(log.digestAt(seen.seq), seen)) by.set(seen.actor, seen.seq);
    }
  }

  /** A member that begins anew has nothing. */
  forget(member: string): void {
    this.acknowledged.delete(member);
  }

  /** Up to which number of an author every one of the members has said that it has it. */
  stable(actor: string, members: readonly string[]): number {
    let least = this.logs.get(actor)?.prefix ?? 0;
    for (const member of members) least = Math.min(least, this.acknowledged.get(member)?.get(actor) ?? 0);
    return least;
  }

  get acknowledgements(): readonly Acknowledged[] {
    const out: Acknowledged[] = [];
    for (const [member, by] of this.acknowledged) for (const [actor, seq] of by) out.push({ member, actor, seq });
    return out.sort((a, b) => compareNames(a.member, b.member) || compareNames(a.actor, b.actor));
  }

  /** In the order in which they were found. */
  get outdoneOps(): readonly Outdone[] {
    this.settle();
    return this.outdone.map(({ loser, winner }) => ({ actor: loser.actor, seq: loser.seq, id: loser.id, byActor: winner.actor, bySeq: winner.seq }));
  }

  /** Takes the state of an image; only into an empty plan. */
  restore(image: PlanImage): void {
    // Its own time bounds nothing: the ops were taken on when ours was close.
    this.lamport = image.clock;
    for (const entry of image.entries) this.apply(entry);
    // Which op outdoes which was found in the order of arrival, and what is forgotten when follows from it.
    this.outdone = [];
    for (const { actor, seq, id, byActor, bySeq } of image.outdone) {
      const loser = this.logs.get(actor)?.find(seq, id);
      if (loser !== undefined && !isGone(loser)) this.outdone.push({ loser, winner: { actor: byActor, seq: bySeq } });
    }
    for (const { member, actor, seq } of image.acknowledged) {
      const by = this.acknowledged.get(member) ?? new Map<string, number>();
      this.acknowledged.set(member, by.set(actor, seq));
    }
  }

  /** Drops the ops that everybody has, and that another op which everybody has outdoes for ever. How many. */
  collect(members: readonly string[]): number {
    this.settle();
    const stable: Map<string, number> = new Map();
    for (const log of this.logs.values()) stable.set(log.actor, this.stable(log.actor, members));
    const everybodyHas = (it: Place): boolean => it.seq <= (stable.get(it.actor) ?? 0);
    const kept: { readonly loser: Op; readonly winner: Place }[] = [];
    for (const pair of this.outdone) {
      if (everybodyHas(pair.loser) && everybodyHas(pair.winner)) this.drop(pair.loser);
      else kept.push(pair);
    }
    const dropped = this.outdone.length - kept.length;
    this.outdone = kept;
    return dropped;
  }

  private drop(it: Op): void {
    (this.logs.get(it.actor) as ActorLog).drop(it);
    this.held--;
  }
}

export const sameSum = (a: IdSum, b: IdSum): boolean => a.high === b.high && a.low === b.low;
