// Actors of the swarm, outside the network of nodes: each hands what it has signed to some node, over a link of its own, and
// hears whether it was taken. What is no envelope, or is not signed, is turned away before the node's loop hears of it.

import type { NodeId } from '../../kernel/base/ids.ts';
import { Random } from '../../kernel/base/random.ts';
import type { Micros } from '../../kernel/base/time.ts';
import type { Answer } from '../../kernel/effect.ts';
import type { RequestId } from '../../kernel/event.ts';
import type { Loop } from '../loop.ts';
import type { EnvelopeVerifier } from './scheme.ts';

/** Their number among clients, above that of any other. */
export const PUBLISHER = 0x10000000;
const LINK_MIN_US = 200;
const LINK_SPAN_US = 800;
const MAX_WAITING = 4_096;

export interface PublishersWorld {
  readonly now: Micros;
  readonly seed: number;
  readonly envelopes: EnvelopeVerifier;
  at(time: Micros, task: () => void): void;
  host(id: number): { readonly loop: Loop | undefined; readonly pauses: number; attend(): void };
}

/** `turnedAway`: at the door, with a reason that the node never heard of. */
export type Heard = (answer: Answer | { readonly kind: 'turnedAway'; readonly reason: string }) => void;

export class Publishers {
  given = 0;
  taken = 0;
  turnedAway = 0;
  private readonly world: PublishersWorld;
  private random: Random;
  private readonly waiting: Map<number, Heard> = new Map();

  constructor(world: PublishersWorld) {
    this.world = world;
    this.random = Random.of(world.seed, 'publishers');
  }

  reroll(seed: number): void {
    this.random = Random.of(seed, 'publishers');
  }

  /** A node that is down or stands still does not hear it, and then nobody answers. */
  publish(node: NodeId, bytes: Uint8Array, heard: Heard): void {
    const number = ++this.given;
    this.waiting.set(number, heard);
    if (this.waiting.size > MAX_WAITING) this.waiting.delete(this.waiting.keys().next().value as number);
    this.later(() => {
      const host = this.world.host(node);
      if (host.loop === undefined || host.pauses > 0) return;
      const examined = this.world.envelopes.examine(bytes);
      if (!examined.ok) {
        this.turnedAway++;
        return this.answer(number, { kind: 'turnedAway', reason: examined.reason });
      }
      host.loop.published({ client: PUBLISHER, number }, examined.message);
      host.attend();
    });
  }

  hear(request: RequestId, answer: Answer): void {
    if (answer.kind === 'published') this.taken++;
    this.answer(request.number, answer);
  }

  private answer(number: number, answer: Parameters<Heard>[0]): void {
    this.later(() => {
      const heard = this.waiting.get(number);
      this.waiting.delete(number);
      heard?.(answer);
    });
  }

  private later(task: () => void): void {
    this.world.at(this.world.now + LINK_MIN_US + this.random.below(LINK_SPAN_US), task);
  }
}
