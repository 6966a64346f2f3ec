// Every replica that shows what its state machine holds shows what the committed log says (Raft, 5.4.3): records, outcomes,
// sessions and logical time, in answers, on the wire and in snapshots, are compared with an independent model folded over the
// log that the ledger found committed. And a need is only ever recorded by the group its bucket belongs to.

import type { Property, RunView, Watch } from '../io/sim/evidence.ts';
import type { Frame } from '../io/ports.ts';
import type { GroupId, NodeId } from '../kernel/base/ids.ts';
import type { Micros } from '../kernel/base/time.ts';
import type { Lookup, Outcome } from '../kernel/decide/command.ts';
import type { DecideRecord } from '../kernel/decide/record.ts';
import type { Answer } from '../kernel/effect.ts';
import type { RequestId } from '../kernel/event.ts';
import type { Entry } from '../kernel/raft/entry.ts';
import type { OpenReply, ReadReply, SessionRow, SubmitReply } from '../kernel/raft/message.ts';
import type { Snapshot } from '../kernel/raft/transfer.ts';
import type { ContentsReader, Stored } from './contents.ts';
import type { Ledger } from './ledger.ts';
import { same, type ModelOutcome, type ModelRecord } from './register-model.ts';
import type { Register, Registers, RegistersReader } from './registers.ts';
import { reconstructed, type Reconstruction } from './reconstruction.ts';
import type { WireReader } from './wire.ts';
import { Verdicts } from './verdict.ts';

class StateMachineSafety extends Verdicts implements RegistersReader, WireReader, ContentsReader {
  private readonly ledger: Ledger;
  private readonly registers: Registers;

  constructor(run: RunView, from: Reconstruction) {
    super('state-machine-safety', run);
    this.ledger = from.ledger;
    this.registers = from.registers;
    this.registers.read(this);
    from.wire.read(this);
    from.contents.read(this);
  }

  applied(group: GroupId, index: number, entry: Entry, outcome: ModelOutcome | undefined, now: Micros): void {
    const record = outcome?.record;
    if (record === undefined || this.registers.groupOf[record.proposal.bucket] === group) return;
    this.violated(now, [], `group ${group} recorded a need of bucket ${record.proposal.bucket}, which belongs to group ${this.registers.groupOf[record.proposal.bucket]}`, [
      `need ${record.proposal.need}, entry of term ${entry.term} at index ${index}`,
    ]);
  }

  replied(node: NodeId, _request: RequestId, answer: Answer, now: Micros): void {
    if (answer.kind !== 'decided' && answer.kind !== 'lost' && answer.kind !== 'found') return;
    const group = this.registers.groupOf[answer.record.proposal.bucket] as GroupId;
    const register = this.sound(group);
    if (register !== undefined) this.compare(register, group, answer.record, node, undefined, 'in an answer to a client', now);
  }

  answersDecide(frame: Frame, message: SubmitReply, now: Micros): void {
    const register = this.sound(message.group);
    if (register !== undefined) this.outcome(register, frame, message, now);
  }

  answersRead(frame: Frame, message: ReadReply, now: Micros): void {
    const register = this.sound(message.group);
    if (register !== undefined) this.looked(register, frame, message.lookup, now);
  }

  answersOpen(frame: Frame, message: OpenReply, now: Micros): void {
    const register = this.sound(message.group);
    if (register !== undefined) this.opened(register, frame, message, now);
  }

  stored(stored: Stored, now: Micros): void {
    const register = this.sound(stored.group);
    if (register !== undefined && stored.snapshot !== undefined) this.snapshot(register, stored, stored.snapshot, now);
  }

  /** Once the ledger has found a contradiction there is nothing left to compare with. */
  private sound(group: GroupId): Register | undefined {
    return this.ledger.group(group)?.sound === true ? this.registers.groups[group] : undefined;
  }

  private outcome(register: Register, frame: Frame, message: SubmitReply, now: Micros): void {
    const known = register.model.outcomeOf(message.session, message.sequence);
    if (known === undefined) return this.looked(register, frame, message.outcome, now);
    this.checks++;
    if (sameOutcome(message.outcome, known)) return;
    this.violated(now, [frame.from], `node ${frame.from} answers a command of group ${message.group} with "${message.outcome.kind}" where the committed log gives "${known.kind}", or with another record`, [
      `command ${message.sequence} of session ${message.session}`,
      `the node says: ${describeOutcome(message.outcome)}`,
      `the log says: ${describe(known.record, known.number)}`,
    ], frame.sequence);
  }

