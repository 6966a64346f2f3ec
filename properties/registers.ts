// The model of every group's register, kept up to date from the ledger, with a short memory of how it stood after each index.

import type { GroupId } from '../kernel/base/ids.ts';
import type { Micros } from '../kernel/base/time.ts';
import { BUCKETS } from '../kernel/decide/record.ts';
import type { Parameters } from '../kernel/parameters.ts';
import type { Entry } from '../kernel/raft/entry.ts';
import { WINDOW, type Ledger, type LedgerReader } from './ledger.ts';
import { RegisterModel, type ModelOutcome, type ModelRecord } from './register-model.ts';

const MASK: number = WINDOW - 1;
/** Numbers of a standing. */
const FIELDS = 6;

export interface RegistersReader {
  /** A committed entry was folded into the model; `outcome` is undefined if it changed nothing that clients see. */
  applied?(group: GroupId, index: number, entry: Entry, outcome: ModelOutcome | undefined, now: Micros): void;
}

/** How the register stood after an index. */
export interface Standing {
  readonly lamport: number;
  readonly epoch: number;
  readonly lowWater: number;
  readonly named: number;
  readonly records: number;
  readonly sessions: number;
}

export class Register {
  readonly model: RegisterModel;
  private readonly index: Float64Array = new Float64Array(WINDOW);
  private readonly standings: Float64Array = new Float64Array(WINDOW * FIELDS);
  /** The record that the command at an index made, and how many were made up to there. */
  private readonly records: (ModelRecord | undefined)[] = new Array<ModelRecord | undefined>(WINDOW).fill(undefined);
  private readonly places: Float64Array = new Float64Array(WINDOW);
  /** Records made so far. */
  made = 0;

  constructor(model: RegisterModel) {
    this.model = model;
  }

  fold(index: number, entry: Entry): ModelOutcome | undefined {
    const model = this.model;
    const outcome = model.fold(index, entry);
    const slot = index & MASK;
    this.index[slot] = index;
    const base = slot * FIELDS;
    this.standings[base] = model.lamport;
    this.standings[base + 1] = model.epoch;
    this.standings[base + 2] = model.lowWater;
    this.standings[base + 3] = model.named;
    this.standings[base + 4] = model.records.size;
    this.standings[base + 5] = model.sessions.size;
    const made = outcome !== undefined && outcome.kind === 'decided' && outcome.record?.lamport === model.lamport;
    if (made) this.made++;
    this.records[slot] = made ? outcome.record : undefined;
    this.places[slot] = this.made;
    return outcome;
  }

  /** Undefined for an index that is not committed, or was too long ago. */
  standingAt(index: number): Standing | undefined {
    const slot = index & MASK;
    if (this.index[slot] !== index) return undefined;
    const base = slot * FIELDS;
    const field = (k: number): number => this.standings[base + k] as number;
    return { lamport: field(0), epoch: field(1), lowWater: field(2), named: field(3), records: field(4), sessions: field(5) };
  }

  /** The record that the command at `index` made; undefined if it made none. Only where `remembers(index)`. */
  madeAt(index: number): ModelRecord | undefined {
    return this.records[index & MASK];
  }

  /** How many records the commands up to `index` made. Only where `remembers(index)`. */
  madeUpTo(index: number): number {
    return this.places[index & MASK] as number;
  }

  remembers(index: number): boolean {
    return this.index[index & MASK] === index;
  }
}

export class Registers implements LedgerReader {
  /** By group id; groups of one voter have none. */
  readonly groups: readonly (Register | undefined)[];
  /** Which group decides a bucket: the group at place (bucket mod groups) in the order of ids. Our own reading of the rule. */
  readonly groupOf: readonly GroupId[];
  private readonly readers: RegistersReader[] = [];

  constructor(parameters: Parameters, ledger: Ledger) {
    const { groups, decide, raft } = parameters;
    const made: (Register | undefined)[] = [];
    for (const group of groups) if (group.voters.length > 1) made[group.id] = new Register(new RegisterModel(decide, raft.maxSessions));
    this.groups = made;
    const ids = groups.map((group) => group.id).sort((a, b) => a - b);
    this.groupOf = Array.from({ length: BUCKETS }, (_, bucket) => ids[bucket % ids.length] as GroupId);
    ledger.read(this);
  }

  read(reader: RegistersReader): void {
    this.readers.push(reader);
  }

  committed(group: GroupId, index: number, entry: Entry, now: Micros): void {
    const outcome = (this.groups[group] as Register).fold(index, entry);
    for (let k = 0; k < this.readers.length; k++) this.readers[k]?.applied?.(group, index, entry, outcome, now);
  }

  /** Needs of epochs below this are forgotten by every group: rows kept for them may go. */
  get forgotten(): number {
    let low = Number.MAX_SAFE_INTEGER;
    let known = false;
    for (const register of this.groups) {
      if (register === undefined) continue;
      known = true;
      if (register.model.lowWater < low) low = register.model.lowWater;
    }
    return known ? low : 0;
  }
}
