// Plays a list of drawn moves against a cluster: deliveries in any order, losses, doubles, crashes that forget what was not
// durable, restarts, partitions, and clients that submit, retry and read. Every list is a legal run, so it shrinks freely.

import { nodeId, type NeedId, type NodeId, type ProposalId, type SessionId } from '../../base/ids.ts';
import { MS, SECOND } from '../../base/time.ts';
import { decideBody } from '../../decide/command.ts';
import { bucketOf, makeProposal } from '../../decide/record.ts';
import { DECIDE_DEFAULTS, type DecideParameters } from '../../parameters.ts';
import type { Body } from '../../machine.ts';
import { openRequest, readRequest, submit } from '../message.ts';
import { Cluster, GROUP, type Frame, type Member } from './cluster.ts';
import { Judge } from './judge.ts';

/** [what, which]: any two non-negative integers. */
export type Move = readonly [number, number];

/** Epochs advance through the log, and nothing is ever too old: the model remembers everything. */
const FOREVER: DecideParameters = { ...DECIDE_DEFAULTS, epochUs: 5 * SECOND, keepEpochs: 1_000_000 };
const NEEDS = 6;
const MAX_WIRE = 400;
const CALM = 24;

/** How often, in a thousand moves. `halt`: another clock stands still; nothing that is promised rests on clocks agreeing. */
interface Mood {
  readonly lose: number;
  readonly double: number;
  readonly crash: number;
  readonly restart: number;
  readonly cut: number;
  readonly halt: number;
  readonly reload: number;
  readonly compare: number;
  readonly fire: number;
  readonly client: number;
  readonly read: number;
}
type Kind = keyof Mood | 'deliver';
const CALM_SEAS: Mood = { lose: 10, double: 10, crash: 4, restart: 6, cut: 6, halt: 0, reload: 5, compare: 5, fire: 70, client: 150, read: 80 };
const KINDS = Object.keys(CALM_SEAS) as readonly (keyof Mood)[];
const MOODS: readonly Mood[] = [
  CALM_SEAS,
  { ...CALM_SEAS, crash: 30, restart: 60, cut: 20, halt: 10, fire: 200 },
  { ...CALM_SEAS, crash: 1, restart: 20, cut: 8, halt: 4, fire: 120 },
  { ...CALM_SEAS, crash: 0, restart: 20, cut: 15, halt: 10, fire: 200 },
  { ...CALM_SEAS, crash: 10, restart: 40, cut: 8, halt: 8, fire: 300 },
  { ...CALM_SEAS, crash: 0, restart: 40, cut: 5, fire: 300 },
  { ...CALM_SEAS, crash: 0, restart: 40, cut: 5, halt: 5, fire: 120 },
  { ...CALM_SEAS, crash: 60, restart: 120, cut: 0, halt: 10, fire: 150 },
  { ...CALM_SEAS, crash: 2, restart: 2, cut: 3, fire: 50 },
];

interface Client {
  readonly node: NodeId;
  session: SessionId;
  nonce: number;
  next: number;
  /** Not yet answered, by sequence. */
  readonly waiting: Map<number, Body>;
}

export class Chaos {
  readonly cluster: Cluster;
  readonly judge: Judge;
  private readonly clients: readonly Client[];
  /** The members that are apart from the rest, a bit each; 0: nobody is. */
  private apart = 0;
  private halted: Member | undefined;
  private readonly mood: Mood;
  private token = 1;
  private seenAnswers = 0;

  constructor(size: number, seed: number) {
    this.cluster = new Cluster(size, seed, undefined, FOREVER);
    this.judge = new Judge(this.cluster);
    this.mood = MOODS[seed % MOODS.length] as Mood;
    // Two gateways stand on members, two elsewhere; with as many rows in the table, whoever opens another session costs somebody his.
    this.clients = [1, 2, 8, 9].map((node) => ({ node: nodeId(node), session: 0 as SessionId, nonce: 1, next: 1, waiting: new Map<number, Body>() }));
  }

