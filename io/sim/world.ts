// A simulated network of nodes: one queue of everything that will happen, in one order. The world takes the earliest entry,
// lets the node concerned hear of it, and so on; nothing in it knows real time. Faults act on its parts, a workload on its
// clients, and listeners see what crosses any port.

import { assert } from '../../kernel/base/assert.ts';
import { Digest } from '../../kernel/base/digest.ts';
import { hashAnswer, type Answer } from '../../kernel/effect.ts';
import type { RequestId, ServiceOutcome } from '../../kernel/event.ts';
import { NEVER, type Micros } from '../../kernel/base/time.ts';
import { Random } from '../../kernel/base/random.ts';
import type { KernelImage } from '../../kernel/image.ts';
import type { Parameters } from '../../kernel/parameters.ts';
import type { LoopOptions } from '../loop-options.ts';
import type { CrashPoint, Frame } from '../ports.ts';
import { SimClients, UNREACHABLE, type ClientsWorld } from './clients.ts';
import { SimContent } from './content.ts';
import { SimDisk, type CrashLoss, type DirectoryCopy, type DiskWorld } from './disk.ts';
import type { Evidence, Invocation, LostWhy, NodeView, WorldView } from './evidence.ts';
import { Crashed, Host, type HostWorld } from './host.ts';
import { Listeners } from './listeners.ts';
import { Marks } from './marks.ts';
import { SimNetwork, type NetworkWorld } from './network.ts';
import { Operator } from './operator.ts';
import { BLOCK_EVERY_US, ParentChain, type Head, type ParentWorld } from './parent-chain.ts';
import { EventQueue } from './queue.ts';
import { Publishers } from './publishers.ts';
import { EnvelopeVerifier, HelloVerifier, type Scheme } from './scheme.ts';
import { SimServices, type ServicesWorld } from './calls.ts';
import { Shadow } from './shadow.ts';

export interface WorldOptions {
  readonly seed: number;
  readonly parameters: Parameters;
  readonly scheme: Scheme;
  readonly delayMinUs: Micros;
  readonly delayMaxUs: Micros;
  readonly syncMinUs: Micros;
  readonly syncMaxUs: Micros;
  readonly clients: number;
  readonly clientTimeoutUs: Micros;
  /** Frames travel as bytes; loops freeze, encode, and restore themselves once. */
  readonly encoded: boolean;
  readonly shadow: number;
  /** Nodes that were in these states before, by id from 1, and what is on their disks. Without it all disks are empty. */
  readonly past?: Past;
  loopOptions(node: number): LoopOptions;
}

export interface Past {
  readonly images: readonly KernelImage[];
  readonly disks: readonly DirectoryCopy[];
}

/** Requests of a past may still be open: none of them is taken for one of this run. */
const AFTER_THE_PAST = 0x1000000000000;

// What a queue entry is about: the low four bits of its code. The rest is the node, where there is one.
const FRAME = 0;
const WAKE = 1;
const DISK = 2;
const ASK = 3;
const ANSWER = 4;
const OUTCOME = 5;
const HEAD = 6;
const TASK = 7;
const ALARM = 8;
/** A code is what it is about, and above that the node. */
const ABOUT = 15;
const NODE_SHIFT = 4;

interface OutcomeArrival {
  readonly life: number;
  readonly sequence: number;
  readonly index: number;
  readonly outcome: ServiceOutcome;
}

interface AnswerArrival {
  readonly request: RequestId;
  readonly answer: Answer;
}

/** What waits in the sockets of a process that stands still. More is lost. */
const MAX_HELD = 8_192;
const EXPIRE_EVERY_US: Micros = 250_000;
/** Of what is under way when chance is drawn anew, one in so many arrives. */
const ASTRAY = 4;
/** A supervisor starts a failed process again after so long. */
const RESTART_AFTER_US: Micros = 200_000;

