// The only loop. What arrives waits in the inbox; a turn stamps one thing, journals it, and hands it to the kernel; what the
// kernel wants done waits behind the barrier until the event is durable (rules 1 to 8 of DESIGN.md, "Rules of the loop").
// A synchronous state machine over submit-and-completion ports: the same code in simulation and in production.

import { assert, unreachable } from '../kernel/base/assert.ts';
import { NEVER, type Micros } from '../kernel/base/time.ts';
import type { Effect } from '../kernel/effect.ts';
import type { GroupId } from '../kernel/base/ids.ts';
import type { Cause, Event, Operation, RequestId, ServiceOutcome } from '../kernel/event.ts';
import type { Body as PlanBody } from '../kernel/plan/op.ts';
import type { Wish } from '../kernel/raft/message.ts';
import type { EnvelopeMessage } from '../kernel/swarm/message.ts';
import { nextIncarnation } from '../kernel/hello.ts';
import { Kernel } from '../kernel/kernel.ts';
import { readJournal, type ReadingCounts, type Refolded, type Reading, type RefusalCode } from './journal-reading.ts';
import type { Writing } from './journal-records.ts';
import { Journal } from './journal.ts';
import { readable, unreadable } from './loop-answers.ts';
import { eventPassed, freeze, kernelPassed, stir, stirring } from './loop-checks.ts';
import { Inbox, Ring } from './loop-inbox.ts';
import type { LoopOptions } from './loop-options.ts';
import type { Chunk, CrashPoint, DiskRequest, DiskResult, DropReason, Frame, Ports } from './ports.ts';

export type { LoopOptions } from './loop-options.ts';

export type Phase = 'recovering' | 'running' | 'refused' | 'sealed' | 'failed';

/** Why a loop stopped other than by a clean stop, with a sentence for a person. */
export interface Stopped {
  readonly code: RefusalCode | 'poisoned' | 'full';
  readonly text: string;
}

export interface LoopCounters {
  steps: number;
  readonly dropped: Record<DropReason, number>;
  readonly recovery: ReadingCounts;
}

/** Effects behind the barrier: of each step its event and its effects. */
interface Held {
  /** The first `count` places count; what stands after them is left over. */
  count: number;
  readonly events: Event[];
  readonly effects: (readonly Effect[])[];
  /** True if somebody outside waits for one of them: facts alone do not start a sync. */
  urgent: boolean;
}

/** More requests than a loop ever has under way at one time. */
const MAX_COMPLETIONS = 4_096;
const DEADLINE: Cause = { kind: 'deadline' };

export class Loop {
  readonly options: LoopOptions;
  readonly counters: LoopCounters = {
    steps: 0,
    dropped: { inboxFull: 0, unverified: 0, stale: 0, notReady: 0, notTakenOn: 0 },
    recovery: { refolded: 0, batches: 0, snapshotsSkipped: 0, poisonSkipped: 0, cut: 0, watermarkDamaged: 0 },
  };
  /** Set once the phase is `refused` or `failed`. */
  stopped: Stopped | undefined;

  private readonly ports: Ports;
  private readonly writing: Writing;
  private readonly crashable: boolean;
  private readonly inbox: Inbox;
  private readonly doneTokens: Ring<number> = new Ring(MAX_COMPLETIONS);
  private readonly doneResults: Ring<DiskResult> = new Ring(MAX_COMPLETIONS);

  private current: Phase = 'recovering';
  private folded: Kernel = new Kernel();
  private journal: Journal | undefined;

  private reading: Reading | undefined;
  private repairs: DiskRequest[] = [];
  private refolded: Refolded | undefined;
  private sliceDue = false;
  private token = 0;

  /** `at` of the last event, and what is added to the clock to continue it. */
  private at: Micros = 0;
  private offset: Micros = 0;
  private sequence = 0;
  /** When the kernel wants its next deadline: asked once after each step, and looked at several times. */
  private due: Micros = NEVER;
  private armed: Micros = NEVER;
  private alarmed = false;

