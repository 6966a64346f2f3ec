// One node's part in the plan: it takes what its clients say as ops of its own, tells everybody at once, and at intervals says to
// one node after the other what it has, so that whatever got lost is found. A node that begins anew is another author, for it no
// longer knows how far it had counted; what it still has of the plan is as good as ever.

import { type Codec, type Reader, type Writer } from '../base/codec.ts';
import { encode } from '../base/codec.ts';
import { nodeId, type NodeId } from '../base/ids.ts';
import type { Micros } from '../base/time.ts';
import type { Context } from '../context.ts';
import type { RequestId } from '../event.ts';
import { batchCodec, isGone, type Entry } from './batch.ts';
import { planImage, planImageCodec } from './image.ts';
import { BLOCK, type ActorLog } from './log.ts';
import { MAX_OPS_BYTES, MAX_SUMS, planBlocks, planOps, planVector, type PlanBlocks, type PlanMessage, type PlanOps, type PlanVector } from './message.ts';
import { bodyFault, MAX_LAMPORT, MAX_SEQ, statementFault, type Body } from './op.ts';
import { Plan, sameSum, type PlanImage, type PlanParameters } from './plan.ts';

/** Messages of ops in answer to one vector. The last of them says whether there is more. */
const WINDOW_MESSAGES = 8;
/** One bound on the work of a step, and on what a client can make a node keep that nobody ever reads. */
const MAX_OPS: number = 1_000_000;

export interface ExchangeImage {
  readonly plan: PlanImage;
  readonly partner: number;
  readonly round: number;
}

/** In which life a node is: an author's name. */
const authorOf = (node: NodeId, life: number): string => (life === 0 ? `node-${node}` : `node-${node}.${life}`);

export class Exchange {
  private readonly self: NodeId;
  private readonly nodes: number;
  private readonly everyUs: Micros;
  private readonly slot: number;
  private readonly parameters: PlanParameters;
  private readonly members: readonly string[];
  private current: Plan;
  /** Whom it says next what it has. */
  private partner: number;
  /** Counts exchanges, so that long disputes are looked at part by part. */
  private round = 0;

  constructor(self: NodeId, nodes: number, everyUs: Micros, slot: number, parameters: PlanParameters) {
    this.self = self;
    this.nodes = nodes;
    this.everyUs = everyUs;
    this.slot = slot;
    this.parameters = parameters;
    this.partner = self;
    this.current = new Plan(parameters);
    const others: string[] = [];
    for (let node = 1; node <= nodes; node++) if (node !== self) others.push(String(node));
    this.members = others;
  }

  /** For looking, not for touching. */
  get plan(): Plan {
    return this.current;
  }

  recovered(ctx: Context): void {
    if (this.everyUs > 0 && this.nodes > 1) ctx.deadline(this.slot, ctx.at + 1 + ctx.random.below(this.everyUs));
  }

  /** A member lost all it had. */
  reborn(node: NodeId): void {
    this.current.forget(String(node));
  }

  request(ctx: Context, request: RequestId, life: number, thread: string, body: Body): void {
    if (this.current.size >= MAX_OPS) return ctx.reply(request, { kind: 'refused', why: 'overloaded' });
    if (bodyFault(body) !== undefined) return ctx.reply(request, { kind: 'refused', why: 'nonsense' });
    const it = this.current.author(authorOf(this.self, life), thread, body);
    if (it.seq > MAX_SEQ || it.lamport >= MAX_LAMPORT) return ctx.reply(request, { kind: 'refused', why: 'overloaded' });
    if (statementFault(it) !== undefined) return ctx.reply(request, { kind: 'refused', why: 'nonsense' });
    if (this.current.apply(it) !== 'new') return ctx.reply(request, { kind: 'refused', why: 'overloaded' });
    this.current.settle();
    const told = planOps([it], false);
    for (let node = 1; node <= this.nodes; node++) if (node !== this.self) ctx.send(nodeId(node), told);
    ctx.reply(request, { kind: 'planned', id: it.id, seq: it.seq, lamport: it.lamport });
  }

  /** Says to the next node what it has, and forgets what everybody has and nobody needs. */
  due(ctx: Context): void {
    ctx.deadline(this.slot, ctx.at + this.everyUs);
    this.round++;
    this.partner = (this.partner % this.nodes) + 1;
    if (this.partner === this.self) this.partner = (this.partner % this.nodes) + 1;
    ctx.send(nodeId(this.partner), planVector(this.current.vector(), true));
    this.current.collect(this.members);
  }

