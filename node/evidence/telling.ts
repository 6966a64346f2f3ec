// Tells collected journals, and what clients and a driver recorded beside them, to listeners of evidence: as a simulated world
// would have told it while it happened. What a journal cannot show is left out: when a frame really left, and whether it did
// (a crash may have come between). So properties about that are not judged here; nodes watch them while they run.

import type { Evidence } from '../../io/sim/evidence.ts';
import type { Frame } from '../../io/ports.ts';
import type { NodeId } from '../../kernel/base/ids.ts';
import type { Micros } from '../../kernel/base/time.ts';
import { unreachable } from '../../kernel/base/assert.ts';
import type { CollectedEvent } from './collected.ts';

/** Something that did not happen inside a node, with the calendar's time in microseconds. */
export interface Recorded {
  readonly wall: Micros;
  readonly tell: (listener: Evidence, now: Micros) => void;
  /** The process of this node ended, or was ended. */
  readonly down?: NodeId;
}

/** `began`: the calendar's time at which the run's own time is 0. */
export function tellStory(events: Iterable<CollectedEvent>, recorded: readonly Recorded[], began: Micros, listeners: readonly Evidence[]): void {
  new Telling(recorded, began, listeners).tell(events);
}

class Telling {
  private readonly recorded: readonly Recorded[];
  private readonly began: Micros;
  private readonly listeners: readonly Evidence[];
  private readonly down: Set<NodeId> = new Set();
  private readonly seen: Set<NodeId> = new Set();
  private place = 0;
  private now: Micros = 0;

  constructor(recorded: readonly Recorded[], began: Micros, listeners: readonly Evidence[]) {
    this.recorded = recorded;
    this.began = began;
    this.listeners = listeners;
  }

  tell(events: Iterable<CollectedEvent>): void {
    for (const one of events) {
      this.upTo(one.event.wall);
      this.reach(one.event.wall);
      this.event(one);
    }
    this.upTo(Number.MAX_SAFE_INTEGER);
  }

  /** Calendars have milliseconds: of one millisecond, what clients asked comes before what nodes did about it. */
  private upTo(wall: Micros): void {
    for (let one = this.recorded[this.place]; one !== undefined && Math.floor(one.wall / 1_000) <= Math.floor(wall / 1_000); one = this.recorded[this.place]) {
      this.place++;
      this.reach(one.wall);
      if (one.down !== undefined) this.down.add(one.down);
      for (const listener of this.listeners) one.tell(listener, this.now);
    }
  }

  private reach(wall: Micros): void {
    this.now = Math.max(this.now, wall - this.began);
  }

  private event(one: CollectedEvent): void {
    const { node, event, effects, incarnation, high, low } = one;
    if (event.cause.kind === 'recovered') this.started(one);
    this.seen.add(node);
    const batch = [event];
    for (const listener of this.listeners) listener.durable?.(node, batch, high, low, this.now);
    for (let index = 0; index < effects.length; index++) this.effect(node, incarnation, one, index);
  }

  /** A life begins where another one ended, whether or not anybody saw it end. */
  private started({ node, event, high, low }: CollectedEvent): void {
    const first = !this.seen.has(node) || event.sequence <= 2;
    for (const listener of this.listeners) {
      if (!first && !this.down.has(node)) listener.crashed?.(node, 'betweenTurns', this.now);
      if (!first) listener.restarted?.(node, this.now);
      listener.refolded?.(node, event.sequence - 1, high, low, this.now);
    }
    this.down.delete(node);
  }

  private effect(node: NodeId, incarnation: number, { event, effects }: CollectedEvent, index: number): void {
    const effect = effects[index];
    if (effect === undefined) return;
    const now = this.now;
    switch (effect.kind) {
      case 'send': {
        const frame: Frame = { from: node, to: effect.to, incarnation, sequence: event.sequence, index, message: effect.message };
        for (const listener of this.listeners) listener.sent?.(frame, now, event.at);
        return;
      }
      case 'reply':
        for (const listener of this.listeners) listener.replied?.(node, effect.request, effect.answer, now);
        return;
      case 'call':
        for (const listener of this.listeners) listener.called?.(node, event.sequence, index, effect.request, now);
        return;
      case 'fact':
        for (const listener of this.listeners) listener.fact?.(node, effect.fact, event.at, now);
        return;
      default:
        return unreachable(effect);
    }
  }
}