export class World implements NetworkWorld, DiskWorld, HostWorld, ServicesWorld, ClientsWorld, ParentWorld {
  now: Micros = 0;
  /** Entries taken from the queue. */
  events = 0;
  seed: number;
  readonly parameters: Parameters;
  readonly scheme: Scheme;
  readonly hellos: HelloVerifier;
  readonly envelopes: EnvelopeVerifier;
  readonly publishers: Publishers;
  readonly listeners: Listeners;
  readonly marks: Marks = new Marks();
  readonly network: SimNetwork;
  readonly clients: SimClients;
  readonly operator: Operator;
  readonly parent: ParentChain | undefined;
  /** By node id; place 0 is unused. */
  readonly hosts: readonly Host[];
  /** How often each fault really happened. */
  readonly faults: Map<string, number> = new Map();
  /** Assertions of our own code that failed: bugs, whatever properties say. */
  readonly poisoned: { readonly node: number; readonly at: Micros; readonly text: string }[] = [];
  /** Told of every answer; the workload goes on from there. */
  onReturn: (invocation: Invocation, answer: Answer) => void = () => {};
  /** The workload has a stream of its own. */
  onReroll: (seed: number) => void = () => {};
  /** The node whose entry is being handled; 0 if it is nobody's. */
  attending = 0;
  /** Set to end the run at the next entry. */
  ended = false;

  private readonly queue: EventQueue = new EventQueue();
  /** What came into the queue before so many others was under way when chance was drawn anew. */
  private underWay = 0;
  private fate: Random | undefined;
  private readonly held: { code: number; payload: unknown }[][];
  private readonly digest: Digest = new Digest();

  constructor(options: WorldOptions, evidence: readonly Evidence[]) {
    this.seed = options.seed;
    this.parameters = options.parameters;
    this.scheme = options.scheme;
    this.hellos = new HelloVerifier(options.scheme, options.parameters.network);
    this.envelopes = new EnvelopeVerifier(options.scheme, options.parameters.network);
    this.publishers = new Publishers(this);
    this.listeners = new Listeners(evidence);
    const nodes = options.parameters.nodes;
    this.network = new SimNetwork(this, options.seed, nodes, options.delayMinUs, options.delayMaxUs, options.encoded);
    this.clients = new SimClients(this, options.seed, options.clients, options.clientTimeoutUs, options.past === undefined ? 0 : AFTER_THE_PAST);
    this.operator = new Operator(this);
    this.parent = options.parameters.followsParent ? new ParentChain(this, options.seed, nodes) : undefined;
    this.hosts = Array.from({ length: nodes + 1 }, (_, id) => this.makeHost(id, options));
    this.held = this.hosts.map(() => []);
    (this.hosts[options.shadow] as Host).shadow = new Shadow(options.past?.images[options.shadow - 1]);
    if (options.past !== undefined) this.goOnFrom(options.past);
  }

  private goOnFrom(past: Past): void {
    past.disks.forEach((disk, place) => this.host(place + 1).disk.putBack(disk));
    for (const one of this.listeners.goesOnFrom) one.goesOnFrom(past.images);
  }

  private makeHost(id: number, options: WorldOptions): Host {
    const disk = new SimDisk(this, options.seed, id, options.syncMinUs, options.syncMaxUs);
    return new Host(this, id, options.loopOptions(id), disk, new SimServices(this, options.seed, id, options.scheme, new SimContent(this, options.seed, id)));
  }

  host(id: number): Host {
    const host = this.hosts[id];
    assert(host !== undefined && id > 0, 'a node of this world');
    return host;
  }

  get ids(): readonly number[] {
    return this.hosts.slice(1).map((host) => host.id);
  }

  /** Every node starts within the first millisecond; background activity begins. */
  begin(): void {
    for (const one of this.listeners.began) one.began(() => this.view());
    for (let id = 1; id < this.hosts.length; id++) this.at(id * 10, () => this.host(id).start());
    this.every(EXPIRE_EVERY_US, () => this.clients.expire());
    if (this.parent !== undefined) this.every(BLOCK_EVERY_US, () => (this.parent as ParentChain).tick());
  }

  at(time: Micros, task: () => void): void {
    this.queue.push(time < this.now ? this.now : time, TASK, task);
  }

  /**
   * From here on everything that is left to chance comes from another seed. What is under way to a node has not arrived: most of
   * it never will.
   */
  reroll(seed: number): void {
    this.seed = seed;
    this.underWay = this.queue.count;
    this.fate = Random.of(seed, 'under way');
    this.network.reroll(seed);
    this.clients.reroll(seed);
    this.publishers.reroll(seed);
    this.parent?.reroll(seed);
    for (const host of this.hosts) host.reroll(seed);
    this.onReroll(seed);
  }

  private every(period: Micros, task: () => void): void {
    const again = (): void => {
      task();
      this.at(this.now + period, again);
    };
    this.at(this.now + period, again);
  }

