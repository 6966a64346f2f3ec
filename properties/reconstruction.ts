// What the evidence of a run adds up to, worked out once for all properties that judge by it: the frames by what they carry,
// the journals as far as they are durable, who may count on whom, elections, the committed logs, and the registers they mean. Whichever property is watched
// first carries it, so it hears everything before anybody judges, in any selection and order of properties.

import type { Evidence, Invocation, RunView, Watch } from '../io/sim/evidence.ts';
import type { NodeId } from '../kernel/base/ids.ts';
import type { Micros } from '../kernel/base/time.ts';
import type { Event } from '../kernel/event.ts';
import { Damage } from './damage.ts';
import { Elections } from './elections.ts';
import { Journals } from './journals.ts';
import { Ledger } from './ledger.ts';
import { Needs } from './needs.ts';
import { Registers } from './registers.ts';
import { Wire } from './wire.ts';

export class Reconstruction {
  readonly journals: Journals;
  readonly damage: Damage;
  readonly elections: Elections;
  readonly ledger: Ledger;
  readonly wire: Wire;
  readonly registers: Registers;
  readonly needs: Needs;

  constructor(run: RunView) {
    const parameters = run.parameters;
    this.journals = new Journals(parameters.nodes);
    this.damage = new Damage(parameters.nodes, this.journals);
    this.elections = new Elections(parameters);
    this.ledger = new Ledger(parameters);
    this.wire = new Wire(parameters.nodes, this.journals, this.damage, this.elections, this.ledger);
    this.registers = new Registers(parameters, this.ledger);
    this.needs = new Needs(this.registers);
  }

  durable(node: NodeId, events: readonly Event[], now: Micros): void {
    this.journals.batch(node, events, now);
  }

  refolded(node: NodeId, sequence: number): void {
    this.journals.refolded(node, sequence);
  }

  damaged(node: NodeId): void {
    this.damage.damaged(node);
  }
}

const known = new WeakMap<RunView, Reconstruction>();

/** A watch that judges by the reconstruction of its run. */
export function reconstructed(run: RunView, make: (from: Reconstruction) => Watch): Watch {
  const shared = known.get(run);
  if (shared !== undefined) return make(shared);
  const made = new Reconstruction(run);
  known.set(run, made);
  return carrying(made, make(made));
}

/** The watch, with the reconstruction before it. Only what one of the two listens to is listened to. */
function carrying(made: Reconstruction, watch: Watch): Watch {
  const own: Evidence = watch;
  const wire = made.wire;
  const passed: { -readonly [K in keyof Evidence]: Evidence[K] } = {
    sent: own.sent === undefined ? (frame, now, clock) => wire.sent(frame, now, clock) : (frame, now, clock) => {
      wire.sent(frame, now, clock);
      own.sent?.(frame, now, clock);
    },
    durable: (node, events, high, low, now) => {
      made.durable(node, events, now);
      own.durable?.(node, events, high, low, now);
    },
    refolded: (node, sequence, high, low, now) => {
      made.refolded(node, sequence);
      own.refolded?.(node, sequence, high, low, now);
    },
    damaged: (node, now) => {
      made.damaged(node);
      own.damaged?.(node, now);
    },
  };
  if (own.delivered !== undefined) passed.delivered = own.delivered.bind(watch);
  if (own.lost !== undefined) passed.lost = own.lost.bind(watch);
  if (own.duplicated !== undefined) passed.duplicated = own.duplicated.bind(watch);
  if (own.invoked !== undefined) passed.invoked = own.invoked.bind(watch) as (invocation: Invocation) => void;
  if (own.returned !== undefined) passed.returned = own.returned.bind(watch);
  if (own.replied !== undefined) passed.replied = own.replied.bind(watch);
  if (own.called !== undefined) passed.called = own.called.bind(watch);
  if (own.crashed !== undefined) passed.crashed = own.crashed.bind(watch);
  if (own.stopped !== undefined) passed.stopped = own.stopped.bind(watch);
  if (own.restarted !== undefined) passed.restarted = own.restarted.bind(watch);
  if (own.refused !== undefined) passed.refused = own.refused.bind(watch);
  if (own.shadowed !== undefined) passed.shadowed = own.shadowed.bind(watch);
  if (own.fact !== undefined) passed.fact = own.fact.bind(watch);
  if (own.faultBegan !== undefined) passed.faultBegan = own.faultBegan.bind(watch);
  if (own.faultEnded !== undefined) passed.faultEnded = own.faultEnded.bind(watch);
  if (own.healed !== undefined) passed.healed = own.healed.bind(watch);
  if (own.finished !== undefined) passed.finished = own.finished.bind(watch);
  return { ...passed, judge: () => watch.judge() };
}
