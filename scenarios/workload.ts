// What the clients of a run do: decides of fresh needs, rivals that propose for the same need at different nodes, retries of
// what came back `unknown`, and reads. At the end, reads of needs that were acknowledged, through the ordinary path.

import { nodeId, type NeedId, type NodeId, type ProposalId } from '../kernel/base/ids.ts';
import { Random } from '../kernel/base/random.ts';
import { MS, type Micros } from '../kernel/base/time.ts';
import type { Answer } from '../kernel/effect.ts';
import type { Operation } from '../kernel/event.ts';
import { bucketOf } from '../kernel/decide/record.ts';
import type { Invocation } from '../io/sim/evidence.ts';
import type { ClientOperation, WorkloadPlan } from '../io/sim/run-file.ts';
import type { Parameters } from '../kernel/parameters.ts';

/** What the clients need of the world they work in, simulated or live. */
export interface Workplace {
  readonly seed: number;
  readonly now: Micros;
  readonly parameters: Parameters;
  readonly clients: { invoke(client: number, node: NodeId, operation: Operation, final: boolean): unknown };
  /** By node id; place 0 is unused. One that is `out` stays away for good. */
  readonly hosts: readonly { readonly id: NodeId; readonly state: 'up' | 'down' | 'out' }[];
  onReturn: (invocation: Invocation, answer: Answer) => void;
  at(time: Micros, task: () => void): void;
}

/** Where the needs of a run begin, if its registers have a past. */
export interface Beginning {
  readonly epoch: number;
  /** Stands in every name, so that no need of the past is named again. */
  readonly prefix: string;
  /** Needs that were decided before: clients read them too. */
  readonly known: readonly NeedId[];
}

const AT_THE_START: Beginning = { epoch: 0, prefix: '', known: [] };

interface Need {
  readonly need: NeedId;
  readonly bucket: number;
}

/** Needs that are remembered for reads, and acknowledged ones for the last round. */
const REMEMBERED = 256;
const NEWEST = 8;
const FINAL_READS = 32;
const MAX_TRIES = 3;
/** Rivals propose within so long of each other. */
const RIVALRY_US: Micros = 20 * MS;
/** More epochs than a register may ever be behind its clients. */
const FAR_AHEAD = 50;
const RETRY_WITHIN_US: Micros = 500 * MS;
/** A node stays the one that most ask for at most so long. */
const HOT_US: Micros = 4_000 * MS;

/** Of what clients had planned when chance was drawn anew. */
const PLANS_KEPT = 4;

export class Workload {
  acknowledged = 0;
  /** Operations that were asked again because the answer was none. */
  retries = 0;
  private readonly world: Workplace;
  private readonly plan: WorkloadPlan;
  private readonly beginning: Beginning;
  /** In the order in which they are asked. */
  private readonly script: readonly ClientOperation[] | undefined;
  private random: Random;
  private readonly clients: number;
  private readonly nodes: number;
  private readonly recent: Need[] = [];
  /** What was decided last: a reader who is told otherwise is told the past. */
  private readonly newest: Need[] = [];
  private readonly settled: Need[] = [];
  private readonly tries: Map<string, number> = new Map();
  private counter = 0;
  private hot = 1;
  private hotUntil: Micros = 0;
  private running = true;
  /** How often chance was drawn anew. */
  private plans = 0;

  /** `script`: what the clients ask, if a run file names it; then nothing of it is drawn. */
  constructor(world: Workplace, plan: WorkloadPlan, beginning: Beginning = AT_THE_START, script?: readonly ClientOperation[]) {
    this.world = world;
    this.script = script?.toSorted((a, b) => a.at - b.at);
    this.plan = plan;
    this.beginning = beginning;
    for (const need of beginning.known.slice(-REMEMBERED)) {
      const target: Need = { need, bucket: bucketOf(need) };
      this.recent.push(target);
      this.settled.push(target);
    }
    this.random = Random.of(world.seed, 'workload');
    this.clients = plan.clients;
    this.nodes = world.parameters.nodes;
    world.onReturn = (invocation, answer) => this.returned(invocation, answer);
  }

