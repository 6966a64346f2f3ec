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

/** The needs of one epoch: forgotten together, at once. Records stand in the order in which they were decided. */
interface EpochRecords {
  readonly epoch: number;
  readonly records: DecideRecord[];
  /** The same by need, made when somebody first asks: after a start most epochs are never asked about again. */
  byNeed: Map<NeedId, DecideRecord> | undefined;
}

export class Register implements Machine {
  private readonly parameters: DecideParameters;
  private lamport = 0;
  private epoch = 0;
  private lowWater = 0;
  /** The highest epoch any need has named so far, refused ones included. */
  private named = 0;
  /** Ascending, none below the low-water mark, at most keepEpochs + 1 + maxAhead. */
  private epochs: EpochRecords[] = [];
  private held = 0;

  constructor(parameters: DecideParameters) {
    this.parameters = parameters;
  }

  get size(): number {
    return this.held;
  }

  apply(_index: number, body: Body): Outcome {
    if (body.kind === 'advance') return this.advance(body.epoch);
    this.lamport++;
    return this.decide(body.proposal);
  }

  lookup(need: NeedId): Lookup {
    const epoch = needEpoch(need);
    if (epoch < this.lowWater) return { kind: 'tooOld', lowWater: this.lowWater };
    const record = this.recorded(this.of(epoch), need);
    return record === undefined ? { kind: 'none' } : { kind: 'found', record };
  }

  get upkeepEveryUs(): Micros {
    return this.named > this.epoch ? this.parameters.epochUs / CATCH_UP : this.parameters.epochUs;
  }

  upkeep(elapsedUs: Micros): Body | undefined {
    return elapsedUs >= this.upkeepEveryUs ? advanceBody(this.epoch + 1) : undefined;
  }

  private decide(proposal: Proposal): Outcome {
    const epoch = proposal.epoch;
    if (epoch > this.named) this.named = epoch;
    if (epoch < this.lowWater) return { kind: 'tooOld', lowWater: this.lowWater };
    const known = this.of(epoch);
    const winner = this.recorded(known, proposal.need);
    if (winner !== undefined) return { kind: winner.proposal.proposal === proposal.proposal ? 'decided' : 'lost', record: winner };
    if (epoch > this.epoch + this.parameters.maxAhead) return { kind: 'tooNew', epoch: this.epoch };
    if (this.held >= this.parameters.maxRecords) return { kind: 'full' };
    const record = makeRecord(proposal, this.lamport);
    this.hold(known ?? this.begin(epoch), record);
    return { kind: 'decided', record };
  }

  private of(epoch: number): EpochRecords | undefined {
    const epochs = this.epochs;
    for (let i = epochs.length - 1; i >= 0; i--) if ((epochs[i] as EpochRecords).epoch === epoch) return epochs[i];
    return undefined;
  }

  private begin(epoch: number): EpochRecords {
    const made: EpochRecords = { epoch, records: [], byNeed: undefined };
    let place = this.epochs.length;
    while (place > 0 && (this.epochs[place - 1] as EpochRecords).epoch > epoch) place--;
    this.epochs.splice(place, 0, made);
    return made;
  }

  private recorded(at: EpochRecords | undefined, need: NeedId): DecideRecord | undefined {
    if (at === undefined) return undefined;
    at.byNeed ??= byNeed(at.records);
    return at.byNeed.get(need);
  }

  private hold(at: EpochRecords, record: DecideRecord): void {
    at.records.push(record);
    at.byNeed?.set(record.proposal.need, record);
    this.held++;
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
    while (this.epochs.length > 0 && (this.epochs[0] as EpochRecords).epoch < lowWater) this.held -= (this.epochs.shift() as EpochRecords).records.length;
    assert(this.held >= 0, 'what is forgotten was held');
  }

  /** Epoch by epoch, in the order in which they were decided. Records never change, so an image shares them. */
  image(): MachineImage {
    const records = ([] as DecideRecord[]).concat(...this.epochs.map((at) => at.records));
    return { lamport: this.lamport, epoch: this.epoch, lowWater: this.lowWater, named: this.named, records };
  }

  /** Epochs ascend in an image. Only where one ends is looked for: an image is restored at every start, and most of it rests. */
  restore(image: MachineImage): void {
    this.lamport = image.lamport;
    this.epoch = image.epoch;
    this.lowWater = image.lowWater;
    this.named = image.named;
    this.epochs = [];
    this.held = image.records.length;
    for (let from = 0, to = 0; from < this.held; from = to) {
      const epoch = (image.records[from] as DecideRecord).proposal.epoch;
      to = endOf(image.records, from, epoch);
      this.epochs.push({ epoch, records: image.records.slice(from, to), byNeed: undefined });
    }
  }
}

/** The place after the last record of an epoch that begins at `from`. */
function endOf(records: readonly DecideRecord[], from: number, epoch: number): number {
  let low = from + 1;
  let high = records.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((records[middle] as DecideRecord).proposal.epoch > epoch) high = middle;
    else low = middle + 1;
  }
  return low;
}

function byNeed(records: readonly DecideRecord[]): Map<NeedId, DecideRecord> {
  const found = new Map<NeedId, DecideRecord>();
  for (const record of records) found.set(record.proposal.need, record);
  return found;
}
