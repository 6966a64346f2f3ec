// One simulated machine: a process (the loop, while it is up), its ports, and what can befall it. The host starts and ends
// the process, charges its time, and tells the listeners what crossed its ports.

import { assert } from '../../kernel/base/assert.ts';
import { nodeId, type NodeId } from '../../kernel/base/ids.ts';
import { Random } from '../../kernel/base/random.ts';
import { NEVER, SECOND, type Micros } from '../../kernel/base/time.ts';
import type { Answer } from '../../kernel/effect.ts';
import type { Event, RequestId, ServiceRequest } from '../../kernel/event.ts';
import type { Fact } from '../../kernel/fact.ts';
import { BatchChunk, WatermarkChunk } from '../journal-chunks.ts';
import { WATERMARK_FILE } from '../journal-format.ts';
import { stir, type Stir } from '../loop-checks.ts';
import type { LoopLimits, LoopOptions } from '../loop-options.ts';
import { Loop } from '../loop.ts';
import type { Chunk, Clients, CrashPoint, DropReason, Entropy, Frame, Network, Observer, Ports, Services, Verifier } from '../ports.ts';
import { SimClock, type ClockWorld } from './clock.ts';
import type { CrashLoss, SimDisk } from './disk.ts';
import type { Marks } from './marks.ts';
import type { SimServices } from './calls.ts';
import type { Shadow } from './shadow.ts';
import type { SimClients } from './clients.ts';
import type { Listeners } from './listeners.ts';
import { OPERATOR, type Operator } from './operator.ts';
import type { SimNetwork } from './network.ts';
import { PUBLISHER, type Publishers } from './publishers.ts';
import type { EnvelopeVerifier, HelloVerifier } from './scheme.ts';

/** What a machine needs of the world it stands in. */
export interface HostWorld extends ClockWorld {
  wake(node: number, at: Micros): void;
  readonly seed: number;
  readonly listeners: Listeners;
  readonly marks: Marks;
  readonly network: SimNetwork;
  readonly clients: SimClients;
  readonly operator: Operator;
  readonly hellos: HelloVerifier;
  readonly envelopes: EnvelopeVerifier;
  readonly publishers: Publishers;
  wasStarted(host: Host): void;
  wasShadowed(host: Host, same: boolean): void;
  wasRefusedByPeer(host: Host): void;
}

/** What the world throws through a loop to end its process where it stands. */
export class Crashed extends Error {
  override readonly name = 'Crashed';
  readonly host: Host;
  readonly point: CrashPoint;

  constructor(host: Host, point: CrashPoint) {
    super(`node ${host.id} crashed at ${point}`);
    this.host = host;
    this.point = point;
  }
}

/** A crash that waits for the loop to pass a point for the n-th time. */
interface Armed {
  readonly point: CrashPoint;
  readonly loss: CrashLoss;
  readonly downUs: Micros;
  passes: number;
}

/** What a node has for itself, and no other need know. */
export type OtherLimits = Partial<Omit<LoopLimits, 'checked' | 'rejoins'>>;

/** Up: the process runs. Down: it will be started again. Out: it was refused, and stays away for the rest of the run. */
export type HostState = 'up' | 'down' | 'out';

/** CPU time of one turn of the loop, and of handing a frame to the network. */
const TURN_US = 3;
/** So many are taken in one go where much waits, and charged each. */
const TURNS_AT_ONCE = 8;
const SEND_US = 1;

export class Host implements Observer, Network, Services, Clients, Verifier, Entropy {
  readonly id: NodeId;
  readonly disk: SimDisk;
  readonly services: SimServices;
  clock: SimClock;
  loop: Loop | undefined = undefined;
  state: HostState = 'down';
  /** Frozen processes handle nothing; more than one fault may want it. */
  pauses = 0;
  /** The process is between start and `running`. */
  starting = false;
  stopping = false;
  downAfterStop: Micros = 0;
  busyUntil: Micros = 0;
  /** What every turn takes longer while the machine is slow. */
  extraTurnUs: Micros = 0;
  /** When the earliest wake entry in the queue is due, NEVER if there is none. */
  wakeAt: Micros = NEVER;
  /** The same of its clock's alarm. */
  alarmAt: Micros = NEVER;
  shadow: Shadow | undefined = undefined;
  /** An empty directory is not that of a new node: its disk was replaced, and it begins another life. */
  rejoins = false;
  /** Lost or damaged what it had acknowledged: at most a minority of each group's voters may. */
  damaged = false;
  /** Faults that come now pass it by: another one is under way that needs it as it is. */
  spared = false;
  /** Damaged since it last started: what its disk holds now is not what was known to be there. */
  rewound = false;
  refusedWhy = '';
  /** From its next start on the process runs with these of its own parameters. */
  otherLimits: OtherLimits | undefined = undefined;
  /** How often it was started with others. */
  startedOtherwise = 0;
  starts = 0;
  /** The last event of its journal that is known to be on its disk. */
  durableTo = 0;
  /** Turns of processes that have ended. */
  endedSteps = 0;