  /** What is asked from here on comes from another seed; of what was only planned, one in so many is asked. */
  reroll(seed: number): void {
    this.random = Random.of(seed, 'workload');
    this.plans++;
  }

  private later(at: Micros, task: () => void): void {
    const { plans } = this;
    this.world.at(at, () => {
      if (plans === this.plans || this.random.below(PLANS_KEPT) === 0) task();
    });
  }

  start(): void {
    if (this.script !== undefined) return this.play(this.script, 0);
    if (this.plan.decidesPer1000s > 0) this.repeat(this.plan.decidesPer1000s, () => this.propose());
    if (this.plan.getsPer1000s > 0) this.repeat(this.plan.getsPer1000s, () => this.read());
  }

  stop(): void {
    this.running = false;
  }

  /** Only the next waits in the queue, which stays short. */
  private play(script: readonly ClientOperation[], place: number): void {
    const next = script[place];
    if (next === undefined) return;
    this.world.at(next.at, () => {
      if (!this.running) return;
      this.play(script, place + 1);
      this.world.clients.invoke(next.client, nodeId(next.node), operationOf(next), false);
    });
  }

  /**
   * Acts at a mean rate of operations, of which an act may invoke several. Each gap is drawn between half the mean and one and
   * a half times.
   */
  private repeat(per1000s: number, act: () => number): void {
    const mean = 1_000_000_000 / per1000s;
    const low = Math.ceil(mean / 2);
    const span = Math.max(1, Math.floor(mean));
    const again = (): void => {
      if (!this.running) return;
      const invoked = act();
      this.world.at(this.world.now + invoked * (low + this.random.below(span)), again);
    };
    this.world.at(low + this.random.below(span), again);
  }

  private propose(): number {
    const target = this.random.below(1_000) < this.plan.strayPerMille ? this.stray() : this.fresh();
    if (this.random.below(1_000) >= this.plan.contestedPerMille) {
      this.decide(target, this.proposal(), this.node());
      return 1;
    }
    for (let rival = 0; rival < this.plan.rivals; rival++) {
      const proposal = this.proposal();
      const node = this.node();
      this.later(this.world.now + this.random.below(RIVALRY_US), () => this.decide(target, proposal, node));
    }
    return this.plan.rivals;
  }

  private read(): number {
    const stray = this.recent.length === 0 || this.random.below(1_000) < this.plan.strayPerMille;
    const fresh = this.random.below(1_000) < this.plan.freshPerMille && this.newest.length > 0;
    const target = stray ? this.stray() : this.random.pick(fresh ? this.newest : this.recent);
    this.ask({ kind: 'get', need: target.need, bucket: target.bucket }, this.node(), false);
    return 1;
  }

  /** A need of the first epoch, or of one that is far ahead. */
  private stray(): Need {
    const epoch = this.random.below(2) === 0 ? 0 : this.epoch() + FAR_AHEAD;
    const need = `${epoch}/${this.beginning.prefix}s${++this.counter}` as NeedId;
    return { need, bucket: bucketOf(need) };
  }

  private epoch(): number {
    return this.beginning.epoch + Math.floor(this.world.now / this.world.parameters.decide.epochUs);
  }

  private decide(target: Need, proposal: ProposalId, node: NodeId): void {
    this.ask({ kind: 'decide', need: target.need, bucket: target.bucket, proposal, kPlan: 1 + (this.counter & 3) }, node, false);
  }

  private ask(operation: Operation, node: NodeId, final: boolean): void {
    this.world.clients.invoke(1 + this.random.below(this.clients), node, operation, final);
  }

  private fresh(): Need {
    const need = `${this.epoch()}/${this.beginning.prefix}n${++this.counter}` as NeedId;
    const target: Need = { need, bucket: bucketOf(need) };
    keep(this.recent, target, this.counter);
    return target;
  }