  private waiting: Held = { count: 0, events: [], effects: [], urgent: false };
  private leaving: Held = { count: 0, events: [], effects: [], urgent: false };
  /** Asked to stop; and once nobody is to take over any more, or has not for too long, it does. */
  private draining = false;
  private drainUntil: Micros = NEVER;
  private stopping = false;
  private poisoned = '';

  constructor(options: LoopOptions, ports: Ports) {
    this.options = options;
    this.ports = ports;
    this.writing = { network: options.parameters.network, self: options.self, version: options.version, engine: options.engine };
    this.crashable = ports.observer.passed !== undefined;
    this.inbox = new Inbox(options.inbox);
  }

  get phase(): Phase {
    return this.current;
  }

  get kernel(): Kernel {
    return this.folded;
  }

  get incarnation(): number {
    return this.journal?.incarnation ?? 0;
  }

  get batches(): number {
    return this.journal?.batches ?? 0;
  }

  get fsyncs(): number {
    return this.journal?.fsyncs ?? 0;
  }

  /** The event after which the newest snapshot on the disk was taken; 0 if there is none. */
  get newestSnapshot(): number {
    return this.journal?.newestSnapshot ?? 0;
  }

  get snapshotUnderWay(): boolean {
    return this.journal?.snapshotUnderWay ?? false;
  }

  /** What waits for its turn, by class. */
  get waitingInputs(): { readonly urgent: number; readonly messages: number; readonly requests: number } {
    return { urgent: this.inbox.urgent.count, messages: this.inbox.messages.count, requests: this.inbox.requests.count };
  }

  // -- inputs --------------------------------------------------------------------------------------------------------------

  start(): void {
    assert(this.reading === undefined && this.journal === undefined, 'a loop is started once');
    this.reading = readJournal({ writing: this.writing, lock: true, fromBoot: false, until: Number.MAX_SAFE_INTEGER, ...stirring(this.options.checked), sliceEvents: this.options.sliceEvents });
    this.read(undefined);
  }

  heard(frame: Frame): void {
    if (!this.takesInput()) return this.drop('notReady');
    if (frame.to !== this.options.self || !this.ports.verifier.verify(frame)) return this.drop('unverified');
    if (!this.inbox.messages.push(frame)) this.drop('inboxFull');
  }

  /** A request that is turned away here has had no effect, and its client is told so. */
  asked(request: RequestId, operation: Operation): void {
    this.takeRequest(request, { kind: 'request', request, operation });
  }

  /** A client's envelope, decoded and verified. It is turned away as its other requests are. */
  published(request: RequestId, message: EnvelopeMessage): void {
    this.takeRequest(request, { kind: 'publish', request, message });
  }

  /** From an operator. It is turned away as a client's request is. */
  ordered(request: RequestId, group: GroupId, wish: Wish): void {
    this.takeRequest(request, { kind: 'order', request, group, wish });
  }

  /** From a client that edits the plan. */
  planned(request: RequestId, thread: string, body: PlanBody): void {
    this.takeRequest(request, { kind: 'planEdit', request, thread, body });
  }

  private takeRequest(request: RequestId, cause: Cause): void {
    if (!this.takesInput()) {
      this.drop('notReady');
      return this.ports.clients.reply(request, { kind: 'refused', why: 'unreachable' });
    }
    if (cause.kind === 'request' && !this.folded.takesOn(cause.operation.bucket)) {
      this.drop('notTakenOn');
      return this.ports.clients.reply(request, { kind: 'refused', why: 'overloaded' });
    }
    if (this.inbox.requests.push(cause)) return;
    this.drop('inboxFull');
    this.ports.clients.reply(request, { kind: 'refused', why: 'overloaded' });
  }

  answered(sequence: number, index: number, outcome: ServiceOutcome): void {
    this.takeUrgent({ kind: 'outcome', sequence, index, outcome: readable(sequence, index, outcome) });
  }

  parentHead(number: number, hash: string, parent: string): void {
    const head: Cause = { kind: 'parentHead', number, hash, parent };
    if (unreadable(head) !== undefined) return this.drop('unverified');
    this.takeUrgent(head);
  }

  completed(token: number, result: DiskResult): void {
    assert(this.doneTokens.push(token) && this.doneResults.push(result), 'no more completes than was submitted');
  }