  private looked(register: Register, frame: Frame, outcome: Lookup | Outcome, now: Micros): void {
    if (outcome.kind === 'found' || outcome.kind === 'decided' || outcome.kind === 'lost') {
      const group = this.registers.groupOf[outcome.record.proposal.bucket] as GroupId;
      this.compare(register, group, outcome.record, frame.from, frame.sequence, 'on the wire', now);
    } else if (outcome.kind === 'tooOld' && outcome.lowWater > register.model.lowWater) {
      this.violated(now, [frame.from], `node ${frame.from} says epochs below ${outcome.lowWater} are forgotten; the committed log forgets those below ${register.model.lowWater}`, [], frame.sequence);
    }
  }

  private opened(register: Register, frame: Frame, message: OpenReply, now: Micros): void {
    const session = register.model.sessions.get(message.session);
    if (session === undefined || (session.opener === frame.to && session.nonce === message.nonce)) return;
    this.violated(now, [frame.from], `node ${frame.from} gives node ${frame.to} the session ${message.session}, which the committed log opened for node ${session.opener}`, [], frame.sequence);
  }

  private snapshot(register: Register, { node, group, sequence }: Stored, snapshot: Snapshot, now: Micros): void {
    const { index, machine, rows } = snapshot;
    const standing = register.standingAt(index);
    if (standing !== undefined) {
      this.checks++;
      const says = [machine.lamport, machine.epoch, machine.lowWater, machine.named, machine.records.length, rows.length];
      const knows = [standing.lamport, standing.epoch, standing.lowWater, standing.named, standing.records, standing.sessions];
      if (says.some((value, k) => value !== knows[k])) {
        return this.violated(now, [node], `node ${node} makes a snapshot at index ${index} of group ${group} that differs from the committed log`, [
          `(lamport, epoch, low water, latest epoch named, records, sessions): the snapshot has ${says.join(', ')}`,
          `the log has ${knows.join(', ')}`,
        ], sequence);
      }
    }
    for (const record of machine.records) this.compare(register, group, record, node, sequence, 'in a snapshot', now);
    for (const row of rows) this.row(register, { node, group, sequence, index }, row, now);
  }

  /** The model may be ahead of the snapshot, so only outcomes that both still hold are compared. */
  private row(register: Register, { node, group, sequence, index }: Omit<Stored, 'snapshot'> & { readonly index: number }, row: SessionRow, now: Micros): void {
    const session = register.model.sessions.get(row.session);
    if (session === undefined) return;
    for (const done of row.outcomes) {
      const known = session.outcomeOf(done.sequence);
      if (known === undefined || sameOutcome(done.outcome, known)) continue;
      return this.violated(now, [node], `node ${node} makes a snapshot at index ${index} of group ${group} in which a client's command has another outcome`, [
        `command ${done.sequence} of session ${row.session}`,
        `the snapshot says: ${describeOutcome(done.outcome)}`,
        `the log says: ${describe(known.record, known.number)}`,
      ], sequence);
    }
  }

  private compare(register: Register, group: GroupId, record: DecideRecord, node: NodeId, sequence: number | undefined, where: string, now: Micros): void {
    if (record.proposal.epoch < register.model.lowWater) return;
    this.checks++;
    if (register.model.holds(record)) return;
    this.violated(now, [node], `node ${node} shows a record of group ${group} ${where} that the committed log does not hold`, [
      `need ${record.proposal.need}`,
      `the node shows: ${describe(record, 0)}`,
      `the log holds: ${describe(register.model.records.get(record.proposal.need), 0)}`,
    ], sequence);
  }
}

function sameOutcome(outcome: Outcome, known: ModelOutcome): boolean {
  if (outcome.kind !== known.kind) return false;
  if (outcome.kind === 'decided' || outcome.kind === 'lost') return same(outcome.record, known.record);
  if (outcome.kind === 'tooOld') return outcome.lowWater === known.number;
  return outcome.kind === 'full' || outcome.epoch === known.number;
}

function describeOutcome(outcome: Outcome): string {
  if (outcome.kind === 'decided' || outcome.kind === 'lost') return `${outcome.kind}, ${describe(outcome.record, 0)}`;
  return outcome.kind === 'tooOld' ? `tooOld, below epoch ${outcome.lowWater}` : outcome.kind;
}

function describe(record: ModelRecord | undefined, number: number): string {
  if (record === undefined) return number === 0 ? 'nothing' : `epoch ${number}`;
  return `proposal "${record.proposal.proposal}" by node ${record.proposal.decider} at lamport ${record.lamport}`;
}

export const stateMachineSafety: Property = {
  id: 'state-machine-safety',
  claim: 'What any replica shows of its state is what the committed log says',
  kind: 'safety',
  scope: 'global',
  watch: (run: RunView): Watch => reconstructed(run, (from) => new StateMachineSafety(run, from)),
};
