// One row for every need that may still matter, shared by the properties that follow needs: each has a field of its own in
// it, and a need that several of them meet at one moment is looked up once. Rows retire by epoch, with the registers.

import type { Micros } from '../kernel/base/time.ts';
import { needEpoch, type GroupId, type NeedId, type NodeId, type ProposalId } from '../kernel/base/ids.ts';
import type { Invocation } from '../io/sim/evidence.ts';
import type { DecideRecord, Proposal } from '../kernel/decide/record.ts';
import type { Entry } from '../kernel/raft/entry.ts';
import { NeedTable } from './need-table.ts';
import type { ModelOutcome } from './register-model.ts';
import type { Registers, RegistersReader } from './registers.ts';

export type Place = 'in an answer to a client' | 'on the wire' | 'in a snapshot' | 'in the committed log' | 'in the state of a node';

/** Of single decide: where a proposal was first shown as the decided one, and who competed. */
export interface Shown {
  proposal: ProposalId | undefined;
  place: Place;
  node: NodeId;
  at: Micros;
  /** The first proposal that a client sent, and whether another one competed with it. */
  sought: ProposalId | undefined;
  contested: boolean;
  /** Crashes and partitions that had ended when it was first asked for; -1 once the row has been counted. */
  troubles: number;
}

/** Of exactly once: how often a proposal was invoked and applied, and at which indices first and last. A chain per need. */
export interface Tally {
  readonly next: Tally | undefined;
  readonly proposal: ProposalId;
  invoked: number;
  applied: number;
  firstIndex: number;
  lastIndex: number;
}

/** Of durability: the record a client was told of, when, and by whom. */
export interface Acknowledged {
  readonly record: DecideRecord;
  readonly at: Micros;
  readonly node: NodeId;
  confirmed: boolean;
}

/** Of linearizability: a proposal of operations that may have happened, and how many propose it. A chain per need. */
export interface Sought {
  readonly next: Sought | undefined;
  readonly proposal: ProposalId;
  count: number;
}

/** Of linearizability: the value, where among all invocations and responses it was first named, and who may have written it. */
export interface Written {
  value: ProposalId | undefined;
  named: number;
  /** Operations that may have written the value before it was first named. */
  writers: number;
  sought: Sought | undefined;
}

/** Rivals are few, so what is kept of each proposal of a need is a chain: most have but one link. */
export interface NeedRow {
  readonly epoch: number;
  shown: Shown | undefined;
  tallies: Tally | undefined;
  acknowledged: Acknowledged | undefined;
  written: Written | undefined;
}

export class Needs implements RegistersReader {
  private readonly registers: Registers;
  private readonly table = new NeedTable<NeedRow>((epoch) => ({ epoch, shown: undefined, tallies: undefined, acknowledged: undefined, written: undefined }));
  private lastNeed: NeedId | undefined;
  private lastEpoch = 0;
  /** By slot: the operation that has it, and the row of its need. */
  private readonly asking: (Invocation | undefined)[] = [];
  private readonly rows: (NeedRow | undefined)[] = [];

  constructor(registers: Registers) {
    this.registers = registers;
    registers.read(this);
  }

  /**
   * Of the past of a run: records that were there before it, as if a client had been told of each; and proposals that were
   * under way, as if each had been invoked as often as it was found under way.
   */
  goOnFrom(records: readonly DecideRecord[], underWay: readonly Proposal[]): void {
    for (const record of records) {
      const { need, epoch, proposal, decider } = record.proposal;
      const row = this.row(need, epoch);
      if (row === undefined) continue;
      row.acknowledged = { record, at: 0, node: decider, confirmed: false };
      row.written = { value: proposal, named: 0, writers: 1, sought: { next: undefined, proposal, count: 1 } };
      row.tallies = { next: row.tallies, proposal, invoked: 1, applied: 1, firstIndex: 0, lastIndex: 0 };
    }
    for (const { need, epoch, proposal } of underWay) {
      const row = this.row(need, epoch);
      if (row === undefined) continue;
      let tally = row.tallies;
      while (tally !== undefined && tally.proposal !== proposal) tally = tally.next;
      if (tally !== undefined) tally.invoked++;
      else row.tallies = { next: row.tallies, proposal, invoked: 1, applied: 0, firstIndex: 0, lastIndex: 0 };
    }
  }

  /** The row of a need, made if missing; undefined if its epoch has retired. */
  row(need: NeedId, epoch: number): NeedRow | undefined {
    return this.table.row(need, epoch);
  }

  rowOf(need: NeedId): NeedRow | undefined {
    return this.table.row(need, this.epochOf(need));
  }

  /** The row of the need that an operation is about: looked up once, when the operation is invoked. */
  rowFor(invocation: Invocation): NeedRow | undefined {
    const slot = invocation.slot;
    if (this.asking[slot] !== invocation) {
      this.asking[slot] = invocation;
      this.rows[slot] = this.rowOf(invocation.operation.need);
    }
    const row = this.rows[slot];
    return row !== undefined && row.epoch >= this.table.floor ? row : undefined;
  }

  epochOf(need: NeedId): number {
    if (need !== this.lastNeed) {
      this.lastNeed = need;
      this.lastEpoch = needEpoch(need);
    }
    return this.lastEpoch;
  }

  /** A row outlives the forgetting of its need by one epoch: answers may still be under way. */
  applied(_group: GroupId, _index: number, _entry: Entry, outcome: ModelOutcome | undefined): void {
    if (outcome !== undefined && outcome.kind === 'advanced') this.table.retireBelow(this.registers.forgotten - 1);
  }
}
