// A stage for hand-made evidence: a run of three voters and two groups, and short ways to write down what crossed a port.

import type { Evidence, Invocation, Judgement, Property, RunView, Violation, Watch } from '../../io/sim/evidence.ts';
import type { Frame } from '../../io/ports.ts';
import { groupId, nodeId, sessionId, type GroupId, type NeedId, type NodeId, type ProposalId } from '../../kernel/base/ids.ts';
import type { Micros } from '../../kernel/base/time.ts';
import { decideBody, type Body } from '../../kernel/decide/command.ts';
import { bucketOf, makeProposal, makeRecord, type DecideRecord, type Proposal } from '../../kernel/decide/record.ts';
import type { Answer } from '../../kernel/effect.ts';
import type { Cause, Event, Operation } from '../../kernel/event.ts';
import { hello } from '../../kernel/hello.ts';
import type { Message } from '../../kernel/message.ts';
import { DECIDE_DEFAULTS, RAFT_DEFAULTS, SWARM_DEFAULTS, type Parameters } from '../../kernel/parameters.ts';
import { applyCommand, makeEntry, noop, openSession, type Entry } from '../../kernel/raft/entry.ts';
import { append, appendReply, voteReply, voteRequest } from '../../kernel/raft/message.ts';

export const N1: NodeId = nodeId(1);
export const N2: NodeId = nodeId(2);
export const N3: NodeId = nodeId(3);
export const G0: GroupId = groupId(0);

const PARAMETERS: Parameters = {
  network: 'stage', nodes: 3, groups: [{ id: groupId(0), voters: [N1, N2, N3] }], raft: RAFT_DEFAULTS, decide: DECIDE_DEFAULTS, swarm: SWARM_DEFAULTS, gpuPollUs: 0, followsParent: false, planSyncUs: 0,
};

export const need = (name: string, epoch = 0): NeedId => `${epoch}/${name}` as NeedId;
export const proposalOf = (name: string, id: string, decider: NodeId = N1, epoch = 0): Proposal =>
  makeProposal(need(name, epoch), bucketOf(need(name, epoch)), id as ProposalId, decider, 1, 0);
export const recordOf = (name: string, id: string, lamport = 1, decider: NodeId = N1): DecideRecord => makeRecord(proposalOf(name, id, decider), lamport);
export const bodyOf = (name: string, id: string, decider: NodeId = N1): Body => decideBody(proposalOf(name, id, decider));

/** Entries of a log: a leader's first, a session, and a decide under it. */
export const first = (term: number): Entry => makeEntry(term, noop);
export const opens = (term: number, opener: NodeId = N1, nonce = 1): Entry => makeEntry(term, openSession(opener, nonce));
export const decides = (term: number, session: number, sequence: number, body: Body, answered = 0): Entry => makeEntry(term, applyCommand(sessionId(session), sequence, answered, body));

export class Stage {
  readonly violations: Violation[] = [];
  readonly run: RunView;
  readonly watch: Watch;
  private now: Micros = 1_000;
  private readonly sequences = [0, 0, 0, 0];
  private requests = 0;
  private readonly sinks: readonly Evidence[];

  constructor(property: Property, beside: readonly Property[] = [], parameters: Parameters = PARAMETERS) {
    const heardFirst: Evidence[] = [];
    this.run = {
      seed: 1, scenario: 'stage', parameters, livenessBoundUs: 10 * parameters.raft.electionMaxUs,
      listen: (evidence: Evidence): void => void heardFirst.push(evidence),
      violated: (id: string, violation: Violation): void => {
        if (id === property.id) this.violations.push(violation);
      },
    };
    this.watch = property.watch(this.run);
    const others = beside.map((other) => other.watch(this.run));
    this.sinks = [...heardFirst, this.watch, ...others];
  }

  get judgement(): Judgement {
    return this.watch.judge();
  }

  get time(): Micros {
    return this.now;
  }

  wait(us: Micros): this {
    this.now += us;
    return this;
  }

