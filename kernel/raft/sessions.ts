// Client sessions (6.3): what makes a retried command apply exactly once. The table is a function of the log alone, so it is
// equal on all replicas, goes into every snapshot, and shrinks only through log entries. Bounded by `maxSessions` rows of at
// most MAX_OUTCOMES_PER_ROW outcomes. Beside each row stand two things of this replica's own: when it saw the session used,
// and which of its sequences wait in the log of the present leader.

import { assert } from '../base/assert.ts';
import type { NodeId, SessionId } from '../base/ids.ts';
import { dropFirst, takeAt } from '../base/queues.ts';
import { NEVER, type Micros } from '../base/time.ts';
import type { Outcome } from '../machine.ts';
import { MAX_OUTCOMES_PER_ROW, type Done, type SessionRow } from './message.ts';

export interface SessionImage {
  readonly row: SessionRow;
  readonly touchedAt: Micros;
  readonly inLog: readonly number[];
}

export class Session {
  readonly id: SessionId;
  readonly opener: NodeId;
  readonly nonce: number;
  used: number;
  answered: number;
  /** Applied sequences that are not yet answered for sure, ascending, and what they yielded. */
  private done: readonly Done[];
  /** The list of them is also that of a row, which never changes: it is copied before it does. */
  private shared = true;
  /** When this replica last saw it used: the leader expires by its own record. */
  touchedAt: Micros;
  /** Sequences this leader has appended and not yet applied: a retry is not appended twice. At most `maxUncommitted`. */
  readonly inLog: number[] = [];
  private frozen: SessionRow | undefined;

  constructor(row: SessionRow, touchedAt: Micros) {
    this.id = row.session;
    this.opener = row.opener;
    this.nonce = row.nonce;
    this.used = row.used;
    this.answered = row.answered;
    this.done = row.outcomes;
    this.touchedAt = touchedAt;
    this.frozen = row;
  }

  outcomeOf(sequence: number): Outcome | undefined {
    for (let place = 0; place < this.done.length; place++) {
      const done = this.done[place] as Done;
      if (done.sequence === sequence) return done.outcome;
    }
    return undefined;
  }

  /** The window is full: `sequence` may not be applied while answers from `answered` on may still be asked for. */
  isBeyondWindow(sequence: number, answered: number): boolean {
    return sequence >= Math.max(this.answered, answered) + MAX_OUTCOMES_PER_ROW;
  }

  /** An entry at `index` used the session; its client has all answers below `answered`. */
  use(index: number, answered: number, at: Micros): void {
    this.used = index;
    this.touchedAt = at;
    this.frozen = undefined;
    if (answered <= this.answered) return;
    this.answered = answered;
    let count = 0;
    while (count < this.done.length && (this.done[count] as Done).sequence < answered) count++;
    if (count > 0) dropFirst(this.own(), count);
  }

  /** Keeps the outcome of a sequence that was applied for the first time. */
  keep(sequence: number, outcome: Outcome): void {
    const kept: Done = { sequence, outcome };
    const done = this.own();
    let place = done.length;
    while (place > 0 && (done[place - 1] as Done).sequence > sequence) place--;
    assert(place === 0 || (done[place - 1] as Done).sequence !== sequence, 'a sequence is applied once');
    if (place === done.length) done.push(kept);
    else done.splice(place, 0, kept);
    assert(done.length <= MAX_OUTCOMES_PER_ROW, 'a window bounds the outcomes of a session');
    this.frozen = undefined;
  }

  private own(): Done[] {
    if (this.shared) this.done = this.done.slice();
    this.shared = false;
    return this.done as Done[];
  }

  noLongerInLog(sequence: number): void {
    for (let place = 0; place < this.inLog.length; place++) if (this.inLog[place] === sequence) takeAt(this.inLog, place);
  }

