// The client side of the register, on every node: takes a client's request, finds the leader of the group, retries with the
// same session and sequence (so the command is applied at most once), and answers honestly. A decide that was sent and got no
// answer is `unknown`: it may have happened, or may still. One that never left is `refused`. Reads change nothing, so an
// unanswered one is refused. After a restart the gateway goes on with what it had open.

import { assert, unreachable } from '../base/assert.ts';
import { nodeId, sessionId, type GroupId, type NodeId, type SessionId } from '../base/ids.ts';
import { takeAt } from '../base/queues.ts';
import { NEVER, type Micros } from '../base/time.ts';
import type { Context } from '../context.ts';
import type { Operation, RequestId } from '../event.ts';
import type { DecideParameters, GroupParameters } from '../parameters.ts';
import { MAX_OUTCOMES_PER_ROW, openRequest, readRequest, submit, type AnswerMessage, type ClientMessage, type OpenReply, type OrderReply, type ReadReply, type Redirect, type SubmitReply } from '../raft/message.ts';
import { decideBody, type Body, type Lookup, type Outcome } from './command.ts';
import { makeProposal } from './record.ts';

const NO_SESSION: SessionId = sessionId(0);
const NOBODY: NodeId = nodeId(0);
/** How often in a row a request follows a redirect at once; then it waits for its retry, so that two confused members cannot make it fly in circles. */
const MAX_HOPS = 3;
/** More than a node asks for in one life. */
const TOKENS_PER_INCARNATION = 1 << 16;
/** Calls that are due within a fraction of the retry time are seen to together. */
const LOOKS_PER_RETRY = 4;

/** A request the gateway has taken on. `number` is its sequence in the session (a decide) or its token (a get). */
export interface OpenCall {
  readonly request: RequestId;
  readonly operation: Operation;
  /** What a decide submits: fixed when the request came, the same in every retry. */
  readonly body: Body | undefined;
  readonly since: Micros;
  number: number;
  /** Where it was sent last; 0: it has not left yet. */
  to: NodeId;
  hops: number;
  nextTry: Micros;
}

/** What the gateway knows of one group. */
export interface Lane {
  readonly group: GroupId;
  leader: NodeId;
  /** Its members by the latest configuration it was told of. */
  configured: number;
  members: readonly NodeId[];
  /** How many guesses in a row were wrong. */
  guesses: number;
  session: SessionId;
  /** Set while an open request is under way. */
  nonce: number;
  nextOpen: Micros;
  nextSequence: number;
  /** When the session was last known to be used. */
  usedAt: Micros;
  /** When a member last did what was asked of it. */
  heardAt: Micros;
  /** Nobody did for so long that only the oldest decide and the oldest read ask on; the rest follow once somebody does. */
  silent: boolean;
  /** Decides with a sequence, in its order; then those that wait for a session or for room in its window; and reads. */
  readonly submitted: OpenCall[];
  readonly waiting: OpenCall[];
  readonly reads: OpenCall[];
}

export interface GatewayImage {
  readonly lanes: readonly Lane[];
  readonly nextToken: number;
  readonly open: number;
  readonly armed: boolean;
}

export class Gateway {
  private readonly self: NodeId;
  private readonly parameters: DecideParameters;
  private readonly slot: number;
  /** A session that was idle for so long may have expired: with nothing under way, a new one costs a round trip and no doubt. */
  private readonly staleUs: Micros;
  /** By bucket. */
  private readonly groupOf: readonly GroupId[];
  private readonly nodes: number;
  private lanes: readonly Lane[];
  /** The same lanes by group id. */
  private laneOf: readonly (Lane | undefined)[];
  private nextToken = 1;
  private open = 0;
  private armed = false;