  play(moves: Iterable<Move>): void {
    for (const [what, which] of moves) this.move(what % 1_000, which);
  }

  /** Heals everything. Within ten maximum election timeouts a new command must be decided and all members be equal. */
  heal(): void {
    this.apart = 0;
    this.cluster.at = Math.max(...this.cluster.members.map((member) => member.at));
    for (const member of this.cluster.members) {
      if (!member.up) member.restart();
      else member.flush();
    }
    const client = this.clients[2] as Client;
    forgetSession(client);
    const before = this.cluster.answers.length;
    const decided = (): boolean => this.cluster.answers.slice(before).some((answer) => answer.to === client.node && answer.message.kind === 'submitted');
    for (let round = 0; round < 100; round++) {
      const leader = this.cluster.leader;
      if (leader !== undefined) this.submitTo(client, leader.self, round);
      this.cluster.run(100 * MS);
      this.hear();
    }
    // The last entry may be the leader's own, and still under way.
    for (let tries = 0; tries < 5 && !this.isLevel(); tries++) this.cluster.run(300 * MS);
    if (!decided()) throw new Error('liveness: nothing was decided within ten election timeouts after healing');
    this.judge.compare();
    if (!this.isLevel()) throw new Error(`liveness: members applied ${this.cluster.members.map((member) => member.raft.applied).join()} and stay apart`);
  }

  private isLevel(): boolean {
    return this.cluster.members.every((member) => member.raft.applied === this.judge.committed.length - 1);
  }

  private move(what: number, which: number): void {
    const cluster = this.cluster;
    // A network that is behind catches up before it gets more, most of the time.
    const behind = cluster.wire.length > CALM && which % 8 !== 0;
    switch (this.drawn(what)) {
      case 'lose':
        cluster.wire.splice(which % Math.max(1, cluster.wire.length), 1);
        break;
      case 'double':
        this.double(which);
        break;
      case 'crash':
        this.crash(which);
        break;
      case 'restart':
        this.restart(which);
        break;
      case 'cut':
        this.cut(which);
        break;
      case 'halt':
        this.halted = which % 4 !== 0 ? this.pick(which >> 2) : undefined;
        break;
      case 'reload':
        this.pick(which).reload();
        break;
      case 'compare':
        this.judge.compare();
        break;
      case 'fire':
        if (behind) this.deliver(which);
        else this.stepped(cluster.fire(this.halted), which);
        break;
      case 'client':
        if (behind) this.deliver(which);
        else this.client(which);
        break;
      case 'read':
        if (behind) this.deliver(which);
        else this.read(which);
        break;
      case 'deliver':
        this.deliver(which);
    }
    if (cluster.wire.length > MAX_WIRE) cluster.wire.splice(0, cluster.wire.length - MAX_WIRE);
    this.hear();
  }

  private drawn(what: number): Kind {
    let below = 0;
    for (const kind of KINDS) if (what < (below += this.mood[kind])) return kind;
    return 'deliver';
  }

  /** Mostly among the oldest frames, so that things get done. */
  private deliver(which: number): void {
    const wire = this.cluster.wire;
    if (this.cluster.calls.length > 0 && which % 4 === 0) return this.stepped(this.cluster.answerCall(), which >> 2);
    if (wire.length === 0) return this.stepped(this.cluster.fire(), which);
    const reach = which % 5 === 0 ? wire.length : Math.min(wire.length, 3);
    const place = (which >> 3) % reach;
    const frame = wire[place] as Frame;
    if (this.isCut(frame)) wire.splice(place, 1);
    else this.stepped(this.cluster.deliver(place), which >> 1);
  }

  /** Gateways on members share their fate; the others reach everybody. */
  private isCut(frame: Frame): boolean {
    const size = this.cluster.members.length;
    return frame.from <= size && frame.to <= size && ((this.apart >> frame.from) & 1) !== ((this.apart >> frame.to) & 1);
  }

