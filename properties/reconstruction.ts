// What the evidence of a run adds up to, worked out once for all properties that judge by it: the frames by what they carry,
// the journals as far as they are durable, who may count on whom, configurations, elections, the committed logs, and the registers they mean.
// It is a listener of its own, before all properties: it has heard everything when anybody judges by it.

import type { Evidence, RunView, Watch } from '../io/sim/evidence.ts';
import type { Frame } from '../io/ports.ts';
import type { GroupId, NodeId } from '../kernel/base/ids.ts';
import type { Micros } from '../kernel/base/time.ts';
import type { Event, ServiceRequest } from '../kernel/event.ts';
import type { Fact } from '../kernel/fact.ts';
import type { KernelImage } from '../kernel/image.ts';
import { Contents } from './contents.ts';
import { Damage } from './damage.ts';
import { Elections } from './elections.ts';
import { Journals } from './journals.ts';
import { Ledger } from './ledger.ts';
import { Memberships } from './memberships.ts';
import { Needs } from './needs.ts';
import { pastOf } from './past.ts';
import { Registers } from './registers.ts';
import { Wire } from './wire.ts';

export class Reconstruction implements Evidence {
  readonly journals: Journals;
  readonly damage: Damage;
  readonly memberships: Memberships;
  readonly elections: Elections;
  readonly ledger: Ledger;
  readonly wire: Wire;
  readonly registers: Registers;
  readonly needs: Needs;
  readonly contents: Contents;

  constructor(run: RunView) {
    const parameters = run.parameters;
    this.journals = new Journals(parameters.nodes);
    this.damage = new Damage(parameters.nodes, this.journals);
    this.memberships = new Memberships(parameters, this.journals);
    this.elections = new Elections(parameters, this.memberships, this.journals);
    this.ledger = new Ledger(parameters, this.memberships, this.journals, this.damage);
    this.wire = new Wire(parameters.nodes, this.journals, this.damage, this.elections, this.ledger);
    this.registers = new Registers(parameters, this.ledger);
    this.needs = new Needs(this.registers);
    this.contents = new Contents(parameters);
  }

  goesOnFrom(images: readonly KernelImage[]): void {
    this.memberships.goOnFrom(images);
    const past = pastOf(images);
    for (const { group, members, furthest } of past.groups) {
      this.elections.goOnFrom(group, members);
      this.ledger.group(group)?.goOnFrom(members.map((member) => member.raft));
      this.registers.groups[group]?.model.goOnFrom(furthest.machine, furthest.sessions.map((session) => session.row));
    }
    this.needs.goOnFrom(past.records, past.underWay);
  }

  sent(frame: Frame, now: Micros, clock: Micros): void {
    this.wire.sent(frame, now, clock);
  }

  called(node: NodeId, sequence: number, _index: number, request: ServiceRequest, now: Micros): void {
    this.contents.called(node, sequence, request, now);
  }

  durable(node: NodeId, events: readonly Event[], _high: number, _low: number, now: Micros): void {
    this.journals.batch(node, events, now);
  }

  refolded(node: NodeId, sequence: number): void {
    this.journals.refolded(node, sequence);
  }

  fact(node: NodeId, fact: Fact, _at: Micros, now: Micros): void {
    this.memberships.fact(node, fact, now);
  }

  damaged(node: NodeId): void {
    this.damage.damaged(node);
  }

  beginsAmid(_node: NodeId, group: GroupId, term: number): void {
    this.elections.beginAt(group, term);
    this.ledger.beginAmid(group);
  }
}

const known = new WeakMap<RunView, Reconstruction>();

/** A watch that judges by the reconstruction of its run. */
export function reconstructed(run: RunView, make: (from: Reconstruction) => Watch): Watch {
  let from = known.get(run);
  if (from === undefined) {
    from = new Reconstruction(run);
    known.set(run, from);
    run.listen(from);
  }
  return make(from);
}
