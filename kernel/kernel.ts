// A node: the fold of `step` over its journal. `step` is a synchronous, deterministic function of state and event; it returns
// effects and performs nothing. Modules stand in a fixed order (peers, raft groups, gateway, orders, parent, inventory,
// swarm, exchange), own their state, and speak to each other through signals, a bounded queue that is empty again before the step ends.

import { assert, unreachable } from './base/assert.ts';
import { Deadlines } from './base/deadlines.ts';
import { Digest } from './base/digest.ts';
import { nodeId, type GroupId, type NodeId } from './base/ids.ts';
import { Random } from './base/random.ts';
import { NEVER, type Micros } from './base/time.ts';
import { Parent } from './chain/parent.ts';
import { maxSignalsPerStep, type Context, type Signal } from './context.ts';
import { isForGroup, placement } from './decide/buckets.ts';
import { Gateway } from './decide/gateway.ts';
import { Orders } from './decide/orders.ts';
import { Register } from './decide/register.ts';
import { hashEffect, type Answer, type Effect } from './effect.ts';
import { hashCause, type Event, type RequestId, type ServiceOutcome, type ServiceRequest } from './event.ts';
import type { Fact } from './fact.ts';
import type { Hello } from './hello.ts';
import type { KernelImage } from './image.ts';
import { Inventory } from './lanes/inventory.ts';
import { isAboutPlan, isOfGroup, type Message } from './message.ts';
import type { Parameters } from './parameters.ts';
import { Peers } from './peers.ts';
import { Exchange } from './plan/exchange.ts';
import type { Body as PlanBody } from './plan/op.ts';
import { PLAN_DEFAULTS, type Plan } from './plan/plan.ts';
import { Gathering, isBeat } from './raft/beats.ts';
import { redirect, type GroupMessage } from './raft/message.ts';
import { Raft } from './raft/raft.ts';
import { answer } from './raft/replica.ts';
import { Swarm } from './swarm/swarm.ts';

/** Slots of the deadline table: two for each group of this node, then one for each other module. */
const SLOTS_PER_GROUP = 2;
const OTHER_SLOTS = 5;

interface Modules {
  readonly parameters: Parameters;
  readonly deadlines: Deadlines;
  readonly peers: Peers;
  /** All groups of the network, by id: any of them may make this node a member. */
  readonly groups: readonly Raft[];
  readonly groupById: readonly (Raft | undefined)[];
  /** The group of each bucket. */
  readonly owners: readonly GroupId[];
  readonly gateway: Gateway;
  readonly orders: Orders;
  readonly parent: Parent;
  readonly inventory: Inventory;
  readonly swarm: Swarm;
  readonly exchange: Exchange;
}

const NO_NODE: NodeId = nodeId(0);
const NOTHING: readonly Effect[] = Object.freeze([]);

export class Kernel implements Context {
  // The context of the step under way.
  self: NodeId = NO_NODE;
  at: Micros = 0;
  wall: Micros = 0;
  sequence = 0;
  random: Random = new Random([0, 0, 0, 0]);

  private version = '';
  private bootSeed = 0;
  private modules: Modules | undefined;
  /** Effects of the step under way; what leaves is a copy of exactly their number. */
  private readonly effects: Effect[] = [];
  private count = 0;
  private readonly signals: Signal[] = [];
  private maxSignals = 0;
  private readonly running: Digest = new Digest();
  /** In a step that is about several groups: what they say to one node at intervals goes in one message. */
  private gathers = false;
  private readonly gathering: Gathering = new Gathering();

  /** What the event changes, and what is to be done about it. The array is the caller's; its content never changes. */
  step(event: Event): readonly Effect[] {
    assert(event.sequence === this.sequence + 1, 'events come in the order of the journal');
    assert(event.at >= this.at, 'time never goes back');
    this.sequence = event.sequence;
    this.at = event.at;
    this.wall = event.wall;
    this.count = 0;
    this.gathers = false;
    this.dispatch(event);
    if (this.signals.length > 0) this.settle();
    if (this.gathers) this.gathering.take((place, to, validUntil, message) => (this.effects[place] = { kind: 'send', to, message, validUntil }));
    return this.sealed(event);
  }

  /** Takes the place of `step` for an event on which an earlier start failed an assertion: the journal goes on without it. */
  skip(event: Event): void {
    assert(event.sequence === this.sequence + 1, 'events come in the order of the journal');
    const broken = this.brokenBy(event);
    this.sequence = event.sequence;
    this.at = event.at;
    this.wall = event.wall;
    // A deadline that cannot be handled would be due again at once, and for ever.
    if (event.cause.kind === 'deadline') (this.modules as Modules).deadlines.take(event.at);
    broken?.halt(this);
    this.running.uint(event.sequence);
  }

