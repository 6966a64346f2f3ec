// What applying the log has led to at one member: the machine and the session table. Applying is the same on all members;
// the one that leads also tells the clients what came of it (6.3).

import { sessionId, type GroupId, type NodeId, type SessionId } from '../base/ids.ts';
import type { Micros } from '../base/time.ts';
import type { Context } from '../context.ts';
import type { Machine, MachineImage, Outcome } from '../machine.ts';
import type { Configuration } from './configuration.ts';
import type { Command } from './entry.ts';
import type { Log } from './log.ts';
import { openReply, redirect, submitReply, type AnswerMessage } from './message.ts';
import { Sessions, type SessionImage } from './sessions.ts';
import type { Snapshot } from './transfer.ts';

export class Replica {
  readonly machine: Machine;
  readonly sessions: Sessions;
  private readonly group: GroupId;
  /** Up to where decides and epochs were announced. Both follow from the machine. */
  private announcedLamport = 0;
  private announcedEpoch = 0;

  constructor(group: GroupId, machine: Machine, maxSessions: number) {
    this.group = group;
    this.machine = machine;
    this.sessions = new Sessions(Math.max(1, maxSessions));
  }

  /** Applies the entry at `index`. `leads`: clients hear of it from here. */
  apply(ctx: Context, log: Log, index: number, leads: boolean): void {
    const command = log.at(index).command;
    switch (command.kind) {
      case 'apply':
        return this.applyOnce(ctx, index, command, leads);
      case 'own':
        return this.announce(ctx, index, this.machine.apply(index, command.body));
      case 'open':
        return this.open(ctx, log, index, command.opener, command.nonce, leads);
      case 'expire':
        for (const id of command.sessions) this.expire(ctx, log, index, id, leads);
        return;
      case 'noop':
      case 'configure':
        return;
    }
  }

  /** A command whose session is gone, that was applied before, or whose client has given up on it, does nothing. */
  private applyOnce(ctx: Context, index: number, command: Command & { readonly kind: 'apply' }, leads: boolean): void {
    const session = this.sessions.find(command.session);
    if (session === undefined) return;
    const sequence = command.sequence;
    session.noLongerInLog(sequence);
    session.use(index, command.answered, ctx.at);
    if (sequence < session.answered || session.isBeyondWindow(sequence, 0)) return;
    if (session.outcomeOf(sequence) !== undefined) return;
    const outcome = this.machine.apply(index, command.body);
    session.keep(sequence, outcome);
    this.announce(ctx, index, outcome);
    if (leads) answer(ctx, session.opener, submitReply(this.group, session.id, sequence, outcome));
  }

  private open(ctx: Context, log: Log, index: number, opener: NodeId, nonce: number, leads: boolean): void {
    let session = this.sessions.openedBy(opener, nonce);
    if (session === undefined) {
      if (this.sessions.isFull) this.expire(ctx, log, index, this.sessions.leastRecentlyUsed().id, leads);
      session = this.sessions.open(sessionId(index), opener, nonce, ctx.at);
      ctx.fact({ kind: 'sessionOpened', group: this.group, session: session.id, opener });
    } else session.use(index, 0, ctx.at);
    if (leads) answer(ctx, opener, openReply(this.group, nonce, session.id));
  }

  /** What the session still has in the log will do nothing, whoever commits it: its opener is told now. */
  private expire(ctx: Context, log: Log, index: number, id: SessionId, leads: boolean): void {
    const session = this.sessions.expire(id);
    if (session === undefined) return;
    ctx.fact({ kind: 'sessionExpired', group: this.group, session: id });
    for (let later = index + 1; leads && later <= log.lastIndex; later++) {
      const command = log.at(later).command;
      if (command.kind !== 'apply' || command.session !== id) continue;
      answer(ctx, session.opener, redirect(this.group, 'sessionExpired', ctx.self, 'submit', command.sequence));
    }
  }

  /** Facts of what the machine did for the first time. */
  private announce(ctx: Context, index: number, outcome: Outcome): void {
    if (outcome.kind === 'decided' && outcome.record.lamport > this.announcedLamport) {
      const { proposal, lamport } = outcome.record;
      this.announcedLamport = lamport;
      ctx.fact({ kind: 'decided', group: this.group, index, need: proposal.need, proposal: proposal.proposal, lamport });
    } else if (outcome.kind === 'advanced' && outcome.epoch > this.announcedEpoch) {
      this.announcedEpoch = outcome.epoch;
      ctx.fact({ kind: 'epochAdvanced', group: this.group, epoch: outcome.epoch });
    }
  }

  freeze(index: number, term: number, configuration: Configuration): Snapshot {
    return { index, term, configuration, machine: this.machine.image(), rows: this.sessions.rows() };
  }

  install(snapshot: Snapshot, at: Micros): void {
    this.restoreMachine(snapshot.machine);
    this.sessions.adopt(snapshot.rows, at);
  }

  restore(machine: MachineImage, sessions: readonly SessionImage[]): void {
    this.restoreMachine(machine);
    this.sessions.restore(sessions);
  }

  private restoreMachine(image: MachineImage): void {
    this.machine.restore(image);
    this.announcedLamport = image.lamport;
    this.announcedEpoch = image.epoch;
  }
}

/** To a gateway, which may stand on this very node. */
export function answer(ctx: Context, to: NodeId, message: AnswerMessage): void {
  if (to === ctx.self) ctx.signal({ kind: 'answer', from: ctx.self, message });
  else ctx.send(to, message);
}