  /** The replicated part, as a value that is made anew only after a change. */
  row(): SessionRow {
    if (this.frozen === undefined) {
      this.frozen = { session: this.id, opener: this.opener, nonce: this.nonce, used: this.used, answered: this.answered, outcomes: this.done };
      this.shared = true;
    }
    return this.frozen;
  }
}

export class Sessions {
  private readonly max: number;
  /** By id, ascending: a new session has the index of the newest entry. */
  private table: Session[] = [];

  constructor(max: number) {
    this.max = max;
  }

  get all(): readonly Session[] {
    return this.table;
  }

  get isFull(): boolean {
    return this.table.length >= this.max;
  }

  find(id: SessionId): Session | undefined {
    const place = this.placeOf(id);
    const session = this.table[place];
    return session !== undefined && session.id === id ? session : undefined;
  }

  /** A retried open finds the session that the first try opened. */
  openedBy(opener: NodeId, nonce: number): Session | undefined {
    for (const session of this.table) if (session.nonce === nonce && session.opener === opener) return session;
    return undefined;
  }

  /** Sequences start at 1. */
  open(id: SessionId, opener: NodeId, nonce: number, at: Micros): Session {
    assert(!this.isFull, 'a session was expired to make room');
    assert(this.table.length === 0 || (this.table[this.table.length - 1] as Session).id < id, 'session ids ascend');
    const session = new Session({ session: id, opener, nonce, used: id, answered: 0, outcomes: [] }, at);
    this.table.push(session);
    return session;
  }

  expire(id: SessionId): Session | undefined {
    const session = this.find(id);
    if (session !== undefined) this.table.splice(this.placeOf(id), 1);
    return session;
  }

  /** Ties go to the lowest id. */
  leastRecentlyUsed(): Session {
    let found = this.table[0];
    assert(found !== undefined, 'only a full table makes room');
    for (const session of this.table) if (session.used < found.used) found = session;
    return found;
  }

  /** When the first of them has been idle for so long; NEVER if there is none. */
  firstIdleAt(idleUs: Micros): Micros {
    let first = NEVER;
    for (const session of this.table) first = Math.min(first, session.touchedAt + idleUs);
    return first;
  }

  /** At most `max` sessions that nobody used for `idleUs`. */
  idle(at: Micros, idleUs: Micros, max: number): SessionId[] {
    const out: SessionId[] = [];
    for (const session of this.table) {
      if (at - session.touchedAt >= idleUs && session.inLog.length === 0 && out.push(session.id) >= max) break;
    }
    return out;
  }

  forgetLog(): void {
    for (const session of this.table) session.inLog.length = 0;
  }

  rows(): readonly SessionRow[] {
    return this.table.map((session) => session.row());
  }

  /** Takes over the table of a snapshot. */
  adopt(rows: readonly SessionRow[], at: Micros): void {
    this.table = rows.map((row) => new Session(row, at));
  }

  image(): readonly SessionImage[] {
    return this.table.map((session) => ({ row: session.row(), touchedAt: session.touchedAt, inLog: session.inLog.slice() }));
  }

  restore(images: readonly SessionImage[]): void {
    this.table = images.map((image) => {
      const session = new Session(image.row, image.touchedAt);
      session.inLog.push(...image.inLog);
      return session;
    });
  }

  /** The place of the first session whose id is not below `id`. */
  private placeOf(id: SessionId): number {
    let low = 0;
    let high = this.table.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.table[middle] as Session).id < id) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

/** Could these rows be the table of a replica that applied everything up to `index`? They come from outside. */
export function areSessionRows(rows: readonly SessionRow[], index: number, max: number): boolean {
  if (rows.length > max) return false;
  let previous = 0;
  for (const row of rows) {
    if (row.session <= previous || row.session > index || row.used > index || row.used < row.session) return false;
    previous = row.session;
    let sequence = row.answered - 1;
    for (const done of row.outcomes) {
      if (done.sequence <= sequence || done.sequence >= row.answered + MAX_OUTCOMES_PER_ROW) return false;
      sequence = done.sequence;
    }
  }
  return true;
}