  /** The shadow brings a snapshot that the journal asked for. */
  imaged(sequence: number, chunk: Chunk): void {
    const journal = this.journal;
    if (this.current !== 'running' || journal === undefined) return;
    journal.imaged(sequence, chunk);
    if (journal.snapshotDue) this.snapshot(journal);
  }

  /** The shadow folds the journal to another state than this node's: one of the two is wrong, so nothing more is said. */
  differed(text: string): void {
    if (this.current === 'running') this.fail('diverged', text);
  }

  alarm(): void {
    this.alarmed = true;
    this.armed = NEVER;
  }

  /**
   * A clean stop: others take over what this node leads, everything is flushed, and the journal is sealed with a snapshot. That
   * it is to stop is an event, and waits for its turn like any other.
   */
  stop(): void {
    if (this.draining) return;
    this.draining = true;
    if (!this.takesInput() || !this.inbox.urgent.push({ kind: 'drain' })) this.stopping = true;
    if (this.current === 'running') this.proceed();
  }

  /** Writes what was journalled though nobody waits for it: an idle node, too, shows what it knows once it is durable. */
  flush(): void {
    const journal = this.journal;
    if (this.current === 'running' && journal !== undefined && !journal.syncing && journal.open > 0) this.write(journal);
  }

  // -- a turn --------------------------------------------------------------------------------------------------------------

  get hasWork(): boolean {
    if (this.doneTokens.count > 0 || this.sliceDue) return true;
    return this.takesInput() && !(this.journal as Journal).full && (this.inbox.count > 0 || this.alarmed || this.due <= this.at);
  }

  /** Handles one queued thing; true if more waits. */
  turn(): boolean {
    if (this.doneTokens.count > 0) this.complete(this.doneTokens.take() as number, this.doneResults.take() as DiskResult);
    else if (this.sliceDue) this.read(undefined);
    else if (this.takesInput() && !(this.journal as Journal).full) this.next();
    return this.hasWork;
  }

  /** The one next thing: a deadline that is due, or what has waited longest in the first class that has anything. */
  private next(): void {
    this.alarmed = false;
    const at = Math.max(this.at, this.now());
    const cause = this.due <= at ? DEADLINE : this.inbox.take();
    if (cause !== undefined) this.take(at, cause);
    if (cause?.kind === 'drain') this.drainUntil = at + this.options.parameters.raft.electionMaxUs;
    if (this.drainUntil < NEVER && (at >= this.drainUntil || !this.folded.isHandingOver)) this.stopping = true;
    if (this.stopping || !this.gathers()) this.proceed();
    this.arm();
  }

  /** Time as events know it. It goes on from the last event when a node starts again. */
  private now(): Micros {
    return this.ports.clock.now() + this.offset;
  }

  private takesInput(): boolean {
    return this.current === 'running' && !this.stopping && this.poisoned === '';
  }

  private takeUrgent(cause: Cause): void {
    if (!this.takesInput()) this.drop('notReady');
    else if (!this.inbox.urgent.push(cause)) this.drop('inboxFull');
  }

  private drop(why: DropReason): void {
    this.counters.dropped[why]++;
    this.ports.observer.dropped?.(why);
  }

  private passed(point: CrashPoint): void {
    if (this.crashable) (this.ports.observer.passed as (point: CrashPoint) => void)(point);
  }

  /** Journals an event, steps the kernel, and holds what it wants done. */
  private take(at: Micros, cause: Cause): void {
    const made: Event = { sequence: this.sequence + 1, at, wall: this.ports.clock.wall(), cause };
    const checked = this.options.checked;
    const event = checked.encode ? eventPassed(made) : made;
    if (checked.freeze) freeze(event);
    this.passed('beforeAppend');
    (this.journal as Journal).append(event);
    this.sequence = event.sequence;
    this.at = at;
    this.passed('afterAppend');
    const effects = this.step(event);
    this.due = this.folded.nextDeadline();
    if (effects === undefined) return;
    if (checked.freeze) freeze(effects);
    if (checked.restoreAt === event.sequence) this.folded = kernelPassed(this.folded);
    if (checked.stir?.after === event.sequence) stir(this.folded, checked.stir);
    this.passed('afterStep');
    if (effects.length > 0) this.hold(event, effects);
  }