  /** Handles everything due until `until`, or at most `entries` of it. True if it stopped for `until` or the end. */
  run(until: Micros, entries: number): boolean {
    const last = this.events + entries;
    for (;;) {
      try {
        return this.drain(until, last);
      } catch (thrown) {
        if (!(thrown instanceof Crashed)) throw thrown;
        this.crashAtPoint(thrown.host, thrown.point);
      }
    }
  }

  private drain(until: Micros, last: number): boolean {
    const queue = this.queue;
    while (!this.ended) {
      if (queue.next > until) {
        this.now = until;
        return true;
      }
      if (this.events >= last) return false;
      queue.pop();
      this.events++;
      this.now = queue.time;
      this.handle(queue.code, queue.payload);
    }
    return true;
  }

  private handle(code: number, payload: unknown): void {
    this.attending = code >> NODE_SHIFT;
    const host = this.hosts[code >> NODE_SHIFT] as Host;
    if (host.pauses > 0 && (code & ABOUT) !== WAKE && (code & ABOUT) !== ALARM) return this.hold(host, code, payload);
    switch (code & ABOUT) {
      case FRAME:
        return this.deliver(host, payload as Frame);
      case WAKE:
        if (host.wakeAt !== this.now) return;
        host.wakeAt = NEVER;
        host.attend();
        // A completion that came while the process was busy is heard only now.
        if (host.starting || host.loop?.phase !== 'running') this.checkPhase(host);
        return;
      case ALARM:
        if (host.alarmAt !== this.now) return;
        host.alarmAt = NEVER;
        return host.alarmed();
      case DISK:
        return this.diskDone(host, payload as number);
      case ASK:
        return this.ask(host, payload as Invocation);
      case ANSWER: {
        const arrival = payload as AnswerArrival;
        return this.clients.hear(arrival.request, arrival.answer);
      }
      case OUTCOME:
        return this.outcome(host, payload as OutcomeArrival);
      case HEAD: {
        const head = payload as Head;
        if (host.loop === undefined) return;
        host.loop.parentHead(head.number, head.hash, head.parent);
        return host.attend();
      }
      default:
        return (payload as () => void)();
    }
  }

  /** It was under way when chance was drawn anew, and chance is against it. */
  private get goesAstray(): boolean {
    return this.queue.number < this.underWay && (this.fate as Random).below(ASTRAY) > 0;
  }

  private deliver(host: Host, frame: Frame): void {
    if (this.goesAstray) return this.network.lose(frame, 'cut');
    const loop = host.loop;
    if (loop === undefined) return this.network.lose(frame, 'down');
    this.network.delivered++;
    const listeners = this.listeners.delivered;
    for (let i = 0; i < listeners.length; i++) listeners[i]?.delivered(frame, this.now);
    loop.heard(frame);
    host.attend();
  }

  private diskDone(host: Host, life: number): void {
    if (life !== host.disk.life) return;
    const result = host.disk.complete();
    const loop = host.loop;
    if (loop === undefined) return;
    loop.completed(host.disk.token, result);
    host.attend();
    if (host.starting || loop.phase !== 'running') this.checkPhase(host);
  }

  private ask(host: Host, invocation: Invocation): void {
    if (this.goesAstray) return;
    const loop = host.loop;
    const request: RequestId = { client: invocation.client, number: invocation.number };
    if (loop === undefined) return this.clients.reply(request, UNREACHABLE);
    loop.asked(request, invocation.operation);
    host.attend();
  }

  private outcome(host: Host, arrival: OutcomeArrival): void {
    if (host.loop === undefined || arrival.life !== host.disk.life) return;
    host.loop.answered(arrival.sequence, arrival.index, arrival.outcome);
    host.attend();
  }

  private hold(host: Host, code: number, payload: unknown): void {
    const held = this.held[host.id] as { code: number; payload: unknown }[];
    if ((code & ABOUT) === FRAME && held.length >= MAX_HELD) return this.network.lose(payload as Frame, 'paused');
    held.push({ code, payload });
  }

  // What the parts of the world ask of it.

  wake(node: number, at: Micros): void {
    const host = this.hosts[node] as Host;
    if (at >= host.wakeAt || at >= NEVER) return;
    host.wakeAt = at;
    this.queue.push(at, WAKE | (node << NODE_SHIFT), undefined);
  }

  /** An entry that comes too early asks for the next: it costs less than taking it out of the queue. */
  alarm(node: number, at: Micros): void {
    const host = this.hosts[node] as Host;
    if (at >= host.alarmAt || at >= NEVER) return;
    host.alarmAt = at;
    this.queue.push(at, ALARM | (node << NODE_SHIFT), undefined);
  }