  /** Shows evidence to every watch on the stage. */
  show(tell: (sink: Evidence) => void): this {
    this.now++;
    for (const sink of this.sinks) tell(sink);
    return this;
  }

  /** What a node journals next is durable at once; its stamp is the world's time. */
  durable(node: NodeId, cause: Cause = { kind: 'deadline' }, at: Micros = this.now, digest = 0): this {
    const sequence = (this.sequences[node] as number) + 1;
    this.sequences[node] = sequence;
    const event: Event = { sequence, at, wall: 0, cause };
    const batch = [event];
    return this.show((sink) => sink.durable?.(node, batch, digest, digest, this.now));
  }

  /** An old copy of a node's data is put back; `witness` had heard more from it than the copy holds. */
  putBack(node: NodeId, witness?: NodeId): this {
    if (witness !== undefined) this.durable(witness, { kind: 'message', from: node, incarnation: 1, sent: 50, message: hello(1, 7, 50, '', false, false, 0) });
    this.show((sink) => sink.damaged?.(node, this.now, false));
    return this.durable(node, { kind: 'recovered', incarnation: 2, tag: 8, reborn: false });
  }

  sequence(node: NodeId): number {
    return this.sequences[node] as number;
  }

  /** From the last durable place of its sender, unless another is named. */
  send(from: NodeId, to: NodeId, message: Message, sequence: number = this.sequence(from), incarnation = 1, clock: Micros = this.now): this {
    const frame: Frame = { from, to, incarnation, sequence, index: 0, message };
    return this.show((sink) => sink.sent?.(frame, this.now, clock));
  }

  invoke(node: NodeId, operation: Operation, client = 1): Invocation {
    const invocation: Invocation = { client, number: ++this.requests, slot: this.requests, node, operation, invokedAt: ++this.now, final: false };
    this.show((sink) => sink.invoked?.(invocation));
    return invocation;
  }

  decide(name: string, id: string, node: NodeId = N1): Invocation {
    return this.invoke(node, { kind: 'decide', need: need(name), bucket: bucketOf(need(name)), proposal: id as ProposalId, kPlan: 1 });
  }

  get(name: string, node: NodeId = N1): Invocation {
    return this.invoke(node, { kind: 'get', need: need(name), bucket: bucketOf(need(name)) });
  }

  /** The answer leaves the node and reaches the client, after a while. */
  answer(invocation: Invocation, answer: Answer, afterUs: Micros = 0): this {
    const request = { client: invocation.client, number: invocation.number };
    this.wait(afterUs);
    this.show((sink) => sink.replied?.(invocation.node, request, answer, this.now));
    return this.show((sink) => sink.returned?.(invocation, answer, this.now));
  }

  /** A node asks for votes in a term and gets those of others. */
  elect(leader: NodeId, term: number, voters: readonly NodeId[]): this {
    for (const voter of [N1, N2, N3]) if (voter !== leader) this.send(leader, voter, voteRequest(G0, false, term, 0, 0));
    for (const voter of voters) this.send(voter, leader, voteReply(G0, false, term, true));
    return this;
  }

  append(leader: NodeId, to: NodeId, term: number, prevIndex: number, prevTerm: number, entries: readonly Entry[], commit = 0): this {
    return this.send(leader, to, append(G0, term, prevIndex, prevTerm, entries, commit, 0));
  }

  acknowledge(from: NodeId, leader: NodeId, term: number, match: number, incarnation = 1): this {
    const message = appendReply(G0, term, true, match, 0);
    this.send(from, leader, message, this.sequence(from), incarnation);
    return this.durable(leader, { kind: 'message', from, incarnation, sent: this.sequence(from), message });
  }

  /** Node 1 leads term 1 and commits these after its first entry, through node 2. */
  commit(...entries: readonly Entry[]): this {
    this.elect(N1, 1, [N2]);
    this.append(N1, N2, 1, 0, 0, [first(1), ...entries]);
    return this.acknowledge(N2, N1, 1, 1 + entries.length);
  }
}