  private proposal(): ProposalId {
    return `${this.beginning.prefix}p${++this.counter}` as ProposalId;
  }

  /** Any node; one that stays away for good is asked again rarely: its clients know. */
  private node(): NodeId {
    const first = this.random.below(1_000) < this.plan.hotPerMille ? this.hotNode() : 1 + this.random.below(this.nodes);
    if (this.world.hosts[first]?.state !== 'out') return nodeId(first);
    return nodeId(1 + this.random.below(this.nodes));
  }

  private hotNode(): number {
    if (this.world.now >= this.hotUntil) {
      this.hot = 1 + this.random.below(this.nodes);
      this.hotUntil = this.world.now + this.random.between(HOT_US / 8, HOT_US);
    }
    return this.hot;
  }

  private returned(invocation: Invocation, answer: Answer): void {
    const operation = invocation.operation;
    if (answer.kind === 'unknown' || answer.kind === 'refused') {
      if (operation.kind === 'decide') this.retry(operation);
      else if (invocation.final) this.retryAs(operation.need, () => this.ask(operation, this.node(), true));
      return;
    }
    this.acknowledged++;
    if (operation.kind !== 'decide') return;
    this.tries.delete(operation.proposal);
    if (answer.kind !== 'decided') return;
    const target: Need = { need: operation.need, bucket: operation.bucket };
    keep(this.settled, target, this.acknowledged);
    this.newest.push(target);
    if (this.newest.length > NEWEST) this.newest.shift();
  }

  /** The same proposal for the same need, at any node: it must not matter whether the first try had its effect. */
  private retry(operation: Operation & { readonly kind: 'decide' }): void {
    if (!this.running || this.script !== undefined || this.random.below(1_000) >= this.plan.retryPerMille) return;
    this.retryAs(operation.proposal, () => this.ask(operation, this.node(), false));
  }

  /** Clients wait about twice as long before every further try, and give up in the end. */
  private retryAs(key: string, task: () => void): void {
    const tries = (this.tries.get(key) ?? 0) + 1;
    if (tries > MAX_TRIES || this.tries.size > 4_096) {
      this.tries.delete(key);
      return;
    }
    this.tries.set(key, tries);
    this.retries++;
    this.later(this.world.now + (50 * MS + this.random.below(RETRY_WITHIN_US)) * (1 << (tries - 1)), task);
  }

  /** Reads a sample of what was acknowledged, spread over clients and nodes. How many were asked. */
  readBack(): number {
    const sample = this.random.shuffled(this.settled).slice(0, FINAL_READS);
    for (const target of sample) this.ask({ kind: 'get', need: target.need, bucket: target.bucket }, this.aliveNode(), true);
    return sample.length;
  }

  private aliveNode(): NodeId {
    const alive = this.world.hosts.filter((host) => host.state === 'up');
    return alive.length === 0 ? this.node() : this.random.pick(alive).id;
  }
}

function operationOf(asked: ClientOperation): Operation {
  const need = asked.need as NeedId;
  const bucket = bucketOf(need);
  if (asked.kind === 'get') return { kind: 'get', need, bucket };
  return { kind: 'decide', need, bucket, proposal: (asked.proposal ?? '') as ProposalId, kPlan: asked.kPlan ?? 1 };
}

/** How a run file names what a client asked. */
export function written(invocation: Invocation): ClientOperation {
  const { invokedAt: at, client, node, operation } = invocation;
  const { need } = operation;
  if (operation.kind === 'get') return { at, client, node, kind: 'get', need };
  return { at, client, node, kind: 'decide', need, proposal: operation.proposal, kPlan: operation.kPlan };
}

/** Keeps the last REMEMBERED, in a ring. */
function keep(ring: Need[], target: Need, count: number): void {
  if (ring.length < REMEMBERED) ring.push(target);
  else ring[count % REMEMBERED] = target;
}