  constructor(
    self: NodeId, nodes: number, groups: readonly GroupParameters[], owners: readonly GroupId[], parameters: DecideParameters, sessionIdleUs: Micros, slot: number,
  ) {
    this.self = self;
    this.parameters = parameters;
    this.staleUs = Math.floor(sessionIdleUs / 2);
    this.slot = slot;
    this.groupOf = owners;
    this.nodes = nodes;
    this.lanes = groups.map((group) => ({
      group: group.id, leader: firstGuess(group, self), configured: 0, members: group.voters, guesses: 0,
      session: NO_SESSION, nonce: 0, nextOpen: 0, nextSequence: 1, usedAt: 0, heardAt: 0, silent: false, submitted: [], waiting: [], reads: [],
    }));
    this.laneOf = byGroup(this.lanes);
  }

  /** Nothing that was under way before the crash is: send it all again, with the same session and sequence. */
  recovered(ctx: Context): void {
    this.armed = false;
    for (const lane of this.lanes) {
      lane.nonce = 0;
      lane.silent = lane.submitted.length + lane.reads.length > 0;
      lane.heardAt = ctx.at;
      for (const call of [...lane.submitted, ...lane.waiting, ...lane.reads]) call.nextTry = ctx.at;
    }
    if (this.open > 0) this.arm(ctx, ctx.at);
  }

  request(ctx: Context, request: RequestId, operation: Operation): void {
    const lane = this.laneOf[this.groupOf[operation.bucket] as GroupId] as Lane;
    if (this.isFullFor(lane)) return ctx.reply(request, { kind: 'refused', why: 'overloaded' });
    const body = operation.kind === 'decide' ? decideBody(makeProposal(operation.need, operation.bucket, operation.proposal, this.self, operation.kPlan, ctx.wall)) : undefined;
    const call: OpenCall = { request, operation, body, since: ctx.at, number: 0, to: NOBODY, hops: 0, nextTry: ctx.at + this.parameters.retryUs };
    this.open++;
    if (body === undefined) {
      call.number = this.nextToken++;
      lane.reads.push(call);
      if (!lane.silent || lane.reads.length === 1) this.transmit(ctx, lane, call);
    } else {
      lane.waiting.push(call);
      this.admit(ctx, lane);
    }
    this.arm(ctx, call.nextTry);
  }

  takesOn(bucket: number): boolean {
    return !this.isFullFor(this.laneOf[this.groupOf[bucket] as GroupId] as Lane);
  }

  /** A group that does not answer may hold half of what may be open, so that the others are still served. */
  private isFullFor(lane: Lane): boolean {
    return this.open >= this.parameters.maxOpen || (this.lanes.length > 1 && 2 * (lane.submitted.length + lane.waiting.length + lane.reads.length) >= this.parameters.maxOpen);
  }

  answered(ctx: Context, from: NodeId, message: Exclude<AnswerMessage, OrderReply>): void {
    const lane = this.laneOf[message.group];
    if (lane === undefined || from < 1 || from > this.nodes) return;
    if (message.kind !== 'redirect' && from !== lane.leader && !lane.members.includes(from)) return;
    switch (message.kind) {
      case 'submitted':
        return this.submitted(ctx, lane, from, message);
      case 'readReply':
        return this.looked(ctx, lane, from, message);
      case 'opened':
        return this.opened(ctx, lane, from, message);
      case 'redirect':
        this.learned(lane, message);
        return this.redirected(ctx, lane, message);
      default:
        return unreachable(message);
    }
  }

  /** Retries what is due, gives up on what is too old, and arms the next look. */
  due(ctx: Context): void {
    this.armed = false;
    let next = NEVER;
    for (const lane of this.lanes) {
      this.giveUp(ctx, lane);
      this.admit(ctx, lane);
      this.retry(ctx, lane);
      next = Math.min(next, earliest(lane.submitted, lane.silent), earliest(lane.reads, lane.silent));
      if (lane.waiting.length > 0 && lane.session === NO_SESSION && lane.nextOpen < next) next = lane.nextOpen;
    }
    const { retryUs } = this.parameters;
    if (this.open > 0) this.arm(ctx, ctx.at + Math.min(Math.max(next - ctx.at, Math.ceil(retryUs / LOOKS_PER_RETRY)), retryUs));
  }