  /** The group whose committed entry cannot be applied, if that is what the event fails on: a copy is made to fail once more. */
  private brokenBy(event: Event): Raft | undefined {
    if (this.modules === undefined) return undefined;
    const copy = Kernel.restore(this.image());
    try {
      copy.step(event);
    } catch {
      return this.modules.groups[copy.groups.findIndex((group) => group.applied < group.commit)];
    }
    return undefined;
  }

  /** When `step` wants a `deadline` event; NEVER if nothing waits. */
  nextDeadline(): Micros {
    return this.modules === undefined ? NEVER : this.modules.deadlines.next;
  }

  get digestHigh(): number {
    return this.running.high;
  }

  get digestLow(): number {
    return this.running.low;
  }

  digest(): string {
    return this.running.text();
  }

  /** The groups of which this node is a member. For looking, not for touching. */
  get groups(): readonly Raft[] {
    return this.modules?.groups.filter((group) => group.isMember) ?? [];
  }

  /** The group, if this node is a member of it. For looking, not for touching. */
  member(group: GroupId): Raft | undefined {
    const found = this.modules?.groupById[group];
    return found?.isMember === true ? found : undefined;
  }

  /** The plan as this node knows it. For looking, not for touching. */
  get plan(): Plan | undefined {
    return this.modules?.exchange.plan;
  }

  /** Somebody is about to take over from this node. */
  get isHandingOver(): boolean {
    return this.modules?.groups.some((group) => group.isHandingOver) ?? false;
  }

  /** The latest incarnation of this node that anybody knows of, as far as it was told. */
  get incarnationFloor(): number {
    return this.modules?.peers.incarnationFloor ?? 0;
  }

  /** A peer has shown that this node forgot something it had said. */
  get outcast(): boolean {
    return this.modules?.peers.outcast ?? false;
  }

  /** False while a request for this bucket would be refused for want of room: it can be turned away before the journal. */
  takesOn(bucket: number): boolean {
    const modules = this.modules;
    return modules === undefined || modules.peers.outcast || modules.gateway.takesOn(bucket);
  }

  private dispatch(event: Event): void {
    const cause = event.cause;
    if (cause.kind === 'boot') return this.boot(cause.self, cause.seed, cause.parameters, cause.version);
    const modules = this.modules;
    assert(modules !== undefined, 'the first event is boot');
    switch (cause.kind) {
      case 'message':
        return this.heard(modules, cause.from, cause.incarnation, cause.sent, cause.message);
      case 'deadline':
        return this.deadlineReached(modules);
      case 'request':
        if (modules.peers.outcast) return this.reply(cause.request, { kind: 'refused', why: 'unreachable' });
        return modules.gateway.request(this, cause.request, cause.operation);
      case 'order':
        if (modules.peers.outcast) return this.reply(cause.request, { kind: 'refused', why: 'unreachable' });
        return modules.orders.request(this, cause.request, cause.group, cause.wish);
      case 'publish':
        if (modules.peers.outcast) return this.reply(cause.request, { kind: 'refused', why: 'unreachable' });
        return modules.swarm.publish(this, cause.request, cause.message);
      case 'planEdit':
        return this.planEdit(modules, cause.request, cause.thread, cause.body);
      case 'drain':
        for (const group of modules.groups) group.drain(this);
        return;
      case 'outcome':
        return this.outcome(modules, cause.sequence, cause.index, cause.outcome);
      case 'parentHead':
        return modules.parent.head(this, cause.number, cause.hash, cause.parent);
      case 'recovered':
        return this.recovered(modules, cause.incarnation, cause.tag, cause.reborn);
      default:
        return unreachable(cause);
    }
  }

  private boot(self: NodeId, seed: number, parameters: Parameters, version: string): void {
    assert(this.modules === undefined, 'a node boots once');
    this.self = self;
    this.bootSeed = seed;
    this.version = version;
    this.random = Random.of(seed, 'kernel');
    this.maxSignals = maxSignalsPerStep(parameters.decide, parameters.raft);
    this.modules = compose(self, parameters);
  }

  private recovered(modules: Modules, incarnation: number, tag: number, reborn: boolean): void {
    modules.peers.recovered(this, incarnation, tag, reborn);
    for (const group of modules.groups) {
      if (reborn) group.reborn(this);
      group.recovered(this);
    }
    if (reborn) modules.gateway.reborn(this, incarnation);
    modules.gateway.recovered(this);
    modules.orders.recovered(this);
    modules.inventory.recovered(this);
    modules.exchange.recovered(this);
  }

  /** A node that may have forgotten how far it had counted says nothing new before its peers have welcomed it. */
  private planEdit(modules: Modules, request: RequestId, thread: string, body: PlanBody): void {
    if (modules.peers.outcast || modules.peers.waits) return this.reply(request, { kind: 'refused', why: 'unreachable' });
    modules.exchange.request(this, request, modules.peers.lifeOf(this.self), thread, body);
  }

