// The person who runs the network: gives orders to nodes, as a client does over a link of its own, and hears what came of
// them. An order that nobody answers is forgotten.

import type { GroupId, NodeId } from '../../kernel/base/ids.ts';
import type { Micros } from '../../kernel/base/time.ts';
import type { Answer } from '../../kernel/effect.ts';
import type { RequestId } from '../../kernel/event.ts';
import type { Body as PlanBody } from '../../kernel/plan/op.ts';
import type { Wish } from '../../kernel/raft/message.ts';
import type { Loop } from '../loop.ts';

/** The operator's number among clients; theirs begin at 1. */
export const OPERATOR = 0;
const LINK_US: Micros = 500;
const MAX_WAITING = 64;

export interface OperatorWorld {
  readonly now: Micros;
  at(time: Micros, task: () => void): void;
  host(id: number): { readonly loop: Loop | undefined; readonly pauses: number; attend(): void };
}

type Heard = (answer: Answer) => void;

export class Operator {
  /** Orders given, and those that were answered with what was asked for. */
  given = 0;
  done = 0;
  private readonly world: OperatorWorld;
  private readonly waiting: Map<number, Heard> = new Map();

  constructor(world: OperatorWorld) {
    this.world = world;
  }

  /** A node that is down or stands still does not hear it. */
  order(node: NodeId, group: GroupId, wish: Wish, heard: Heard = () => {}): void {
    this.ask(node, heard, (loop, request) => loop.ordered(request, group, wish));
  }

  /** What somebody says about the plan of a thread, at this node. */
  edit(node: NodeId, thread: string, body: PlanBody, heard: Heard = () => {}): void {
    this.ask(node, heard, (loop, request) => loop.planned(request, thread, body));
  }

  private ask(node: NodeId, heard: Heard, say: (loop: Loop, request: RequestId) => void): void {
    const number = ++this.given;
    this.waiting.set(number, heard);
    if (this.waiting.size > MAX_WAITING) this.waiting.delete(number - MAX_WAITING);
    this.world.at(this.world.now + LINK_US, () => {
      const host = this.world.host(node);
      if (host.loop === undefined || host.pauses > 0) return;
      say(host.loop, { client: OPERATOR, number });
      host.attend();
    });
  }

  hear(request: RequestId, answer: Answer): void {
    this.world.at(this.world.now + LINK_US, () => {
      const heard = this.waiting.get(request.number);
      if (heard === undefined) return;
      this.waiting.delete(request.number);
      if (answer.kind === 'ordered' && answer.verdict === 'done') this.done++;
      heard(answer);
    });
  }
}