  /** A member that did nothing for anybody since it was asked is turned away from, once: the others may have asked elsewhere. */
  private retry(ctx: Context, lane: Lane): void {
    const { retryUs } = this.parameters;
    let turned = false;
    for (const calls of [lane.submitted, lane.reads]) for (const call of calls) {
      if (call.nextTry <= ctx.at) {
        if (!turned && call.to === lane.leader && lane.heardAt <= call.nextTry - retryUs) {
          this.guessAgain(lane);
          lane.silent = true;
          turned = true;
        }
        call.hops = 0;
        call.nextTry = ctx.at + this.parameters.retryUs;
        this.transmit(ctx, lane, call);
      }
      if (lane.silent) break;
    }
  }

  /** A member did what was asked of it: whatever waited for that is sent. */
  private heard(ctx: Context, lane: Lane, from: NodeId): void {
    lane.leader = from;
    lane.guesses = 0;
    lane.heardAt = ctx.at;
    if (!lane.silent) return;
    lane.silent = false;
    for (const calls of [lane.submitted, lane.reads]) for (const call of calls) {
      call.hops = 0;
      call.nextTry = ctx.at + this.parameters.retryUs;
      this.transmit(ctx, lane, call);
    }
  }

  image(): GatewayImage {
    return { lanes: this.lanes.map(copyLane), nextToken: this.nextToken, open: this.open, armed: this.armed };
  }

  restore(image: GatewayImage): void {
    assert(image.lanes.length === this.lanes.length, 'a lane for every group');
    this.lanes = image.lanes.map(copyLane);
    this.laneOf = byGroup(this.lanes);
    this.nextToken = image.nextToken;
    this.open = image.open;
    this.armed = image.armed;
  }

  /** Gives waiting decides their sequence and sends them, as far as session and window allow; asks for a session if there is none. */
  private admit(ctx: Context, lane: Lane): void {
    if (lane.waiting.length === 0) return;
    if (lane.submitted.length === 0 && ctx.at - lane.usedAt > this.staleUs) lane.session = NO_SESSION;
    if (lane.session === NO_SESSION) return this.openSession(ctx, lane);
    if (lane.silent && lane.submitted.length > 0) return;
    while (lane.waiting.length > 0 && lane.nextSequence - this.lowest(lane) < MAX_OUTCOMES_PER_ROW) {
      const call = takeAt(lane.waiting, 0);
      call.number = lane.nextSequence++;
      call.nextTry = ctx.at + this.parameters.retryUs;
      lane.submitted.push(call);
      this.transmit(ctx, lane, call);
    }
  }

  private openSession(ctx: Context, lane: Lane): void {
    if (lane.nextOpen > ctx.at && lane.nonce !== 0) return;
    if (lane.nonce !== 0) this.guessAgain(lane);
    lane.nonce = this.nextToken++;
    lane.nextOpen = ctx.at + this.parameters.retryUs;
    this.ask(ctx, lane, openRequest(lane.group, lane.nonce));
  }

  /** The lowest sequence whose answer is still wanted. */
  private lowest(lane: Lane): number {
    return lane.submitted.length > 0 ? (lane.submitted[0] as OpenCall).number : lane.nextSequence;
  }

  private transmit(ctx: Context, lane: Lane, call: OpenCall): void {
    call.to = lane.leader;
    if (call.body === undefined) this.ask(ctx, lane, readRequest(lane.group, call.number, call.operation.need));
    else this.ask(ctx, lane, submit(lane.group, lane.session, call.number, this.lowest(lane), call.body));
  }

  private ask(ctx: Context, lane: Lane, message: ClientMessage): void {
    if (lane.leader === this.self) ctx.signal({ kind: 'ask', message });
    else ctx.send(lane.leader, message);
  }

