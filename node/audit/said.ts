// What each node said, by the place in its journal that caused it, against what others have in their journals of it. A frame that
// somebody heard and whose cause is not in its sender's journal left before it was durable, or the journal has lost what it had
// promised: the barrier and the durability of a live node, judged from outside.

import type { Cause } from '../../kernel/event.ts';
import type { NodeId } from '../../kernel/base/ids.ts';
import type { Step } from './collected-journal.ts';

/** Places remembered per node: more than a listener ever lags behind. */
const PLACES = 1 << 16;

interface Spoken {
  readonly sequence: number;
  readonly incarnation: number;
  /** Receiver and hash of the message, in turn. */
  readonly sends: readonly number[];
}

type Heard = Extract<Cause, { kind: 'message' }>;

export class Said {
  /** Frames whose cause was found where it should be. */
  checks = 0;
  private readonly spoken: (Spoken | undefined)[][] = [];

  step(node: NodeId, { event, effects, incarnation }: Step): void {
    const sends: number[] = [];
    for (const effect of effects) if (effect.kind === 'send') sends.push(effect.to, effect.message.hash);
    const places = (this.spoken[node] ??= []);
    places[event.sequence % PLACES] = { sequence: event.sequence, incarnation, sends };
  }

  /** What is wrong with what `listener` heard; undefined if it was said so, or if that place is not remembered. */
  heard(listener: NodeId, { from, sent, incarnation, message }: Heard): string | undefined {
    const spoken = this.spoken[from]?.[sent % PLACES];
    if (spoken?.sequence !== sent) return undefined;
    const { sends } = spoken;
    let found = false;
    for (let i = 0; i < sends.length; i += 2) if (sends[i] === listener && sends[i + 1] === message.hash) found = true;
    if (!found || spoken.incarnation !== incarnation) return `node ${listener} heard "${message.kind}" from incarnation ${incarnation} of node ${from}, caused at place ${sent} of its journal, and its journal has something else there`;
    this.checks++;
    return undefined;
  }
}