  /** Undefined if the kernel no longer believes its own state: then nothing more is said, and the event is marked. */
  private step(event: Event): readonly Effect[] | undefined {
    this.counters.steps++;
    try {
      return this.folded.step(event);
    } catch (error) {
      this.poisoned = error instanceof Error ? error.message : String(error);
      return undefined;
    }
  }

  private hold(event: Event, effects: readonly Effect[]): void {
    const held = this.waiting;
    held.events[held.count] = event;
    held.effects[held.count++] = effects;
    for (let i = 0; i < effects.length && !held.urgent; i++) held.urgent = (effects[i] as Effect).kind !== 'fact';
  }

  /** Starts what can be started now: a sync, if anything waits for one. */
  private proceed(): void {
    const journal = this.journal as Journal;
    if (journal.syncing) return;
    if (journal.open > 0 && (this.waiting.urgent || journal.full || this.stopping || this.poisoned !== '')) this.write(journal);
    else if (this.stopping && this.poisoned === '') this.seal(journal);
  }

  /** What has arrived already can be in the same batch: with a sync for the first of it, all the rest would wait for two. */
  private gathers(): boolean {
    const journal = this.journal as Journal;
    return this.inbox.count > 0 && journal.open < this.options.gatherEvents && !journal.full && this.takesInput();
  }

  private write(journal: Journal): void {
    this.passed('beforeSync');
    const held = this.leaving;
    this.leaving = this.waiting;
    this.waiting = held;
    journal.write(this.folded, this.at, this.poisoned !== '');
  }

  /** Asks to be woken at the next deadline, if it is another one than last time. */
  private arm(): void {
    const due = Math.min(this.due, this.drainUntil);
    if (due === this.armed || due <= this.at) return;
    this.armed = due;
    this.ports.clock.wakeAt(due >= NEVER ? NEVER : due - this.offset);
  }

  // -- the barrier ---------------------------------------------------------------------------------------------------------

  private complete(token: number, result: DiskResult): void {
    const journal = this.journal;
    if (this.current === 'recovering') return this.read(result);
    if (this.current !== 'running' || journal === undefined) return;
    const done = journal.completed(token, result);
    if (done === 'failed') return this.fail(journal.failure?.reason ?? 'io', `The disk failed (${journal.failure?.detail}): nothing more can be promised.`);
    if (done === 'durable') this.release(journal);
    else if (done === 'snapshot') this.snapshotWritten(journal);
    else if (done === 'sealed') this.current = 'sealed';
    if (this.phase !== 'running') return;
    if (journal.snapshotDue) this.snapshot(journal);
    if (!this.gathers()) this.proceed();
  }

  private snapshotWritten(journal: Journal): void {
    this.passed('duringSnapshot');
    this.ports.observer.snapshotWritten?.(journal.newestSnapshot);
  }

  private snapshot(journal: Journal): void {
    this.passed('duringSnapshot');
    journal.writeSnapshot();
  }

  /** A batch is durable: what its events caused may leave now, in order. */
  private release(journal: Journal): void {
    const batch = journal.last;
    this.ports.observer.durable?.(batch.events, batch.high, batch.low);
    if (batch.poisoned) return this.fail('poisoned', `Event ${batch.last} failed an assertion of the kernel (${this.poisoned}); it is marked, and will be skipped.`);
    if (this.poisoned !== '') return;
    this.passed('beforeRelease');
    const held = this.leaving;
    for (let i = 0; i < held.count; i++) {
      const effects = held.effects[i] as readonly Effect[];
      const event = held.events[i] as Event;
      for (let index = 0; index < effects.length; index++) this.perform(effects[index] as Effect, event, index);
      if (i === 0) this.passed('halfwayReleasing');
    }
    held.count = 0;
    held.urgent = false;
    this.passed('afterRelease');
  }