  private submitted(ctx: Context, lane: Lane, from: NodeId, message: SubmitReply): void {
    if (message.session !== lane.session) return;
    const call = takeByNumber(lane.submitted, message.sequence, message.outcome);
    if (call === undefined) return;
    lane.usedAt = ctx.at;
    this.heard(ctx, lane, from);
    this.finish(ctx, call, message.outcome);
    this.admit(ctx, lane);
  }

  private looked(ctx: Context, lane: Lane, from: NodeId, message: ReadReply): void {
    const call = takeByNumber(lane.reads, message.token, message.lookup);
    if (call === undefined) return;
    this.heard(ctx, lane, from);
    this.finish(ctx, call, message.lookup);
  }

  private opened(ctx: Context, lane: Lane, from: NodeId, message: OpenReply): void {
    if (lane.nonce === 0 || message.nonce !== lane.nonce) return;
    lane.nonce = 0;
    lane.session = message.session;
    lane.nextSequence = 1;
    lane.usedAt = ctx.at;
    this.heard(ctx, lane, from);
    this.admit(ctx, lane);
  }

  private redirected(ctx: Context, lane: Lane, message: Redirect): void {
    if (message.why === 'sessionExpired' && message.answers === 'submit') return this.expired(ctx, lane, message.number);
    if (message.why !== 'notLeader' || message.leader === 0 || message.leader === lane.leader) return;
    if (message.leader > this.nodes) return;
    if (message.answers === 'open') {
      if (message.number !== lane.nonce || lane.nonce === 0) return;
      lane.leader = message.leader;
      return this.ask(ctx, lane, openRequest(lane.group, lane.nonce));
    }
    const calls = message.answers === 'submit' ? lane.submitted : lane.reads;
    const call = calls.find((open) => open.number === message.number);
    if (call === undefined || call.hops >= MAX_HOPS) return;
    call.hops++;
    lane.leader = message.leader;
    this.transmit(ctx, lane, call);
  }

  /** The session is gone, and with it the proof that a retry is not a second application: what was sent is unknown. */
  private expired(ctx: Context, lane: Lane, sequence: number): void {
    if (!lane.submitted.some((call) => call.number === sequence)) return;
    const lost = lane.submitted.splice(0);
    lane.session = NO_SESSION;
    lane.nonce = 0;
    for (const call of lost) this.finish(ctx, call, { kind: 'unknown', why: 'sessionExpired' });
    this.admit(ctx, lane);
  }

  private giveUp(ctx: Context, lane: Lane): void {
    const last = ctx.at - this.parameters.giveUpUs;
    const tooOld = (call: OpenCall): boolean => call.since <= last;
    for (const calls of [lane.submitted, lane.waiting, lane.reads]) {
      if (!isAnyUpTo(last, calls)) continue;
      const kept = calls.filter((call) => !tooOld(call));
      const given = calls.filter(tooOld);
      calls.splice(0, calls.length, ...kept);
      for (const call of given) {
        const uncertain = call.to !== NOBODY && call.body !== undefined;
        this.finish(ctx, call, uncertain ? { kind: 'unknown', why: 'timeout' } : { kind: 'refused', why: 'unreachable' });
      }
    }
  }

  private finish(ctx: Context, call: OpenCall, answer: Parameters<Context['reply']>[1]): void {
    this.open--;
    assert(this.open >= 0, 'no request is answered twice');
    ctx.reply(call.request, answer);
  }

  private guessAgain(lane: Lane): void {
    lane.guesses++;
    // All that it knows of may have left the group: then any node can tell who came after them.
    if (lane.guesses % (lane.members.length + 1) === 0) lane.leader = nodeId(1 + ((this.self + lane.guesses) % this.nodes));
    else lane.leader = lane.members[(lane.members.indexOf(lane.leader) + 1) % lane.members.length] as NodeId;
  }

  /** Who is not the leader says who the members are: the latest configuration counts. */
  private learned(lane: Lane, message: Redirect): void {
    const members = message.members.filter((node) => node <= this.nodes);
    if (message.configured <= lane.configured || members.length === 0) return;
    lane.configured = message.configured;
    lane.members = members;
  }

