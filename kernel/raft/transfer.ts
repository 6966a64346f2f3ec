// Snapshots on their way (7): the leader freezes one image of the applied state for all followers that need one, and cuts it
// into slices that fit into an event; the follower puts them together. Session rows go first, then records.

import type { MachineImage } from '../machine.ts';
import { MAX_NUMBER } from './bounds.ts';
import type { Configuration } from './configuration.ts';
import { areSessionRows } from './sessions.ts';
import { MAX_RECORDS_PER_SLICE, MAX_ROWS_PER_SLICE, type SessionRow, type SnapshotSlice } from './message.ts';
import type { DecideRecord } from '../decide/record.ts';

/** Everything that applying the log up to (index, term) has led to. */
export interface Snapshot {
  readonly index: number;
  readonly term: number;
  /** The one in force at the index. */
  readonly configuration: Configuration;
  readonly machine: MachineImage;
  readonly rows: readonly SessionRow[];
}

/** Upper bounds of encoded sizes: two ids of 64 bytes, and every integer at its longest. */
const RECORD_BYTES = 64 + 64 + 40;
const OUTCOME_BYTES = RECORD_BYTES + 16;
const ROW_BYTES = 64;
/** What slices hold at most, well below an event's 16 KiB. The largest row alone fits. */
export const SLICE_BYTES: number = 12 * 1024;
/** More records than this no receiver takes in. */
const MAX_SNAPSHOT_RECORDS = 1 << 20;

export interface Cut {
  readonly sessions: readonly SessionRow[];
  readonly records: readonly DecideRecord[];
}

/** The slice that begins at these offsets. */
export function cut(snapshot: Snapshot, sessionOffset: number, offset: number): Cut {
  let room = SLICE_BYTES;
  let lastRow = sessionOffset;
  while (lastRow < snapshot.rows.length && lastRow - sessionOffset < MAX_ROWS_PER_SLICE) {
    const bytes = ROW_BYTES + (snapshot.rows[lastRow] as SessionRow).outcomes.length * OUTCOME_BYTES;
    if (bytes > room) break;
    room -= bytes;
    lastRow++;
  }
  const sessions = snapshot.rows.slice(sessionOffset, lastRow);
  if (lastRow < snapshot.rows.length) return { sessions, records: [] };
  const count = Math.min(MAX_RECORDS_PER_SLICE, Math.floor(room / RECORD_BYTES));
  return { sessions, records: snapshot.machine.records.slice(offset, offset + count) };
}

export interface AssemblyImage {
  readonly index: number;
  readonly term: number;
  readonly lamport: number;
  readonly epoch: number;
  readonly lowWater: number;
  readonly named: number;
  readonly total: number;
  readonly sessionTotal: number;
  readonly configuration: Configuration;
  readonly rows: readonly SessionRow[];
  readonly records: readonly DecideRecord[];
}

/** A snapshot that is arriving. It holds no more than its first slice announced. */
export class Assembly {
  readonly head: AssemblyImage;
  readonly rows: SessionRow[];
  readonly records: DecideRecord[];

  constructor(head: AssemblyImage) {
    this.head = head;
    this.rows = head.rows.slice();
    this.records = head.records.slice();
  }

  /** Undefined if no honest leader announces such a snapshot. */
  static begin(m: SnapshotSlice, maxSessions: number): Assembly | undefined {
    if (m.total > MAX_SNAPSHOT_RECORDS || m.sessionTotal > maxSessions || m.indexTerm > m.term) return undefined;
    if (Math.max(m.lamport, m.epoch, m.lowWater, m.named) > MAX_NUMBER) return undefined;
    return new Assembly({
      index: m.index, term: m.indexTerm, lamport: m.lamport, epoch: m.epoch, lowWater: m.lowWater, named: m.named,
      total: m.total, sessionTotal: m.sessionTotal, configuration: m.configuration, rows: [], records: [],
    });
  }

  /** State at an index is the same on every leader, so slices of several of them fit together. */
  isOf(m: SnapshotSlice): boolean {
    const head = this.head;
    return (
      m.index === head.index && m.indexTerm === head.term && m.lamport === head.lamport && m.epoch === head.epoch &&
      m.lowWater === head.lowWater && m.named === head.named && m.total === head.total && m.sessionTotal === head.sessionTotal &&
      m.configuration.hash === head.configuration.hash
    );
  }

  /** Takes the slice in if it is the one that comes next. */
  add(m: SnapshotSlice): void {
    if (m.sessionOffset !== this.rows.length || m.offset !== this.records.length) return;
    if (m.sessions.length > this.head.sessionTotal - this.rows.length || m.records.length > this.head.total - this.records.length) return;
    for (const row of m.sessions) this.rows.push(row);
    for (const record of m.records) this.records.push(record);
  }

  get isComplete(): boolean {
    return this.rows.length === this.head.sessionTotal && this.records.length === this.head.total;
  }

  /** Could an honest replica be in this state? */
  isSound(maxSessions: number): boolean {
    const needs = new Set<string>();
    for (const record of this.records) needs.add(record.proposal.need);
    return needs.size === this.records.length && areSessionRows(this.rows, this.head.index, maxSessions);
  }

  snapshot(): Snapshot {
    const { index, term, configuration, lamport, epoch, lowWater, named } = this.head;
    return { index, term, configuration, machine: { lamport, epoch, lowWater, named, records: this.records }, rows: this.rows };
  }

  image(): AssemblyImage {
    return { ...this.head, rows: this.rows.slice(), records: this.records.slice() };
  }
}
