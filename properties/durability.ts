// What a client was told is decided stays decided: every later read finds the record (or that its epoch is forgotten), and no
// later answer names another one. Decisive are acknowledged decides that somebody read again afterwards; the final round of
// reads, after everything has healed, makes sure that there are many.

import type { Invocation, Property, RunView, Watch } from '../io/sim/evidence.ts';
import { needEpoch, type NodeId } from '../kernel/base/ids.ts';
import type { Micros } from '../kernel/base/time.ts';
import type { Answer } from '../kernel/effect.ts';
import type { DecideRecord } from '../kernel/decide/record.ts';
import { NeedTable } from './need-table.ts';
import { registersOf, type Registers } from './registers.ts';
import { Verdicts } from './verdict.ts';

interface Row {
  record: DecideRecord | undefined;
  /** When the client heard of it, and from whom. */
  at: Micros;
  node: NodeId;
  confirmed: boolean;
}

class Durability extends Verdicts {
  private readonly registers: Registers;
  private readonly needs = new NeedTable<Row>(() => ({ record: undefined, at: 0, node: 0 as NodeId, confirmed: false }));
  private acknowledged = 0;

  constructor(run: RunView) {
    super('durability', run);
    this.registers = registersOf(run);
  }

  returned(invocation: Invocation, answer: Answer, now: Micros): void {
    switch (answer.kind) {
      case 'decided':
      case 'lost':
      case 'found':
        return this.shown(invocation, answer.record, answer.kind, now);
      case 'none':
      case 'tooNew':
      case 'full':
        return this.empty(invocation, answer.kind, now);
      default:
        return;
    }
  }

  private shown(invocation: Invocation, record: DecideRecord, kind: 'decided' | 'lost' | 'found', now: Micros): void {
    const need = invocation.operation.need;
    const row = this.needs.row(need, needEpoch(need));
    if (row === undefined) return;
    if (row.record === undefined) {
      if (kind !== 'decided') return;
      row.record = record;
      row.at = now;
      row.node = invocation.node;
      if ((++this.acknowledged & 1023) === 0) this.needs.retireBelow(this.registers.forgotten - 1);
    } else if (record !== row.record && (record.hash !== row.record.hash || record.proposal.proposal !== row.record.proposal.proposal)) {
      this.gone(invocation, row, row.record, `another record (proposal "${record.proposal.proposal}" at lamport ${record.lamport})`, now);
    } else if (!row.confirmed && kind === 'found' && invocation.invokedAt >= row.at) {
      row.confirmed = true;
      this.checks++;
    }
  }

  private empty(invocation: Invocation, kind: string, now: Micros): void {
    const need = invocation.operation.need;
    const row = this.needs.find(need, needEpoch(need));
    if (row === undefined || row.record === undefined || invocation.invokedAt <= row.at) return;
    this.gone(invocation, row, row.record, `"${kind}"`, now);
  }

  private gone(invocation: Invocation, row: Row, record: DecideRecord, got: string, now: Micros): void {
    const { client, number, node, invokedAt, operation } = invocation;
    this.violated(now, [node, row.node], `an acknowledged decide is gone: a later ${operation.kind} got ${got}`, [
      `need ${operation.need}`,
      `at ${row.at} us node ${row.node} acknowledged proposal "${record.proposal.proposal}" at lamport ${record.lamport}`,
      `at ${invokedAt} us client ${client} asked node ${node} (its request ${number}); answered at ${now} us`,
    ]);
  }
}

export const durability: Property = {
  id: 'durability',
  claim: 'An acknowledged decide is found by every later read, until its epoch is forgotten',
  kind: 'safety',
  scope: 'global',
  watch: (run: RunView): Watch => new Durability(run),
};