  leaderOf(group: GroupId): NodeId | undefined {
    return this.laneOf[group]?.leader;
  }

  turnAway(group: GroupId, from: NodeId): void {
    const lane = this.laneOf[group];
    if (lane !== undefined && lane.leader === from) this.guessAgain(lane);
  }

  /** A redirect that answers an order. */
  routed(message: Redirect): void {
    const lane = this.laneOf[message.group];
    if (lane === undefined) return;
    this.learned(lane, message);
    if (message.why === 'notLeader' && message.leader !== 0 && message.leader <= this.nodes) lane.leader = message.leader;
  }

  /**
   * This node forgot what it had asked for. Its sessions are gone, and its new tokens must never meet those of the life before:
   * the session that an old one opened would answer for commands of another life.
   */
  reborn(ctx: Context, incarnation: number): void {
    this.nextToken = Math.max(this.nextToken, incarnation * TOKENS_PER_INCARNATION);
    for (const lane of this.lanes) {
      // What waits here may have been asked for, and done, in what it forgot.
      for (const calls of [lane.submitted, lane.waiting]) for (const call of calls.splice(0)) this.finish(ctx, call, { kind: 'unknown', why: 'sessionExpired' });
      lane.session = NO_SESSION;
      lane.nonce = 0;
    }
  }

  /** One deadline serves all: it is armed for the earliest need when none is, and looks for itself when it fires. */
  private arm(ctx: Context, due: Micros): void {
    if (this.armed) return;
    this.armed = true;
    ctx.deadline(this.slot, due);
  }
}

/** When the first of these calls asks again; of a silent lane only the oldest does. */
function earliest(calls: readonly OpenCall[], silent: boolean): Micros {
  let next = NEVER;
  for (const call of calls) {
    if (call.nextTry < next) next = call.nextTry;
    if (silent) break;
  }
  return next;
}

function isAnyUpTo(last: Micros, calls: readonly OpenCall[]): boolean {
  for (const call of calls) if (call.since <= last) return true;
  return false;
}

const copyCall = (call: OpenCall): OpenCall => ({ ...call });
const copyLane = (lane: Lane): Lane => ({ ...lane, submitted: lane.submitted.map(copyCall), waiting: lane.waiting.map(copyCall), reads: lane.reads.map(copyCall) });

function byGroup(lanes: readonly Lane[]): readonly (Lane | undefined)[] {
  const out: (Lane | undefined)[] = [];
  for (const lane of lanes) out[lane.group] = lane;
  return out;
}

function firstGuess(group: GroupParameters, self: NodeId): NodeId {
  return group.voters.includes(self) ? self : (group.voters[self % group.voters.length] as NodeId);
}

/** Takes out the call that an answer is for. One that does not fit its question is not given to the client, whoever sent it. */
function takeByNumber(calls: OpenCall[], number: number, answer: Outcome | Lookup): OpenCall | undefined {
  for (let place = 0; place < calls.length; place++) {
    const call = calls[place] as OpenCall;
    if (call.number === number) return fits(call.operation, answer) ? takeAt(calls, place) : undefined;
  }
  return undefined;
}

function fits(operation: Operation, answer: Outcome | Lookup): boolean {
  switch (answer.kind) {
    case 'decided':
      return operation.kind === 'decide' && answer.record.proposal.need === operation.need && answer.record.proposal.proposal === operation.proposal;
    case 'lost':
      return operation.kind === 'decide' && answer.record.proposal.need === operation.need && answer.record.proposal.proposal !== operation.proposal;
    case 'found':
      return operation.kind === 'get' && answer.record.proposal.need === operation.need;
    case 'none':
      return operation.kind === 'get';
    case 'tooNew':
    case 'full':
      return operation.kind === 'decide';
    case 'tooOld':
      return true;
    case 'advanced':
      return false;
  }
}
