// Judges a cluster from outside: what members hold once it is durable, and what gateways were told. The oracle for answers is
// a second, naive machine that replays the committed commands and remembers every sequence for ever.

import type { NeedId, NodeId } from '../../base/ids.ts';
import { makeEntry, noop, type Entry } from '../entry.ts';
import { Model, type Answer } from './model.ts';
import type { Cluster, Commit, Member } from './cluster.ts';

export class Judge {
  private readonly cluster: Cluster;
  /** By index, from 1: what some member durably knew to be committed. */
  readonly committed: Entry[] = [makeEntry(0, noop)];
  private readonly leaders: NodeId[] = [];
  private readonly model: Model = new Model();
  private readonly modelMax: number;
  private seenFacts = 0;
  private seenAnswers = 0;
  /** Needs whose decision a gateway was told, with what won, and when it was told (as a count of answers). */
  private readonly told = new Map<NeedId, string>();
  private readonly asked = new Map<number, ReadonlySet<NeedId>>();
  private readonly decidedFacts: Map<number, string>[] = [];
  /** Decisive evidence, so that a test can demand some. */
  readonly counts: Record<string, number> = { leaders: 0, commits: 0, submits: 0, reads: 0, snapshots: 0, expired: 0, compared: 0 };

  constructor(cluster: Cluster) {
    this.cluster = cluster;
    this.modelMax = cluster.parameters.maxSessions;
    cluster.flushed = (member, committed) => this.flushed(member, committed);
  }

  private flushed(member: Member, committed: readonly Commit[]): void {
    for (const { index, entry } of committed) {
      const known = this.committed[index];
      if (known !== undefined) {
        if (known.hash !== entry.hash || known.term !== entry.term) throw new Error(`state machine safety: node ${member.self} committed another entry at ${index}`);
        continue;
      }
      if (index !== this.committed.length) throw new Error(`node ${member.self} committed ${index} right after ${this.committed.length - 1}`);
      this.committed.push(entry);
      this.model.apply(index, entry.command, this.modelMax);
      this.bump('commits');
    }
    this.readFacts();
    this.readAnswers();
  }

  /** Reads issued now must see everything that gateways were told up to now. */
  reads(token: number): void {
    this.asked.set(token, new Set(this.told.keys()));
  }

  /** Compares every pair of logs (log matching), and every state that applied as much as the model. */
  compare(): void {
    const members = this.cluster.members;
    for (const a of members) for (const b of members) if (a.self < b.self) logsMatch(a, b);
    for (const member of members) {
      if (member.raft.applied !== this.committed.length - 1) continue;
      this.bump('compared');
      const found = member.image().machine.records.map((record) => `${record.proposal.need}=${record.proposal.proposal}`).join();
      const expected = [...this.model.winners].map(([need, proposal]) => `${need}=${proposal}`).join();
      if (found !== expected) throw new Error(`node ${member.self} decided ${found}, the model ${expected}`);
      const sessions = member.image().sessions.map((s) => s.row.session).join();
      if (sessions !== this.model.openSessions().join()) throw new Error(`node ${member.self} has sessions ${sessions}, the model ${this.model.openSessions().join()}`);
    }
  }

  private bump(what: string): void {
    this.counts[what] = (this.counts[what] ?? 0) + 1;
  }

  private readFacts(): void {
    const facts = this.cluster.facts;
    for (; this.seenFacts < facts.length; this.seenFacts++) {
      const { node, fact } = facts[this.seenFacts] as (typeof facts)[number];
      if (fact.kind === 'becameLeader') this.electionSafety(node, fact.term);
      if (fact.kind === 'snapshotInstalled') this.bump('snapshots');
      if (fact.kind === 'sessionExpired') this.bump('expired');
      if (fact.kind === 'decided') {
        const mine = (this.decidedFacts[node] ??= new Map<number, string>());
        const said = `${fact.need}=${fact.proposal}`;
        if ((mine.get(fact.index) ?? said) !== said) throw new Error(`node ${node} announced two decisions at ${fact.index}`);
        mine.set(fact.index, said);
        if (this.model.winnerAt.get(fact.index) !== said) throw new Error(`node ${node} announced ${said} at ${fact.index}; the model says ${this.model.winnerAt.get(fact.index)}`);
      }
    }
  }

  /** One leader a term (election safety), and it holds everything that was committed before (leader completeness). */
  private electionSafety(node: NodeId, term: number): void {
    this.bump('leaders');
    if ((this.leaders[term] ?? node) !== node) throw new Error(`election safety: ${this.leaders[term]} and ${node} lead in term ${term}`);
    this.leaders[term] = node;
    const raft = this.cluster.member(node).raft;
    for (let index = raft.firstIndex; index < this.committed.length; index++) {
      const known = this.committed[index] as Entry;
      if (known.term >= term) continue;
      if (index > raft.lastIndex || raft.entryAt(index).hash !== known.hash) throw new Error(`leader completeness: ${node} leads term ${term} without ${index}`);
    }
  }

  private readAnswers(): void {
    const answers = this.cluster.answers;
    for (; this.seenAnswers < answers.length; this.seenAnswers++) {
      const { message } = answers[this.seenAnswers] as (typeof answers)[number];
      if (message.kind === 'submitted') this.judgeOutcome(message);
      if (message.kind === 'readReply') this.judgeRead(message.token, message.lookup);
    }
  }

  private judgeOutcome(message: { readonly session: number; readonly sequence: number; readonly outcome: Answer }): void {
    this.bump('submits');
    const expected = this.model.outcomes.get(`${message.session}/${message.sequence}`);
    const outcome = message.outcome;
    const said = outcome.kind === 'decided' || outcome.kind === 'lost' ? `${outcome.kind} ${outcome.record.proposal.need}=${outcome.record.proposal.proposal}` : outcome.kind;
    if (said !== expected) throw new Error(`session ${message.session}, sequence ${message.sequence}: told ${said}, the model says ${expected}`);
    if (outcome.kind === 'decided' || outcome.kind === 'lost') this.told.set(outcome.record.proposal.need, outcome.record.proposal.proposal);
  }

  private judgeRead(token: number, lookup: Answer): void {
    this.bump('reads');
    const before = this.asked.get(token);
    if (before === undefined) throw new Error(`answer to read ${token}, which nobody asked`);
    const need = this.needs.get(token) as NeedId;
    if (lookup.kind === 'found') {
      if (this.model.winners.get(need) !== lookup.record.proposal.proposal) throw new Error(`read ${token} found what was never committed`);
      this.told.set(need, lookup.record.proposal.proposal);
    } else if (before.has(need)) throw new Error(`linearizability: read ${token} of ${need} says ${lookup.kind}, after somebody was told its decision`);
  }

  /** Which need a read asked for. */
  readonly needs: Map<number, NeedId> = new Map();
}

function logsMatch(a: Member, b: Member): void {
  const last = Math.min(a.raft.lastIndex, b.raft.lastIndex);
  let agrees = false;
  for (let index = last; index >= Math.max(a.raft.firstIndex, b.raft.firstIndex); index--) {
    const x = a.raft.entryAt(index);
    const y = b.raft.entryAt(index);
    if (agrees && x.hash !== y.hash) throw new Error(`log matching: ${a.self} and ${b.self} agree above ${index} and differ there`);
    if (x.term === y.term) {
      if (x.hash !== y.hash) throw new Error(`log matching: ${a.self} and ${b.self} have two entries at ${index} in term ${x.term}`);
      agrees = true;
    }
  }
}
