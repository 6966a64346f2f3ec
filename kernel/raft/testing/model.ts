// A second register with sessions, written from the specification alone: no windows, no pruning, no images. It replays the
// committed log, and says what every client must have been told.

import type { NeedId, NodeId, SessionId } from '../../base/ids.ts';
import type { Body, Lookup, Outcome } from '../../machine.ts';
import type { Command } from '../entry.ts';

export type Answer = Outcome | Lookup;

export class Model {
  readonly winners: Map<NeedId, string> = new Map();
  /** By the index that decided it. */
  readonly winnerAt: Map<number, string> = new Map();
  /** By session/sequence, for ever. */
  readonly outcomes: Map<string, string> = new Map();
  private open: { session: SessionId; opener: NodeId; nonce: number; used: number; answered: number }[] = [];

  openSessions(): readonly SessionId[] {
    return this.open.map((row) => row.session);
  }

  apply(index: number, command: Command, maxSessions: number): void {
    if (command.kind === 'own') this.decide(index, command.body);
    if (command.kind === 'expire') this.open = this.open.filter((row) => !command.sessions.includes(row.session));
    if (command.kind === 'open') {
      const known = this.open.find((row) => row.opener === command.opener && row.nonce === command.nonce);
      if (known !== undefined) known.used = index;
      else {
        if (this.open.length >= maxSessions) {
          const oldest = Math.min(...this.open.map((row) => row.used));
          this.open.splice(this.open.findIndex((row) => row.used === oldest), 1);
        }
        this.open.push({ session: index as SessionId, opener: command.opener, nonce: command.nonce, used: index, answered: 0 });
      }
    }
    if (command.kind === 'apply') {
      const row = this.open.find((known) => known.session === command.session);
      const key = `${command.session}/${command.sequence}`;
      if (row === undefined) return;
      row.used = index;
      row.answered = Math.max(row.answered, command.answered);
      // A client that no longer waits for an answer has given up: what was not applied by then never is.
      if (!this.outcomes.has(key) && command.sequence >= row.answered) this.outcomes.set(key, this.decide(index, command.body));
    }
  }

  private decide(index: number, body: Body): string {
    if (body.kind === 'advance') return 'advanced';
    const { need, proposal } = body.proposal;
    const winner = this.winners.get(need);
    if (winner === undefined) {
      this.winners.set(need, proposal);
      this.winnerAt.set(index, `${need}=${proposal}`);
    }
    return `${(winner ?? proposal) === proposal ? 'decided' : 'lost'} ${need}=${winner ?? proposal}`;
  }
}