  receive(ctx: Context, from: NodeId, message: PlanMessage): void {
    switch (message.kind) {
      case 'planVector':
        return this.lacks(ctx, from, message);
      case 'planOps':
        return this.gets(ctx, from, message);
      case 'planBlocks':
        return this.compares(ctx, from, message);
    }
  }

  private lacks(ctx: Context, from: NodeId, message: PlanVector): void {
    this.current.acknowledge(String(from), message.vector);
    this.sendAll(ctx, from, this.current.missing(message.vector));
    for (const actor of this.current.disputed(message.vector)) this.dispute(ctx, from, actor, true);
    if (message.asks) ctx.send(from, planVector(this.current.vector(), false));
  }

  /** As many messages as one answer may have, each within its bound. */
  private sendAll(ctx: Context, to: NodeId, entries: Iterable<Entry>): void {
    let some: Entry[] = [];
    let bytes = 0;
    let sent = 0;
    for (const entry of entries) {
      const weight = encode(batchCodec, [entry]).length;
      if (bytes + weight > MAX_OPS_BYTES) {
        sent++;
        ctx.send(to, planOps(some, sent === WINDOW_MESSAGES));
        if (sent === WINDOW_MESSAGES) return;
        some = [];
        bytes = 0;
      }
      some.push(entry);
      bytes += weight;
    }
    if (some.length > 0) ctx.send(to, planOps(some, false));
  }

  private gets(ctx: Context, from: NodeId, message: PlanOps): void {
    let progress = false;
    for (const entry of message.entries) {
      const applied = this.current.apply(entry);
      if (applied === 'new' || applied === 'forked') progress = true;
    }
    this.current.settle();
    // Without progress it would be asked for the same again, for ever.
    if (message.more && progress) ctx.send(from, planVector(this.current.vector(), false));
  }

  private dispute(ctx: Context, to: NodeId, actor: string, asks: boolean): void {
    const log = this.current.log(actor) as ActorLog;
    const whole = Math.floor(log.prefix / BLOCK);
    const parts = Math.max(1, Math.ceil(whole / MAX_SUMS));
    const first = (this.round % parts) * MAX_SUMS;
    const sums = [];
    for (let block = first; block < Math.min(whole, first + MAX_SUMS); block++) sums.push(log.block(block));
    ctx.send(to, planBlocks(actor, first, sums, asks));
  }

  /** Sends what it has of the blocks that differ, and of what comes after the last whole one of both. */
  private compares(ctx: Context, from: NodeId, message: PlanBlocks): void {
    const log = this.current.log(message.actor);
    if (log === undefined) return;
    this.sendAll(ctx, from, this.differing(log, message));
    if (message.asks) this.dispute(ctx, from, message.actor, false);
  }

  private *differing(log: ActorLog, message: PlanBlocks): Generator<Entry> {
    const whole = Math.floor(log.prefix / BLOCK);
    for (let i = 0; i < message.sums.length; i++) {
      const block = message.first + i;
      if (block >= whole) break;
      if (!sameSum(log.block(block), message.sums[i] as PlanBlocks['sums'][number])) yield* log.entries(block * BLOCK, (block + 1) * BLOCK);
    }
    const end = Math.min(whole, message.first + message.sums.length);
    if (message.sums.length < MAX_SUMS) yield* log.entries(end * BLOCK, (end + 1) * BLOCK);
  }

  /** How many ops are kept only by their ids. */
  get collected(): number {
    let gone = 0;
    for (const entry of this.current.entries()) if (isGone(entry)) gone++;
    return gone;
  }

  image(): ExchangeImage {
    return { plan: planImage(this.current), partner: this.partner, round: this.round };
  }

  restore(image: ExchangeImage): void {
    this.current = new Plan(this.parameters);
    this.current.restore(image.plan);
    this.current.settle();
    this.partner = image.partner;
    this.round = image.round;
  }
}

export const exchangeImageCodec: Codec<ExchangeImage> = {
  write(w: Writer, image: ExchangeImage): void {
    w.array(3);
    planImageCodec.write(w, image.plan);
    w.uint(image.partner);
    w.uint(image.round);
  },
  read(r: Reader): ExchangeImage {
    r.tuple(3);
    return { plan: planImageCodec.read(r), partner: r.uint(0xffff), round: r.uint() };
  },
};
