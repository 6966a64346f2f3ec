// An operator's orders, on every node: who shall be a member of a group, and who shall lead it. An order goes to the leader of
// the group, and again until it is answered; the leader does nothing twice, so that needs no session. One that was sent and
// not answered is `unknown`. At most MAX_ORDERS are open.

import { nodeId, type GroupId, type NodeId } from '../base/ids.ts';
import { takeAt } from '../base/queues.ts';
import { NEVER, type Micros } from '../base/time.ts';
import type { Context } from '../context.ts';
import type { RequestId } from '../event.ts';
import type { DecideParameters } from '../parameters.ts';
import { order, type OrderReply, type Redirect, type Wish } from '../raft/message.ts';

/** Who leads which group, as far as this node knows. */
export interface Routes {
  leaderOf(group: GroupId): NodeId | undefined;
  /** That one did not answer. */
  turnAway(group: GroupId, from: NodeId): void;
}

export interface OpenOrder {
  readonly request: RequestId;
  readonly group: GroupId;
  readonly wish: Wish;
  readonly since: Micros;
  readonly token: number;
  to: NodeId;
  hops: number;
  nextTry: Micros;
}

export interface OrdersImage {
  readonly open: readonly OpenOrder[];
  readonly nextToken: number;
}

const MAX_ORDERS = 16;
/** How often an order follows a redirect at once before it waits for its retry. */
const MAX_HOPS = 3;
const NOBODY: NodeId = nodeId(0);

export class Orders {
  private readonly nodes: number;
  private readonly parameters: DecideParameters;
  private readonly slot: number;
  private readonly routes: Routes;
  private open: OpenOrder[] = [];
  private nextToken = 1;

  constructor(nodes: number, parameters: DecideParameters, slot: number, routes: Routes) {
    this.nodes = nodes;
    this.parameters = parameters;
    this.slot = slot;
    this.routes = routes;
  }

  request(ctx: Context, request: RequestId, group: GroupId, wish: Wish): void {
    if (this.open.length >= MAX_ORDERS) return ctx.reply(request, { kind: 'refused', why: 'overloaded' });
    if (this.routes.leaderOf(group) === undefined || !this.isOfThisNetwork(wish)) return ctx.reply(request, { kind: 'refused', why: 'nonsense' });
    const one: OpenOrder = { request, group, wish, since: ctx.at, token: this.nextToken++, to: NOBODY, hops: 0, nextTry: ctx.at };
    this.open.push(one);
    this.transmit(ctx, one);
    this.arm(ctx);
  }

  private isOfThisNetwork(wish: Wish): boolean {
    const isNode = (node: NodeId): boolean => node >= 1 && node <= this.nodes;
    if (wish.kind === 'members') return true;
    return wish.kind === 'handOver' ? isNode(wish.to) : wish.goal.voters.every(isNode) && wish.goal.learners.every(isNode);
  }

  /** Whatever was under way is sent again. */
  recovered(ctx: Context): void {
    for (const one of this.open) one.nextTry = ctx.at;
    this.arm(ctx);
  }

  due(ctx: Context): void {
    const { retryUs, giveUpUs } = this.parameters;
    for (let place = this.open.length - 1; place >= 0; place--) {
      const one = this.open[place] as OpenOrder;
      if (ctx.at - one.since >= giveUpUs) {
        takeAt(this.open, place);
        ctx.reply(one.request, one.to === NOBODY || one.wish.kind === 'members' ? { kind: 'refused', why: 'unreachable' } : { kind: 'unknown', why: 'timeout' });
      } else if (one.nextTry <= ctx.at) {
        if (one.to !== NOBODY && ctx.at - one.since >= retryUs) this.routes.turnAway(one.group, one.to);
        one.hops = 0;
        this.transmit(ctx, one);
      }
    }
    this.arm(ctx);
  }

  ordered(ctx: Context, message: OrderReply): void {
    const place = this.open.findIndex((one) => one.token === message.token && one.group === message.group);
    if (place < 0) return;
    const one = takeAt(this.open, place);
    ctx.reply(one.request, { kind: 'ordered', verdict: message.verdict, configuration: message.configuration });
  }

  /** The routes have heard of it already. */
  redirected(ctx: Context, message: Redirect): void {
    const one = this.open.find((order) => order.token === message.number && order.group === message.group);
    if (one === undefined || message.why !== 'notLeader' || one.hops >= MAX_HOPS || this.routes.leaderOf(one.group) === one.to) return;
    one.hops++;
    this.transmit(ctx, one);
  }

  private transmit(ctx: Context, one: OpenOrder): void {
    one.to = this.routes.leaderOf(one.group) as NodeId;
    one.nextTry = ctx.at + this.parameters.retryUs;
    const message = order(one.group, one.token, one.wish);
    if (one.to === ctx.self) ctx.signal({ kind: 'ask', message });
    else ctx.send(one.to, message);
  }

  private arm(ctx: Context): void {
    let due = NEVER;
    for (const one of this.open) due = Math.min(due, one.nextTry);
    ctx.deadline(this.slot, due);
  }

  image(): OrdersImage {
    return { open: this.open.map((one) => ({ ...one })), nextToken: this.nextToken };
  }

  restore(image: OrdersImage): void {
    this.open = image.open.map((one) => ({ ...one }));
    this.nextToken = image.nextToken;
  }
}