  deliverAt(at: Micros, frame: Frame): void {
    this.queue.push(at, FRAME | (frame.to << NODE_SHIFT), frame);
  }

  completeAt(at: Micros, node: number, life: number): void {
    this.queue.push(at, DISK | (node << NODE_SHIFT), life);
  }

  askAt(at: Micros, invocation: Invocation): void {
    this.queue.push(at, ASK | (invocation.node << NODE_SHIFT), invocation);
  }

  answerAt(at: Micros, request: RequestId, answer: Answer): void {
    const arrival: AnswerArrival = { request, answer };
    this.queue.push(at, ANSWER, arrival);
  }

  outcomeAt(delayUs: Micros, node: number, sequence: number, index: number, outcome: ServiceOutcome): void {
    const arrival: OutcomeArrival = { life: this.host(node).disk.life, sequence, index, outcome };
    this.queue.push(this.now + delayUs, OUTCOME | (node << NODE_SHIFT), arrival);
  }

  parentHeadAt(at: Micros, node: number, head: Head): void {
    this.queue.push(at, HEAD | (node << NODE_SHIFT), head);
  }

  sent(frame: Frame): void {
    const listeners = this.listeners.sent;
    if (listeners.length === 0) return;
    const clock = (this.hosts[frame.from] as Host).clock.now();
    for (let i = 0; i < listeners.length; i++) listeners[i]?.sent(frame, this.now, clock);
  }

  lost(frame: Frame, why: LostWhy): void {
    const listeners = this.listeners.lost;
    for (let i = 0; i < listeners.length; i++) listeners[i]?.lost(frame, why, this.now);
  }

  duplicated(frame: Frame): void {
    const listeners = this.listeners.duplicated;
    for (let i = 0; i < listeners.length; i++) listeners[i]?.duplicated(frame, this.now);
  }

  invoked(invocation: Invocation): void {
    const listeners = this.listeners.invoked;
    for (let i = 0; i < listeners.length; i++) listeners[i]?.invoked(invocation);
  }

  returned(invocation: Invocation, answer: Answer): void {
    this.digest.uint(this.now);
    this.digest.word(hashAnswer(answer));
    this.marks.answer(answer.kind);
    const listeners = this.listeners.returned;
    for (let i = 0; i < listeners.length; i++) listeners[i]?.returned(invocation, answer, this.now);
    this.onReturn(invocation, answer);
  }

  // What faults do to a process.

  /** A frame that no node sent reaches one: a stranger's work, and no evidence of what `from` says. */
  intrude(at: Micros, frame: Frame): void {
    this.at(at, () => {
      const host = this.host(frame.to);
      if (host.loop === undefined || host.pauses > 0) return;
      host.loop.heard(frame);
      host.attend();
    });
  }

  wasStarted(host: Host): void {
    if (host.starts > 1) for (const one of this.listeners.restarted) one.restarted(host.id, this.now);
  }

  wasShadowed(host: Host, same: boolean): void {
    const sequence = (host.shadow as Shadow).sequence;
    const listeners = this.listeners.shadowed;
    for (let i = 0; i < listeners.length; i++) listeners[i]?.shadowed(host.id, sequence, same, this.now);
  }

  private checkPhase(host: Host): void {
    const loop = host.loop;
    if (loop === undefined || loop.phase === 'recovering') return;
    if (loop.phase === 'refused') return this.refuse(host, loop.stopped?.text ?? '');
    if (loop.phase === 'failed') return this.failed(host, loop.stopped?.code ?? 'io', loop.stopped?.text ?? '');
    if (loop.phase === 'running' && host.starting) {
      host.starting = false;
      this.parent?.follow(host.id);
    }
    if (loop.phase === 'sealed') this.wasStopped(host);
  }

  /** A process that no longer believes its own state, or its disk, ends and is started again. */
  private failed(host: Host, code: string, text: string): void {
    if (code === 'poisoned') this.poisoned.push({ node: host.id, at: this.now, text });
    host.end('kept');
    for (const one of this.listeners.crashed) one.crashed(host.id, 'betweenTurns', this.now);
    this.clients.cutOff(host.id);
    this.startLater(host, RESTART_AFTER_US);
  }

  /** Its peers remember that it was further: its process ends, and is started again, in another life. */
  wasRefusedByPeer(host: Host): void {
    const life = host.starts;
    this.at(this.now, () => {
      if (host.loop === undefined || host.starts !== life) return;
      this.count('rejoin', 1);
      host.end('kept');
      for (const one of this.listeners.crashed) one.crashed(host.id, 'betweenTurns', this.now);
      this.clients.cutOff(host.id);
      this.startLater(host, RESTART_AFTER_US);
    });
  }