  /** Three steps in four are durable at once. */
  private stepped(member: Member | undefined, which: number): void {
    if (member !== undefined && which % 4 !== 0) member.flush();
  }

  private double(which: number): void {
    const wire = this.cluster.wire;
    if (wire.length > 0) wire.push(wire[which % wire.length] as Frame);
  }

  private pick(which: number): Member {
    return this.cluster.members[which % this.cluster.members.length] as Member;
  }

  /** One member, often the leader, or any set of them is cut off; or the network is whole again. */
  private cut(which: number): void {
    if (which % 8 < 2) this.apart = 0;
    else if (which % 8 < 4) this.apart = 1 << this.pick(which >> 3).self;
    else if (which % 8 < 6) this.apart = 1 << (this.cluster.leader ?? this.pick(which >> 3)).self;
    else this.apart = which >> 3;
  }

  /** Mostly a majority stays up. */
  private crash(which: number): void {
    const down = this.cluster.members.filter((member) => !member.up).length;
    if (2 * (down + 1) < this.cluster.members.length || which % 8 === 0) this.pick(which >> 3).crash();
  }

  private restart(which: number): void {
    for (const member of this.cluster.members) {
      if (!member.up && which % 2 === 0) member.restart();
    }
  }

  private client(which: number): void {
    const client = this.clients[which % this.clients.length] as Client;
    const leader = this.cluster.leader;
    if (leader === undefined && which % 16 !== 0) return this.deliver(which);
    const to = leader !== undefined && which % 7 !== 0 ? leader.self : this.pick(which >> 4).self;
    this.submitTo(client, to, which >> 6);
  }

  private submitTo(client: Client, to: NodeId, which: number): void {
    if (which % 64 === 63) forgetSession(client);
    if (client.session === 0) return this.cluster.ask(client.node, to, openRequest(GROUP, client.nonce));
    const waiting = [...client.waiting.keys()];
    let sequence = waiting[which % 8];
    if (sequence === undefined) {
      sequence = client.next++;
      const need = this.need(which);
      const proposal = `p${client.node}-${client.session}-${sequence}` as ProposalId;
      client.waiting.set(sequence, decideBody(makeProposal(need, bucketOf(need), proposal, client.node, 1, 0)));
      waiting.push(sequence);
    }
    this.cluster.ask(client.node, to, submit(GROUP, client.session, sequence, Math.min(...waiting), client.waiting.get(sequence) as Body));
  }

  /** Needs move on with the log, so that there is always one that is being decided. */
  private need(which: number): NeedId {
    return `0/n${Math.floor(this.judge.committed.length / 4) + (which % NEEDS)}` as NeedId;
  }

  private read(which: number): void {
    const need = this.need(which);
    const token = this.token++;
    this.judge.needs.set(token, need);
    this.judge.reads(token);
    // Old leaders are asked as well: they must not answer.
    const leaders = this.cluster.members.filter((member) => member.up && member.raft.role === 'leader');
    this.cluster.ask(9, (leaders[which % (leaders.length + 1)] ?? this.pick(which >> 5)).self, readRequest(GROUP, token, need));
  }

  /** What clients learn from the answers that reached them. */
  private hear(): void {
    const answers = this.cluster.answers;
    for (; this.seenAnswers < answers.length; this.seenAnswers++) {
      const { to, message } = answers[this.seenAnswers] as (typeof answers)[number];
      const client = this.clients.find((known) => known.node === to);
      if (client === undefined) continue;
      if (message.kind === 'opened' && message.nonce === client.nonce && client.session === 0) client.session = message.session;
      if (message.kind === 'submitted' && message.session === client.session) client.waiting.delete(message.sequence);
      if (message.kind === 'redirect' && message.why === 'sessionExpired' && client.waiting.has(message.number)) forgetSession(client);
    }
  }
}

/** A new session needs a new nonce: the old one would find the old session. */
function forgetSession(client: Client): void {
  client.session = 0 as SessionId;
  client.nonce++;
  client.next = 1;
  client.waiting.clear();
}