  private heard(modules: Modules, from: NodeId, incarnation: number, sent: number, message: Message): void {
    if (message.kind === 'hello') return this.greeted(modules, from, incarnation, message);
    if (!modules.peers.admits(this, from, incarnation, sent) || modules.peers.outcast) return;
    if (isAboutPlan(message)) return modules.exchange.receive(this, from, message);
    if (message.kind === 'envelope' || message.kind === 'envelopeRefused') return modules.swarm.heard(this, from, message);
    if (message.kind !== 'beats') return this.route(modules, from, message);
    this.gathers = true;
    for (const beat of message.beats) this.route(modules, from, beat);
  }

  /** A node in another life has no seat until its leaders give it one: they do not sleep over it. */
  private greeted(modules: Modules, from: NodeId, incarnation: number, message: Hello): void {
    const life = modules.peers.lifeOf(from);
    modules.peers.hello(this, from, incarnation, message);
    if (modules.peers.lifeOf(from) === life) return;
    for (const group of modules.groups) group.reseat(this);
    modules.exchange.reborn(from);
  }

  private route(modules: Modules, from: NodeId, message: GroupMessage): void {
    switch (message.kind) {
      case 'append':
      case 'appendReply':
      case 'vote':
      case 'voteReply':
      case 'snapshot':
      case 'snapshotReply':
      case 'takeOver':
      case 'rest':
      case 'wake': {
        const group = modules.groupById[message.group];
        if (group !== undefined && (!modules.peers.waits || modules.peers.mayTakePart(group.voters, this.at))) group.receive(this, from, message);
        return;
      }
      case 'order':
      case 'open':
      case 'submit':
      case 'read': {
        const group = modules.groupById[message.group];
        if (group === undefined) return;
        if (message.kind === 'submit' && !isForGroup(modules.owners, message)) {
          return answer(this, from, redirect(message.group, 'notOwner', NO_NODE, 'submit', message.sequence));
        }
        return group.receive(this, from, message);
      }
      case 'opened':
      case 'submitted':
      case 'readReply':
        return modules.gateway.answered(this, from, message);
      case 'redirect':
        if (message.answers !== 'order') return modules.gateway.answered(this, from, message);
        modules.gateway.routed(message);
        return modules.orders.redirected(this, message);
      case 'ordered':
        return modules.orders.ordered(this, message);
      default:
        return unreachable(message);
    }
  }

  private deadlineReached(modules: Modules): void {
    const slot = modules.deadlines.take(this.at);
    if (modules.peers.outcast) return;
    const others = modules.groups.length * SLOTS_PER_GROUP;
    if (slot < others) {
      const group = modules.groups[slot >> 1] as Raft;
      if (modules.peers.waits && !modules.peers.mayTakePart(group.voters, this.at)) return group.awaitLeader(this);
      return (slot & 1) === 0 ? group.electionDue(this) : this.tick(modules, group);
    }
    if (slot === others) return modules.gateway.due(this);
    if (slot === others + 1) return modules.peers.due(this, modules.groups);
    if (slot === others + 2) return modules.inventory.due(this);
    if (slot === others + 4) return modules.exchange.due(this);
    return modules.orders.due(this);
  }

  /**
   * One tick for all groups that this node leads: those whose own would come within half an interval are not waited for. So they
   * soon beat together, and what they say to one node goes in one message.
   */
  private tick(modules: Modules, first: Raft): void {
    this.gathers = true;
    first.heartbeatDue(this);
    if (modules.groups.length === 1) return;
    const soon = this.at + (modules.parameters.raft.heartbeatUs >> 1);
    for (let place = 0; place < modules.groups.length; place++) {
      const group = modules.groups[place] as Raft;
      if (group !== first && group.isBeating && modules.deadlines.of(SLOTS_PER_GROUP * place + 1) <= soon) group.heartbeatDue(this);
    }
  }

  private outcome(modules: Modules, sequence: number, index: number, outcome: ServiceOutcome): void {
    if (outcome.kind === 'ok' && outcome.answer.service === 'signer') return modules.peers.signed(this, sequence, outcome.answer.signature);
    const asking = modules.groups.find((group) => group.awaits(sequence, index));
    if (asking !== undefined) return asking.contentAnswered(this, sequence, index, outcome);
    modules.inventory.answered(this, sequence, index, outcome);
  }

  /** Handles what the modules have to say to each other until nothing is left. */
  private settle(): void {
    const signals = this.signals;
    for (let i = 0; i < signals.length; i++) {
      assert(i < this.maxSignals, 'signals of one step are bounded');
      const signal = signals[i] as Signal;
      this.route(this.modules as Modules, signal.kind === 'ask' ? this.self : signal.from, signal.message);
    }
    while (signals.length > 0) signals.pop();
  }