  private readonly world: HostWorld;
  private options: LoopOptions;
  /** The jitter of its kernel comes from another seed, from when it has refolded its journal. */
  private stirWith: number | undefined;
  private readonly marks: Marks;
  private random: Random;
  private armed: Armed | undefined = undefined;

  constructor(world: HostWorld, id: number, options: LoopOptions, disk: SimDisk, services: SimServices) {
    this.world = world;
    this.id = nodeId(id);
    this.options = options;
    this.marks = world.marks;
    this.disk = disk;
    this.services = services;
    this.random = Random.of(world.seed, 'host', id);
    this.clock = this.freshClock();
  }

  /** A machine that boots counts from anywhere, and its calendar is up to two seconds off. */
  private freshClock(): SimClock {
    return new SimClock(this.world, this.id, this.random.below(1_000) * SECOND + this.random.below(SECOND), this.random.between(-2 * SECOND, 2 * SECOND));
  }

  reroll(seed: number): void {
    this.random = Random.of(seed, 'host', this.id);
    this.disk.reroll(seed);
    this.services.reroll(seed);
    if (this.loop?.phase === 'running') this.stir(this.loop, this.loop.kernel.sequence, seed);
    else this.stirWith = seed;
  }

  private stir(loop: Loop, after: number, seed: number): void {
    this.stirWith = undefined;
    const wanted: Stir = { after, seed };
    this.options = { ...this.options, checked: { ...this.options.checked, stir: wanted } };
    this.shadow?.stir(wanted);
    stir(loop.kernel, wanted);
  }

  start(): void {
    assert(this.state === 'down' && this.loop === undefined, 'a process starts where none runs');
    if (this.starts > 0 && this.random.below(2) === 0) this.clock = this.freshClock();
    this.starts++;
    this.state = 'up';
    this.starting = true;
    this.stopping = false;
    this.busyUntil = this.world.now;
    const ports: Ports = { network: this, clock: this.clock, disk: this.disk, entropy: this, services: this, clients: this, verifier: this, observer: this };
    if (this.otherLimits !== undefined) this.startedOtherwise++;
    this.loop = new Loop({ ...this.options, ...this.otherLimits, rejoins: this.rejoins || this.options.rejoins }, ports);
    this.world.wasStarted(this);
    this.loop.start();
    this.attend();
  }

  /** Lets the loop take turns, now or when its time is used up, and sees to it that it is woken for what is left. */
  attend(): void {
    const loop = this.loop;
    if (loop === undefined || this.pauses > 0) return;
    const world = this.world;
    if (world.now < this.busyUntil) return world.wake(this.id, this.busyUntil);
    this.busyUntil = world.now;
    for (let turns = 0; turns < TURNS_AT_ONCE; turns++) {
      this.busyUntil += TURN_US + this.extraTurnUs;
      if (!loop.turn()) return;
    }
    world.wake(this.id, this.busyUntil);
  }

  /** The clock may have reached its alarm. One that stands still, or a process that does, asks again when it goes on. */
  alarmed(): void {
    const loop = this.loop;
    if (loop === undefined || this.pauses > 0) return;
    if (this.clock.due) {
      this.clock.alarmAt = NEVER;
      loop.alarm();
      this.attend();
    }
    this.clock.rearm();
  }

  /** Arms a crash at the `passes`-th time that the loop passes `point`. */
  arm(point: CrashPoint, passes: number, loss: CrashLoss, downUs: Micros): void {
    this.armed = { point, passes, loss, downUs };
  }

  /** True if a crash was waiting. */
  disarm(): boolean {
    const was = this.armed !== undefined;
    this.armed = undefined;
    return was;
  }

  /** Calls `strike` in the middle of the next sync of this process, unless it has ended by then. */
  ambushSync(strike: (() => void) | undefined): void {
    const life = this.starts;
    this.disk.ambush = strike === undefined ? undefined : () => {
      if (this.loop !== undefined && this.starts === life) strike();
    };
  }

  get crashPlan(): Armed | undefined {
    return this.armed;
  }

  /** The process is gone, with all that was not durable, as far as `loss` says. True if something written is gone. */
  end(loss: CrashLoss): boolean {
    assert(this.loop !== undefined, 'a process that ends was running');
    this.endedSteps += this.loop.counters.steps;
    this.loop = undefined;
    this.state = 'down';
    if (this.armed?.point !== 'duringRecovery') this.armed = undefined;
    this.disk.ambush = undefined;
    this.starting = false;
    this.stopping = false;
    this.clock.alarmAt = NEVER;
    this.services.content.crash();
    return this.disk.crash(loss);
  }

