// What a client was told is decided stays decided: every later read finds the record (or that its epoch is forgotten), and no
// later answer names another one. Decisive are acknowledged decides that somebody read again afterwards; the final round of
// reads, after everything has healed, makes sure that there are many.

import type { Invocation, Property, RunView, Watch } from '../io/sim/evidence.ts';
import type { Micros } from '../kernel/base/time.ts';
import type { Answer } from '../kernel/effect.ts';
import type { DecideRecord } from '../kernel/decide/record.ts';
import type { Acknowledged, Needs } from './needs.ts';
import { reconstructed, type Reconstruction } from './reconstruction.ts';
import { Verdicts } from './verdict.ts';

class Durability extends Verdicts {
  private readonly needs: Needs;

  constructor(run: RunView, from: Reconstruction) {
    super('durability', run);
    this.needs = from.needs;
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
    const row = this.needs.rowFor(invocation);
    if (row === undefined) return;
    const told = row.acknowledged;
    if (told === undefined) {
      if (kind === 'decided') row.acknowledged = { record, at: now, node: invocation.node, confirmed: false };
    } else if (record !== told.record && (record.hash !== told.record.hash || record.proposal.proposal !== told.record.proposal.proposal)) {
      this.gone(invocation, told, `another record (proposal "${record.proposal.proposal}" at lamport ${record.lamport})`, now);
    } else if (!told.confirmed && kind === 'found' && invocation.invokedAt >= told.at) {
      told.confirmed = true;
      this.checks++;
    }
  }

  private empty(invocation: Invocation, kind: string, now: Micros): void {
    const told = this.needs.rowFor(invocation)?.acknowledged;
    if (told !== undefined && invocation.invokedAt > told.at) this.gone(invocation, told, `"${kind}"`, now);
  }

  private gone(invocation: Invocation, told: Acknowledged, got: string, now: Micros): void {
    const { client, number, node, invokedAt, operation } = invocation;
    this.violated(now, [node, told.node], `an acknowledged decide is gone: a later ${operation.kind} got ${got}`, [
      `need ${operation.need}`,
      `at ${told.at} us node ${told.node} acknowledged proposal "${told.record.proposal.proposal}" at lamport ${told.record.lamport}`,
      `at ${invokedAt} us client ${client} asked node ${node} (its request ${number}); answered at ${now} us`,
    ]);
  }
}

export const durability: Property = {
  id: 'durability',
  claim: 'An acknowledged decide is found by every later read, until its epoch is forgotten',
  kind: 'safety',
  scope: 'global',
  watch: (run: RunView): Watch => reconstructed(run, (from) => new Durability(run, from)),
};
