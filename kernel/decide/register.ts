// The decide register of one group: the first proposal recorded for a need wins, for ever. A deterministic state machine
// under the group's log. Records of epochs below the low-water mark are forgotten; asked about one, it says `tooOld`, so
// "one decide per need, ever" survives forgetting. Bounded by `maxRecords`.

import { assert } from '../base/assert.ts';
import type { NeedId } from '../base/ids.ts';
import { needEpoch } from '../base/ids.ts';
import type { Micros } from '../base/time.ts';
import type { Machine, MachineImage } from '../machine.ts';
import type { DecideParameters } from '../parameters.ts';
import { advanceBody, type Body, type Lookup, type Outcome } from './command.ts';
import { makeRecord, type DecideRecord, type Proposal } from './record.ts';

/** While needs of later epochs arrive, a register that is behind catches up this many times faster. */
const CATCH_UP = 8;

export class Register implements Machine {
  private readonly parameters: DecideParameters;
  private lamport = 0;
  private epoch = 0;
  private lowWater = 0;
  /** The highest epoch any need has named so far, refused ones included. */
  private named = 0;
  private records: DecideRecord[] = [];
  private readonly byNeed = new Map<NeedId, DecideRecord>();

  constructor(parameters: DecideParameters) {
    this.parameters = parameters;
  }

  get size(): number {
    return this.records.length;
  }

  apply(_index: number, body: Body): Outcome {
    if (body.kind === 'advance') return this.advance(body.epoch);
    this.lamport++;
    return this.decide(body.proposal);
  }

  lookup(need: NeedId): Lookup {
    if (needEpoch(need) < this.lowWater) return { kind: 'tooOld', lowWater: this.lowWater };
    const record = this.byNeed.get(need);
    return record === undefined ? { kind: 'none' } : { kind: 'found', record };
  }

  upkeep(elapsedUs: Micros): Body | undefined {
    const due = this.named > this.epoch ? this.parameters.epochUs / CATCH_UP : this.parameters.epochUs;
    return elapsedUs >= due ? advanceBody(this.epoch + 1) : undefined;
  }

  private decide(proposal: Proposal): Outcome {
    if (proposal.epoch > this.named) this.named = proposal.epoch;
    if (proposal.epoch < this.lowWater) return { kind: 'tooOld', lowWater: this.lowWater };
    const winner = this.byNeed.get(proposal.need);
    if (winner !== undefined) return { kind: winner.proposal.proposal === proposal.proposal ? 'decided' : 'lost', record: winner };
    if (proposal.epoch > this.epoch + this.parameters.maxAhead) return { kind: 'tooNew', epoch: this.epoch };
    if (this.records.length >= this.parameters.maxRecords) return { kind: 'full' };
    const record = makeRecord(proposal, this.lamport);
    this.records.push(record);
    this.byNeed.set(proposal.need, record);
    return { kind: 'decided', record };
  }

  /** Epochs advance one by one; a late or doubled command changes nothing. */
  private advance(epoch: number): Outcome {
    if (epoch === this.epoch + 1) {
      this.epoch = epoch;
      const lowWater = epoch - this.parameters.keepEpochs;
      if (lowWater > this.lowWater) this.forgetBelow(lowWater);
    }
    return { kind: 'advanced', epoch: this.epoch };
  }

  private forgetBelow(lowWater: number): void {
    this.lowWater = lowWater;
    const kept: DecideRecord[] = [];
    for (const record of this.records) {
      if (record.proposal.epoch >= lowWater) kept.push(record);
      else this.byNeed.delete(record.proposal.need);
    }
    this.records = kept;
    assert(this.byNeed.size === kept.length, 'one record per need');
  }

  /** Records never change, so an image shares them. */
  image(): MachineImage {
    return { lamport: this.lamport, epoch: this.epoch, lowWater: this.lowWater, named: this.named, records: this.records.slice() };
  }

  restore(image: MachineImage): void {
    this.lamport = image.lamport;
    this.epoch = image.epoch;
    this.lowWater = image.lowWater;
    this.named = image.named;
    this.records = image.records.slice();
    this.byNeed.clear();
    for (const record of this.records) this.byNeed.set(record.proposal.need, record);
    assert(this.byNeed.size === this.records.length, 'one record per need');
  }
}