  /** A node whose disk is damaged stays away for the rest of the run. */
  refuse(host: Host, reason: string): void {
    host.end('kept');
    host.state = 'out';
    host.refusedWhy = reason;
    for (const one of this.listeners.refused) one.refused(host.id, reason, this.now);
  }

  private crashAtPoint(host: Host, point: CrashPoint): void {
    const plan = host.crashPlan;
    assert(plan !== undefined, 'a crash at a point was armed');
    host.disarm();
    this.marks.crash(point);
    this.crash(host, plan.loss, plan.downUs, point);
  }

  /** Ends a process without warning, and starts it again after `downUs` (NEVER: somebody else will). False if it is spared. */
  crash(host: Host, loss: CrashLoss, downUs: Micros, point: CrashPoint | 'betweenTurns' = 'betweenTurns'): boolean {
    if (host.spared) return false;
    const cut = host.end(loss);
    this.count(loss === 'kept' ? 'kill' : loss === 'lost' ? 'disk-lost' : 'disk-torn', loss === 'kept' || cut ? 1 : 0);
    for (const one of this.listeners.crashed) one.crashed(host.id, point, this.now);
    if (loss === 'kept') this.clients.cutOff(host.id);
    if (downUs < NEVER) this.startLater(host, downUs);
    return true;
  }

  /** Asks a process to stop, and starts it again `downUs` after it has. */
  stop(host: Host, downUs: Micros): void {
    if (host.loop === undefined || host.loop.phase !== 'running' || host.stopping || host.spared) return;
    host.stopping = true;
    host.downAfterStop = downUs;
    host.loop.stop();
    host.attend();
    this.checkPhase(host);
  }

  /** A fault took what the node had acknowledged. `noticeable`: in such a way that it must refuse to start by itself. */
  wasDamaged(host: Host, noticeable: boolean): void {
    host.damaged = true;
    host.rewound = true;
    host.shadow = undefined;
    for (const one of this.listeners.damaged) one.damaged(host.id, this.now, noticeable);
  }

  private wasStopped(host: Host): void {
    host.end('kept');
    this.count('restart', 1);
    for (const one of this.listeners.stopped) one.stopped(host.id, this.now);
    this.startLater(host, host.downAfterStop);
  }

  startLater(host: Host, downUs: Micros): void {
    this.at(this.now + downUs, () => {
      if (host.state === 'down') host.start();
    });
  }

  pause(host: Host, freezeClock: boolean): void {
    host.pauses++;
    if (freezeClock) host.clock.freeze();
  }

  /** `thawClock`: it was paused with its clock. */
  resume(host: Host, thawClock: boolean): void {
    assert(host.pauses > 0, 'what is resumed was paused');
    if (thawClock) host.clock.thaw();
    if (--host.pauses > 0) return;
    const held = this.held[host.id] as { code: number; payload: unknown }[];
    this.held[host.id] = [];
    for (const entry of held) this.queue.push(this.now, entry.code, entry.payload);
    host.wakeAt = NEVER;
    this.wake(host.id, this.now);
    host.clock.rearm();
  }

  count(fault: string, times: number): void {
    this.faults.set(fault, (this.faults.get(fault) ?? 0) + times);
  }

  /** One digest for everything that every node and every client saw. */
  digestText(): string {
    const digest = new Digest(this.digest.high, this.digest.low);
    for (let id = 1; id < this.hosts.length; id++) {
      const host = this.hosts[id] as Host;
      digest.word(host.loop?.kernel.digestHigh ?? 0);
      digest.word(host.loop?.kernel.digestLow ?? 0);
    }
    for (const count of [this.events, this.network.sentCount, this.network.delivered, this.network.dropped, this.network.doubled]) digest.uint(count);
    digest.uint(this.now);
    return digest.text();
  }

  get steps(): number {
    let steps = 0;
    for (let id = 1; id < this.hosts.length; id++) steps += (this.hosts[id] as Host).steps;
    return steps;
  }

  view(): WorldView {
    const nodes: NodeView[] = this.hosts.slice(1).map((host) => ({
      id: host.id, up: host.state === 'up', out: host.state === 'out', kernel: host.loop?.kernel, files: () => host.disk.dump(),
    }));
    return { now: this.now, nodes };
  }
}
