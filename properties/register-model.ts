// An independent model of what a group's log means: client sessions, logical time, epochs, and the register. It is folded
// over what the ledger finds committed, shares no code with the kernel's state machine, and is what replies, snapshots and
// facts are compared with.

import type { NeedId, NodeId } from '../kernel/base/ids.ts';
import type { Outcome } from '../kernel/decide/command.ts';
import type { DecideRecord, Proposal } from '../kernel/decide/record.ts';
import type { MachineImage } from '../kernel/machine.ts';
import type { DecideParameters } from '../kernel/parameters.ts';
import type { Command, Entry } from '../kernel/raft/entry.ts';
import type { SessionRow } from '../kernel/raft/message.ts';

/** How far a client may run ahead of the answers it has received: a power of two. */
const SESSION_WINDOW = 64;

export interface ModelRecord {
  readonly proposal: Proposal;
  readonly lamport: number;
}

/** `number` is the low-water mark of `tooOld`, the epoch of `tooNew` and `advanced`, else 0. */
export interface ModelOutcome {
  readonly kind: Outcome['kind'];
  readonly record: ModelRecord | undefined;
  readonly number: number;
}

/** A client's commands. At most a window of them is unanswered, so each has its own slot. */
export class Session {
  readonly opener: NodeId;
  readonly nonce: number;
  used: number;
  answered = 0;
  private readonly sequences: Float64Array = new Float64Array(SESSION_WINDOW).fill(-1);
  private readonly outcomes: (ModelOutcome | undefined)[] = new Array<ModelOutcome | undefined>(SESSION_WINDOW).fill(undefined);

  constructor(opener: NodeId, nonce: number, used: number) {
    this.opener = opener;
    this.nonce = nonce;
    this.used = used;
  }

  /** The outcome of a command, while its answer may still be asked for. */
  outcomeOf(sequence: number): ModelOutcome | undefined {
    const slot = sequence & (SESSION_WINDOW - 1);
    return sequence >= this.answered && this.sequences[slot] === sequence ? this.outcomes[slot] : undefined;
  }

  keep(sequence: number, outcome: ModelOutcome): void {
    const slot = sequence & (SESSION_WINDOW - 1);
    this.sequences[slot] = sequence;
    this.outcomes[slot] = outcome;
  }
}

export class RegisterModel {
  lamport = 0;
  epoch = 0;
  lowWater = 0;
  /** The latest epoch that any command named. */
  named = 0;
  readonly records: Map<NeedId, ModelRecord> = new Map();
  readonly sessions: Map<number, Session> = new Map();
  private readonly parameters: DecideParameters;
  private readonly maxSessions: number;

  constructor(parameters: DecideParameters, maxSessions: number) {
    this.parameters = parameters;
    this.maxSessions = maxSessions;
  }

  /** The state of a machine that had applied the log so far, as its member showed it before the run began. */
  goOnFrom(machine: MachineImage, rows: readonly SessionRow[]): void {
    this.lamport = machine.lamport;
    this.epoch = machine.epoch;
    this.lowWater = machine.lowWater;
    this.named = machine.named;
    for (const record of machine.records) this.records.set(record.proposal.need, record);
    for (const row of rows) {
      const session = new Session(row.opener, row.nonce, row.used);
      session.answered = row.answered;
      for (const { sequence, outcome } of row.outcomes) session.keep(sequence, outcomeOf(outcome));
      this.sessions.set(row.session, session);
    }
  }

  /** What the entry at `index` did; undefined if it did nothing to the register (among them retries already applied). */
  fold(index: number, entry: Entry): ModelOutcome | undefined {
    const command = entry.command;
    switch (command.kind) {
      case 'noop':
      case 'configure':
        return undefined;
      case 'open':
        this.open(index, command.opener, command.nonce);
        return undefined;
      case 'expire':
        for (const session of command.sessions) this.sessions.delete(session);
        return undefined;
      case 'apply':
        return this.once(index, command);
      case 'own':
        return command.body.kind === 'advance' ? this.advance(command.body.epoch) : this.decide(command.body.proposal);
    }
  }

  /** Whether a record that somebody shows is the one recorded here. */
  holds(record: DecideRecord): boolean {
    return same(record, this.records.get(record.proposal.need));
  }

  /** The outcome of a session's command, while its answer may still be asked for. */
  outcomeOf(session: number, sequence: number): ModelOutcome | undefined {
    return this.sessions.get(session)?.outcomeOf(sequence);
  }

  /** An open that is tried again finds the session it opened. */
  private open(index: number, opener: NodeId, nonce: number): void {
    for (const session of this.sessions.values()) {
      if (session.opener !== opener || session.nonce !== nonce) continue;
      session.used = index;
      return;
    }
    if (this.sessions.size >= this.maxSessions) this.sessions.delete(this.leastUsed());
    this.sessions.set(index, new Session(opener, nonce, index));
  }

  private leastUsed(): number {
    let least = 0;
    let used = Number.MAX_SAFE_INTEGER;
    for (const [id, session] of this.sessions) {
      if (session.used >= used) continue;
      least = id;
      used = session.used;
    }
    return least;
  }

  private once(index: number, command: Extract<Command, { kind: 'apply' }>): ModelOutcome | undefined {
    const session = this.sessions.get(command.session);
    if (session === undefined) return undefined;
    session.used = index;
    if (command.answered > session.answered) session.answered = command.answered;
    const sequence = command.sequence;
    if (sequence < session.answered || sequence >= session.answered + SESSION_WINDOW || session.outcomeOf(sequence) !== undefined) return undefined;
    const outcome = command.body.kind === 'advance' ? this.advance(command.body.epoch) : this.decide(command.body.proposal);
    session.keep(sequence, outcome);
    return outcome;
  }

  private decide(proposal: Proposal): ModelOutcome {
    this.lamport++;
    if (proposal.epoch > this.named) this.named = proposal.epoch;
    if (proposal.epoch < this.lowWater) return { kind: 'tooOld', record: undefined, number: this.lowWater };
    const first = this.records.get(proposal.need);
    if (first !== undefined) return { kind: first.proposal.proposal === proposal.proposal ? 'decided' : 'lost', record: first, number: 0 };
    if (proposal.epoch > this.epoch + this.parameters.maxAhead) return { kind: 'tooNew', record: undefined, number: this.epoch };
    if (this.records.size >= this.parameters.maxRecords) return { kind: 'full', record: undefined, number: 0 };
    const record: ModelRecord = { proposal, lamport: this.lamport };
    this.records.set(proposal.need, record);
    return { kind: 'decided', record, number: 0 };
  }

  private advance(epoch: number): ModelOutcome {
    if (epoch === this.epoch + 1) {
      this.epoch = epoch;
      const lowWater = epoch - this.parameters.keepEpochs;
      if (lowWater > this.lowWater) {
        this.lowWater = lowWater;
        for (const [need, record] of this.records) if (record.proposal.epoch < lowWater) this.records.delete(need);
      }
    }
    return { kind: 'advanced', record: undefined, number: this.epoch };
  }
}

function outcomeOf(outcome: Outcome): ModelOutcome {
  const number = outcome.kind === 'tooOld' ? outcome.lowWater : outcome.kind === 'tooNew' || outcome.kind === 'advanced' ? outcome.epoch : 0;
  return { kind: outcome.kind, record: outcome.kind === 'decided' || outcome.kind === 'lost' ? outcome.record : undefined, number };
}

export function same(record: DecideRecord, known: ModelRecord | undefined): boolean {
  return known !== undefined && record.lamport === known.lamport && (record.proposal === known.proposal || record.proposal.hash === known.proposal.hash);
}