  /** Folds what was heard and what was said into the digest. */
  private sealed(event: Event): readonly Effect[] {
    const digest = this.running;
    digest.uint(event.at);
    digest.uint(event.wall);
    digest.word(hashCause(event.cause));
    const count = this.count;
    digest.word(count);
    if (count === 0) return NOTHING;
    const effects = this.effects.slice(0, count);
    for (let i = 0; i < count; i++) digest.word(hashEffect(effects[i] as Effect));
    return effects;
  }

  send(to: NodeId, message: Message, validForUs: Micros = NEVER): void {
    const validUntil = validForUs >= NEVER ? NEVER : this.at + validForUs;
    if (this.gathers && isOfGroup(message) && isBeat(message) && this.gathering.joins(to, validUntil, message, this.count)) return;
    this.effects[this.count++] = { kind: 'send', to, message, validUntil };
  }

  reply(request: RequestId, answer: Answer): void {
    this.effects[this.count++] = { kind: 'reply', request, answer };
  }

  call(request: ServiceRequest): number {
    this.effects[this.count] = { kind: 'call', request };
    return this.count++;
  }

  fact(fact: Fact): void {
    this.effects[this.count++] = { kind: 'fact', fact };
  }

  signal(signal: Signal): void {
    this.signals.push(signal);
  }

  deadline(slot: number, due: Micros): void {
    (this.modules as Modules).deadlines.set(slot, due);
  }

  /** The whole state, immutable, sharing what never changes. Taken between steps. */
  image(): KernelImage {
    const modules = this.modules;
    assert(modules !== undefined, 'a node has an image once it has booted');
    return {
      self: this.self, seed: this.bootSeed, version: this.version, parameters: modules.parameters, sequence: this.sequence, at: this.at, wall: this.wall,
      digestHigh: this.running.high, digestLow: this.running.low, random: this.random.state, deadlines: modules.deadlines.image(),
      peers: modules.peers.image(), groups: modules.groups.map((group) => group.image()), gateway: modules.gateway.image(), orders: modules.orders.image(),
      parent: modules.parent.image(), inventory: modules.inventory.image(), swarm: modules.swarm.image(), exchange: modules.exchange.image(),
    };
  }

  static restore(image: KernelImage): Kernel {
    const kernel = new Kernel();
    kernel.boot(image.self, image.seed, image.parameters, image.version);
    const modules = kernel.modules as Modules;
    assert(image.groups.length === modules.groups.length, 'an image of every group');
    kernel.sequence = image.sequence;
    kernel.at = image.at;
    kernel.wall = image.wall;
    kernel.running.high = image.digestHigh;
    kernel.running.low = image.digestLow;
    kernel.random = new Random(image.random);
    modules.deadlines.restore(image.deadlines);
    modules.peers.restore(image.peers);
    modules.groups.forEach((group, place) => group.restore(image.groups[place] as KernelImage['groups'][number]));
    modules.gateway.restore(image.gateway);
    modules.orders.restore(image.orders);
    modules.parent.restore(image.parent);
    modules.inventory.restore(image.inventory);
    modules.swarm.restore(image.swarm);
    modules.exchange.restore(image.exchange);
    return kernel;
  }
}

/** Deals out the deadline slots and builds the modules in their order. */
function compose(self: NodeId, parameters: Parameters): Modules {
  const all = [...parameters.groups].sort((a, b) => a.id - b.id);
  const others = all.length * SLOTS_PER_GROUP;
  const peers = new Peers(self, parameters.nodes, parameters.network, parameters.raft.electionMaxUs, others + 1);
  const groups = all.map((group, place) => {
    const slots = { election: SLOTS_PER_GROUP * place, heartbeat: SLOTS_PER_GROUP * place + 1 };
    return new Raft(group, self, parameters.raft, new Register(parameters.decide), slots, peers);
  });
  const groupById: (Raft | undefined)[] = [];
  for (const group of groups) groupById[group.group as GroupId] = group;
  const owners = placement(parameters.groups);
  const gateway = new Gateway(self, parameters.nodes, parameters.groups, owners, parameters.decide, parameters.raft.sessionIdleUs, others);
  return {
    parameters,
    deadlines: new Deadlines(others + OTHER_SLOTS),
    peers,
    groups,
    groupById,
    owners,
    gateway,
    orders: new Orders(parameters.nodes, parameters.decide, others + 3, gateway),
    parent: new Parent(),
    inventory: new Inventory(parameters.gpuPollUs, others + 2),
    swarm: new Swarm(self, parameters.nodes, parameters.network, parameters.swarm),
    exchange: new Exchange(self, parameters.nodes, parameters.planSyncUs, others + 4, PLAN_DEFAULTS),
  };
}

