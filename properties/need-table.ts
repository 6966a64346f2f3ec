// A row for every need that may still matter, sorted by epoch so that whole epochs retire together. A need whose row is gone
// is forgotten for good: nothing is concluded about it any more, which loses checks and never raises a false alarm.

import type { NeedId } from '../kernel/base/ids.ts';

/** Epochs held at once; one more pushes the oldest out. */
const MAX_EPOCHS = 16;

export class NeedTable<Row> {
  private readonly make: (epoch: number) => Row;
  private readonly epochs = new Map<number, Map<NeedId, Row>>();
  /** Rows of earlier epochs have retired. */
  floor = 0;
  private lastNeed: NeedId | undefined;
  private lastRow: Row | undefined;

  constructor(make: (epoch: number) => Row) {
    this.make = make;
  }

  get size(): number {
    let size = 0;
    for (const rows of this.epochs.values()) size += rows.size;
    return size;
  }

  /** The row of a need, if it has one. */
  find(need: NeedId, epoch: number): Row | undefined {
    if (need === this.lastNeed) return this.lastRow;
    return this.remember(need, this.epochs.get(epoch)?.get(need));
  }

  /** The row of a need, made if missing; undefined if its epoch has retired. */
  row(need: NeedId, epoch: number): Row | undefined {
    const known = this.find(need, epoch);
    if (known !== undefined || epoch < this.floor) return known;
    let rows = this.epochs.get(epoch);
    if (rows === undefined) {
      if (this.epochs.size >= MAX_EPOCHS) this.retireBelow(1 + this.oldest());
      if (epoch < this.floor) return undefined;
      rows = new Map();
      this.epochs.set(epoch, rows);
    }
    const made = this.make(epoch);
    rows.set(need, made);
    return this.remember(need, made);
  }

  retireBelow(floor: number): void {
    if (floor <= this.floor) return;
    this.floor = floor;
    this.lastNeed = undefined;
    this.lastRow = undefined;
    for (const epoch of this.epochs.keys()) if (epoch < floor) this.epochs.delete(epoch);
  }

  private oldest(): number {
    let oldest = Number.MAX_SAFE_INTEGER;
    for (const epoch of this.epochs.keys()) if (epoch < oldest) oldest = epoch;
    return oldest;
  }

  private remember(need: NeedId, row: Row | undefined): Row | undefined {
    this.lastNeed = need;
    this.lastRow = row;
    return row;
  }
}