  /**
   * A bit of the journal flips. Rot is decay of what has lain for a while: it strikes no later than the watermark that is on
   * the disk. What is newer and damaged at the very end is a write that was torn, as far as anybody can tell.
   */
  rot(): boolean {
    const lay = this.marked();
    return lay !== undefined && this.disk.rot(lay);
  }

  /** A write of the journal turns out to have landed elsewhere; one that had lain for a while, as with rot. */
  misdirect(): boolean {
    const lay = this.marked();
    return lay !== undefined && this.disk.misdirect(lay);
  }

  /** What lies no later than the watermark that is on the disk; undefined if there is none. */
  private marked(): ((chunk: Chunk) => boolean) | undefined {
    const mark = this.disk.chunks().find((chunk) => chunk instanceof WatermarkChunk)?.batch;
    return mark === undefined ? undefined : (chunk) => chunk instanceof BatchChunk && chunk.ordinal <= mark.ordinal;
  }

  /** The next start reads the journal without its end, which lay before the watermark; or, if `mark`, an older watermark. */
  readStale(mark: boolean, served: () => void): boolean {
    if (mark) return this.disk.bringBack(WATERMARK_FILE, served);
    const lay = this.marked();
    return lay !== undefined && this.disk.outdate(lay, served);
  }

  get steps(): number {
    return this.endedSteps + (this.loop?.counters.steps ?? 0);
  }

  // Network
  send(frame: Frame): void {
    this.busyUntil += SEND_US;
    this.world.network.send(frame);
  }

  // Services
  call(sequence: number, index: number, request: ServiceRequest): void {
    const listeners = this.world.listeners.called;
    for (let i = 0; i < listeners.length; i++) listeners[i]?.called(this.id, sequence, index, request, this.world.now);
    this.services.call(sequence, index, request);
  }

  // Clients
  reply(request: RequestId, answer: Answer): void {
    const listeners = this.world.listeners.replied;
    for (let i = 0; i < listeners.length; i++) listeners[i]?.replied(this.id, request, answer, this.world.now);
    if (request.client === PUBLISHER) this.world.publishers.hear(request, answer);
    else if (request.client === OPERATOR) this.world.operator.hear(request, answer);
    else this.world.clients.reply(request, answer);
  }

  // Verifier
  verify(frame: Frame): boolean {
    const message = frame.message;
    if (message.kind === 'envelope') return this.world.envelopes.verify(message);
    return message.kind !== 'hello' || this.world.hellos.verify(frame.from, message);
  }

  // Entropy
  word(): number {
    return this.random.word();
  }

  // Observer
  passed(point: CrashPoint): void {
    const armed = this.armed;
    if (armed === undefined || armed.point !== point || this.spared) return;
    if (--armed.passes > 0) return;
    throw new Crashed(this, point);
  }

  fact(fact: Fact, at: Micros): void {
    this.marks.fact(fact.kind);
    if (fact.kind === 'refusedByPeer') this.world.wasRefusedByPeer(this);
    const listeners = this.world.listeners.fact;
    for (let i = 0; i < listeners.length; i++) listeners[i]?.fact(this.id, fact, at, this.world.now);
  }

  dropped(why: DropReason): void {
    this.marks.drop(why);
  }

  durable(events: readonly Event[], high: number, low: number): void {
    this.durableTo = (events[events.length - 1] as Event).sequence;
    const now = this.world.now;
    const listeners = this.world.listeners.durable;
    for (let i = 0; i < listeners.length; i++) listeners[i]?.durable(this.id, events, high, low, now);
    if (this.shadow !== undefined) this.world.wasShadowed(this, this.shadow.follow(events, high, low));
  }

  refolded(sequence: number, high: number, low: number): void {
    if (!this.rewound) this.tellSurvivors(sequence);
    this.rewound = false;
    this.durableTo = sequence;
    const now = this.world.now;
    const listeners = this.world.listeners.refolded;
    for (let i = 0; i < listeners.length; i++) listeners[i]?.refolded(this.id, sequence, high, low, now);
    if (this.shadow !== undefined) this.world.wasShadowed(this, this.shadow.agrees(sequence, high, low));
    if (this.stirWith !== undefined) this.stir(this.loop as Loop, sequence, this.stirWith);
  }

  /** A batch can survive a crash though the loop never heard that it was durable: it turned out to be when it was refolded. */
  private tellSurvivors(sequence: number): void {
    if (sequence <= this.durableTo) return;
    for (const chunk of this.disk.chunks()) {
      if (chunk instanceof BatchChunk && chunk.last > this.durableTo && chunk.last <= sequence) this.durable(chunk.events, chunk.high, chunk.low);
    }
  }
}
