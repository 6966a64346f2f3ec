// The listeners of a run, sorted by what they listen to, once, so that an event costs a loop over those who want it and
// nothing for those who do not.

import type { Evidence } from './evidence.ts';

type Method = keyof Evidence;
/** An evidence sink that certainly implements one method. */
type With<M extends Method> = Evidence & Required<Pick<Evidence, M>>;

export class Listeners {
  readonly goesOnFrom: readonly With<'goesOnFrom'>[];
  readonly began: readonly With<'began'>[];
  readonly sent: readonly With<'sent'>[];
  readonly delivered: readonly With<'delivered'>[];
  readonly lost: readonly With<'lost'>[];
  readonly duplicated: readonly With<'duplicated'>[];
  readonly invoked: readonly With<'invoked'>[];
  readonly replied: readonly With<'replied'>[];
  readonly returned: readonly With<'returned'>[];
  readonly called: readonly With<'called'>[];
  readonly durable: readonly With<'durable'>[];
  readonly crashed: readonly With<'crashed'>[];
  readonly stopped: readonly With<'stopped'>[];
  readonly restarted: readonly With<'restarted'>[];
  readonly refolded: readonly With<'refolded'>[];
  readonly refused: readonly With<'refused'>[];
  readonly damaged: readonly With<'damaged'>[];
  readonly shadowed: readonly With<'shadowed'>[];
  readonly fact: readonly With<'fact'>[];
  readonly faultBegan: readonly With<'faultBegan'>[];
  readonly faultEnded: readonly With<'faultEnded'>[];
  readonly healed: readonly With<'healed'>[];
  readonly finished: readonly With<'finished'>[];

  constructor(all: readonly Evidence[]) {
    const wanting = <M extends Method>(method: M): readonly With<M>[] => all.filter((one): one is With<M> => one[method] !== undefined);
    this.goesOnFrom = wanting('goesOnFrom');
    this.began = wanting('began');
    this.sent = wanting('sent');
    this.delivered = wanting('delivered');
    this.lost = wanting('lost');
    this.duplicated = wanting('duplicated');
    this.invoked = wanting('invoked');
    this.replied = wanting('replied');
    this.returned = wanting('returned');
    this.called = wanting('called');
    this.durable = wanting('durable');
    this.crashed = wanting('crashed');
    this.stopped = wanting('stopped');
    this.restarted = wanting('restarted');
    this.refolded = wanting('refolded');
    this.refused = wanting('refused');
    this.damaged = wanting('damaged');
    this.shadowed = wanting('shadowed');
    this.fact = wanting('fact');
    this.faultBegan = wanting('faultBegan');
    this.faultEnded = wanting('faultEnded');
    this.healed = wanting('healed');
    this.finished = wanting('finished');
  }
}
