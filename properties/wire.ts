// Frames as they leave their senders, sorted once by what they carry, for the properties that want only some of them. Two
// rules that every frame must keep are looked after here, because they cost a comparison each: it leaves no earlier than its
// cause is durable, and its sender does not change incarnation unnoticed.

import type { Frame } from '../io/ports.ts';
import type { Micros } from '../kernel/base/time.ts';
import type { Hello } from '../kernel/hello.ts';
import type { Append, OpenReply, ReadReply, SnapshotReply, Submit, SubmitReply } from '../kernel/raft/message.ts';
import type { Damage } from './damage.ts';
import type { Elections } from './elections.ts';
import type { Journals } from './journals.ts';
import type { Ledger } from './ledger.ts';

export interface WireReader {
  /** `clock` is the sender's own. */
  appended?(frame: Frame, message: Append, now: Micros, clock: Micros): void;
  asksDecide?(frame: Frame, message: Submit): void;
  answersDecide?(frame: Frame, message: SubmitReply, now: Micros): void;
  answersRead?(frame: Frame, message: ReadReply, now: Micros): void;
  answersOpen?(frame: Frame, message: OpenReply, now: Micros): void;
  repliesSnapshot?(frame: Frame, message: SnapshotReply, now: Micros): void;
  saysHello?(frame: Frame, message: Hello, now: Micros): void;
  /** The sender's journal is durable up to `durable` only. */
  leftEarly?(frame: Frame, durable: number, now: Micros): void;
  /** Not the incarnation of the sender's last frame; 0 before the first. */
  changedIncarnation?(frame: Frame, before: number, now: Micros): void;
}

type Reading<M extends keyof WireReader> = readonly (WireReader & Required<Pick<WireReader, M>>)[];

export class Wire {
  frames = 0;
  private readonly journals: Journals;
  private readonly damage: Damage;
  private readonly elections: Elections;
  private readonly ledger: Ledger;
  /** By node: the incarnation of its last frame. */
  private readonly incarnation: Float64Array;
  private readonly readers: WireReader[] = [];
  private appends: Reading<'appended'> = [];
  private submits: Reading<'asksDecide'> = [];
  private outcomes: Reading<'answersDecide'> = [];
  private reads: Reading<'answersRead'> = [];
  private opens: Reading<'answersOpen'> = [];
  private transfers: Reading<'repliesSnapshot'> = [];
  private hellos: Reading<'saysHello'> = [];

  constructor(nodes: number, journals: Journals, damage: Damage, elections: Elections, ledger: Ledger) {
    this.journals = journals;
    this.damage = damage;
    this.elections = elections;
    this.ledger = ledger;
    this.incarnation = new Float64Array(nodes + 1);
  }

  read(reader: WireReader): void {
    this.readers.push(reader);
    const wanting = <M extends keyof WireReader>(method: M): Reading<M> => this.readers.filter((one): one is Reading<M>[number] => one[method] !== undefined);
    this.appends = wanting('appended');
    this.submits = wanting('asksDecide');
    this.outcomes = wanting('answersDecide');
    this.reads = wanting('answersRead');
    this.opens = wanting('answersOpen');
    this.transfers = wanting('repliesSnapshot');
    this.hellos = wanting('saysHello');
  }

  sent(frame: Frame, now: Micros, clock: Micros): void {
    this.frames++;
    const durable = this.journals.durable(frame.from);
    if (frame.sequence > durable) for (const reader of this.readers) reader.leftEarly?.(frame, durable, now);
    if (frame.incarnation !== this.incarnation[frame.from]) this.changed(frame, now);
    if (frame.message.kind === 'beats') for (const message of frame.message.beats) this.said({ ...frame, message }, now, clock);
    else this.said(frame, now, clock);
  }

  private said(frame: Frame, now: Micros, clock: Micros): void {
    const message = frame.message;
    switch (message.kind) {
      case 'append':
        this.raft(frame, now);
        for (let k = 0; k < this.appends.length; k++) this.appends[k]?.appended(frame, message, now, clock);
        return;
      case 'appendReply':
      case 'vote':
      case 'voteReply':
      case 'snapshot':
        return this.raft(frame, now);
      case 'snapshotReply':
        this.raft(frame, now);
        for (let k = 0; k < this.transfers.length; k++) this.transfers[k]?.repliesSnapshot(frame, message, now);
        return;
      case 'submit':
        for (let k = 0; k < this.submits.length; k++) this.submits[k]?.asksDecide(frame, message);
        return;
      case 'submitted':
        for (let k = 0; k < this.outcomes.length; k++) this.outcomes[k]?.answersDecide(frame, message, now);
        return;
      case 'readReply':
        for (let k = 0; k < this.reads.length; k++) this.reads[k]?.answersRead(frame, message, now);
        return;
      case 'opened':
        for (let k = 0; k < this.opens.length; k++) this.opens[k]?.answersOpen(frame, message, now);
        return;
      case 'hello':
        for (let k = 0; k < this.hellos.length; k++) this.hellos[k]?.saysHello(frame, message, now);
        return;
      case 'open':
      case 'read':
      case 'redirect':
        return;
    }
  }

  /** What a damaged node says does not count with those who must not count on it. */
  private raft(frame: Frame, now: Micros): void {
    if (!this.damage.admits(frame)) return;
    this.elections.sent(frame, now);
    this.ledger.sent(frame, now);
  }

  private changed(frame: Frame, now: Micros): void {
    const before = this.incarnation[frame.from] as number;
    this.incarnation[frame.from] = frame.incarnation;
    for (const reader of this.readers) reader.changedIncarnation?.(frame, before, now);
  }
}
