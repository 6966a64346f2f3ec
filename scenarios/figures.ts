// Figures of a run that are no verdict: how long clients waited, how often nodes stood for election, how often leadership
// changed. Worked out from the same evidence in both worlds, so that they can be put side by side.

import type { Micros } from '../kernel/base/time.ts';
import type { Answer } from '../kernel/effect.ts';
import type { NodeId } from '../kernel/base/ids.ts';
import type { Message } from '../kernel/message.ts';
import type { Frame } from '../io/ports.ts';
import type { Evidence, Invocation } from '../io/sim/evidence.ts';

export interface RunFigures {
  readonly invoked: number;
  readonly ok: number;
  readonly refused: number;
  readonly unknown: number;
  /** Of operations that were answered with what the register says. */
  readonly p50Us: Micros;
  readonly p95Us: Micros;
  readonly longestUs: Micros;
  /** Candidacies: a node asked for votes in a term. */
  readonly elections: number;
  /** Terms in which somebody led, over all groups, but for the first of each group. */
  readonly leaderChanges: number;
  readonly frames: number;
}

export class Figures implements Evidence {
  private invocations = 0;
  private turnedAway = 0;
  private unknown = 0;
  private frames = 0;
  private readonly took: Micros[] = [];
  private readonly candidacies: Set<string> = new Set();
  private readonly leaderships: Set<string> = new Set();
  private readonly groups: Set<number> = new Set();

  invoked(): void {
    this.invocations++;
  }

  returned(invocation: Invocation, answer: Answer, now: Micros): void {
    if (answer.kind === 'unknown') this.unknown++;
    else if (answer.kind === 'refused') this.turnedAway++;
    else this.took.push(now - invocation.invokedAt);
  }

  sent(frame: Frame): void {
    this.frames++;
    if (frame.message.kind !== 'beats') this.said(frame.from, frame.message);
    else for (const beat of frame.message.beats) this.said(frame.from, beat);
  }

  private said(from: NodeId, message: Message): void {
    if (message.kind === 'vote' && !message.pre) this.candidacies.add(`${message.group}/${message.term}/${from}`);
    if (message.kind !== 'append') return;
    this.groups.add(message.group);
    this.leaderships.add(`${message.group}/${message.term}`);
  }

  sum(): RunFigures {
    const sorted = this.took.toSorted((a, b) => a - b);
    const share = (part: number): Micros => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))] ?? 0;
    return {
      invoked: this.invocations, ok: sorted.length, refused: this.turnedAway, unknown: this.unknown, p50Us: share(0.5), p95Us: share(0.95), longestUs: sorted[sorted.length - 1] ?? 0,
      elections: this.candidacies.size, leaderChanges: this.leaderships.size - this.groups.size, frames: this.frames,
    };
  }
}