  private perform(effect: Effect, event: Event, index: number): void {
    switch (effect.kind) {
      case 'send':
        // Asked anew for each: a machine may stand still in the middle of a batch.
        if (effect.validUntil < NEVER && this.now() > effect.validUntil) return this.drop('stale');
        return this.ports.network.send({ from: this.options.self, to: effect.to, incarnation: this.incarnation, sequence: event.sequence, index, message: effect.message });
      case 'reply':
        return this.ports.clients.reply(effect.request, effect.answer);
      case 'call':
        return this.ports.services.call(event.sequence, index, effect.request);
      case 'fact':
        return this.ports.observer.fact?.(effect.fact, event.at);
      default:
        return unreachable(effect);
    }
  }

  // -- start and end -------------------------------------------------------------------------------------------------------

  /** Goes on reading, then repairing, then starts to run. */
  private read(result: DiskResult | undefined): void {
    this.sliceDue = false;
    this.passed('duringRecovery');
    if (this.refolded !== undefined) return this.repair(this.refolded, result);
    const step = (this.reading as Reading).next(result);
    if (step.done !== true) {
      if (step.value === undefined) this.sliceDue = true;
      else this.ports.disk.submit(this.token++, step.value);
      return;
    }
    if (step.value.kind === 'refused') {
      // A disk that cannot be read now says nothing about what is on it: the next start may be able to.
      if (step.value.code === 'io') return this.fail('io', step.value.text);
      return this.refuse(step.value.code, step.value.text);
    }
    this.refolded = step.value;
    this.repairs = [...step.value.repairs];
    this.repair(step.value, undefined);
  }

  private repair(refolded: Refolded, result: DiskResult | undefined): void {
    if (result?.kind === 'failed' && result.reason !== 'missing') return this.fail('io', `The disk failed while the journal was repaired (${result.detail}).`);
    const request = this.repairs.shift();
    if (request === undefined) this.run(refolded);
    else this.ports.disk.submit(this.token++, request);
  }

  /** Continues the journal that was refolded, or boots a new node. */
  private run(refolded: Refolded): void {
    const { kernel, at, place, incarnation: last, snapshots, segments } = refolded;
    this.folded = kernel;
    this.due = kernel.nextDeadline();
    this.at = at;
    this.sequence = place.sequence;
    this.offset = at - this.ports.clock.now();
    Object.assign(this.counters.recovery, refolded.counts);
    this.reading = undefined;
    this.refolded = undefined;
    this.ports.observer.refolded?.(place.sequence, kernel.digestHigh, kernel.digestLow);
    const incarnation = nextIncarnation(Math.max(last, kernel.incarnationFloor), this.ports.entropy.word());
    const reborn = kernel.outcast || (place.sequence === 0 && this.options.rejoins);
    this.journal = new Journal(this.ports.disk, this.writing, this.options, { place, at, incarnation, snapshots, segments, refolded: refolded.counts.batches, token: this.token }, this.ports.shadow);
    this.current = 'running';
    if (place.sequence === 0) this.take(at, { kind: 'boot', self: this.options.self, seed: this.secret(), parameters: this.options.parameters, version: this.options.version });
    this.take(this.at, { kind: 'recovered', incarnation, tag: this.secret(), reborn });
    this.proceed();
    this.arm();
  }

  /** 53 bits that nobody can predict. */
  private secret(): number {
    const high = this.ports.entropy.word() & 0x1fffff;
    return high * 4294967296 + (this.ports.entropy.word() >>> 0);
  }

  /** Seals the journal once nothing is under way: a snapshot of the end, then the seal. */
  private seal(journal: Journal): void {
    if (!journal.idle || journal.snapshotDue) return;
    if (!journal.snapshotCurrent) {
      journal.prepareSnapshot(this.folded.image());
      this.snapshot(journal);
    } else if (!journal.sealing) journal.writeSeal();
  }

  private refuse(code: RefusalCode, text: string): void {
    this.current = 'refused';
    this.stopped = { code, text };
  }

  private fail(code: 'io' | 'full' | 'poisoned' | 'diverged', text: string): void {
    this.current = 'failed';
    this.stopped = { code, text };
  }
}
