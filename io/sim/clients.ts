// Simulated clients: processes outside the network that ask one node, over a link of their own, and record what they were
// told. A client whose node is down is refused at once (nothing was sent); one whose node dies is cut off and records `unknown`,
// as does one that hears nothing for its time-out. Time-outs are all of one length, so those open stand in the order in which
// they end.

import { assert } from '../../kernel/base/assert.ts';
import { Random } from '../../kernel/base/random.ts';
import type { NodeId } from '../../kernel/base/ids.ts';
import type { Micros } from '../../kernel/base/time.ts';
import type { Answer } from '../../kernel/effect.ts';
import type { Operation, RequestId } from '../../kernel/event.ts';
import type { Invocation } from './evidence.ts';

export interface ClientsWorld {
  readonly now: Micros;
  askAt(at: Micros, invocation: Invocation): void;
  answerAt(at: Micros, request: RequestId, answer: Answer): void;
  invoked(invocation: Invocation): void;
  returned(invocation: Invocation, answer: Answer): void;
}

/** One-way delay between a client and its node. */
const LINK_MIN_US = 200;
const LINK_SPAN_US = 800;
/** Operations that a client has open at first; a power of two. */
const FEW = 16;
const TIMED_OUT: Answer = { kind: 'unknown', why: 'timeout' };
export const UNREACHABLE: Answer = { kind: 'refused', why: 'unreachable' };

/** The open operations of one client: few, with numbers near each other, so that a ring does what a map would. */
class OpenOperations {
  private ring: (Invocation | undefined)[] = new Array<Invocation | undefined>(FEW).fill(undefined);

  add(invocation: Invocation): void {
    while (this.ring[invocation.number & (this.ring.length - 1)] !== undefined) this.grow();
    this.ring[invocation.number & (this.ring.length - 1)] = invocation;
  }

  find(number: number): Invocation | undefined {
    const found = this.ring[number & (this.ring.length - 1)];
    return found !== undefined && found.number === number ? found : undefined;
  }

  has(invocation: Invocation): boolean {
    return this.ring[invocation.number & (this.ring.length - 1)] === invocation;
  }

  remove(invocation: Invocation): void {
    this.ring[invocation.number & (this.ring.length - 1)] = undefined;
  }

  private grow(): void {
    const before = this.ring;
    this.ring = new Array<Invocation | undefined>(2 * before.length).fill(undefined);
    for (const one of before) if (one !== undefined) this.ring[one.number & (this.ring.length - 1)] = one;
  }
}

export class SimClients {
  invoked = 0;
  ok = 0;
  failed = 0;
  unknown = 0;
  /** Answers that came after the client had given up, or a second time. */
  late = 0;

  private readonly world: ClientsWorld;
  private readonly timeoutUs: Micros;
  private random: Random;
  private readonly numbers: number[];
  private readonly open: readonly OpenOperations[];
  /** Slots of operations that have ended, and how many there are in all. */
  private readonly freeSlots: number[] = [];
  private slots = 0;
  /** Oldest first; those that were answered are still in it. */
  private waiting: Invocation[] = [];
  private firstWaiting = 0;

  /** `first`: clients number their requests from there. */
  constructor(world: ClientsWorld, seed: number, clients: number, timeoutUs: Micros, first = 0) {
    this.world = world;
    this.timeoutUs = timeoutUs;
    this.random = Random.of(seed, 'clients');
    this.numbers = Array.from({ length: clients + 1 }, () => first);
    this.open = Array.from({ length: clients + 1 }, () => new OpenOperations());
  }

  get count(): number {
    return this.numbers.length - 1;
  }

  reroll(seed: number): void {
    this.random = Random.of(seed, 'clients');
  }

  /** Client `client` (from 1) asks `node`. */
  invoke(client: number, node: NodeId, operation: Operation, final: boolean): Invocation {
    const number = (this.numbers[client] as number) + 1;
    this.numbers[client] = number;
    const invocation: Invocation = { client, number, slot: this.freeSlots.pop() ?? this.slots++, node, operation, invokedAt: this.world.now, final };
    this.table(client).add(invocation);
    this.waiting.push(invocation);
    this.invoked++;
    this.world.invoked(invocation);
    this.world.askAt(this.world.now + LINK_MIN_US + this.random.below(LINK_SPAN_US), invocation);
    return invocation;
  }

  /** A node's process has nothing to lose with the connection: the answer is under way. */
  reply(request: RequestId, answer: Answer): void {
    this.world.answerAt(this.world.now + LINK_MIN_US + this.random.below(LINK_SPAN_US), request, answer);
  }

  /** An answer reaches its client. */
  hear(request: RequestId, answer: Answer): void {
    const table = this.open[request.client];
    const invocation = table?.find(request.number);
    if (table === undefined || invocation === undefined) {
      this.late++;
      return;
    }
    table.remove(invocation);
    this.settle(invocation, answer);
  }

  /** Ends what has waited too long. */
  expire(): void {
    const limit = this.world.now - this.timeoutUs;
    while (this.firstWaiting < this.waiting.length) {
      const invocation = this.waiting[this.firstWaiting] as Invocation;
      const table = this.table(invocation.client);
      if (table.has(invocation)) {
        if (invocation.invokedAt > limit) break;
        table.remove(invocation);
        this.settle(invocation, TIMED_OUT);
      }
      this.firstWaiting++;
    }
    if (this.firstWaiting < 1_024) return;
    this.waiting = this.waiting.slice(this.firstWaiting);
    this.firstWaiting = 0;
  }

  /** The process of a node was killed: the machine closes its connections, and who waits for it knows that it died. */
  cutOff(node: NodeId): void {
    for (let i = this.firstWaiting; i < this.waiting.length; i++) {
      const invocation = this.waiting[i] as Invocation;
      if (invocation.node === node && this.isOpen(invocation)) this.reply({ client: invocation.client, number: invocation.number }, TIMED_OUT);
    }
  }

  /** How many that were invoked at `time` or later are open. */
  openSince(time: Micros): number {
    let count = 0;
    for (let i = this.firstWaiting; i < this.waiting.length; i++) {
      const invocation = this.waiting[i] as Invocation;
      if (invocation.invokedAt >= time && this.isOpen(invocation)) count++;
    }
    return count;
  }

  /** The run is over: nobody waits any longer. */
  giveUp(): void {
    for (let i = this.firstWaiting; i < this.waiting.length; i++) {
      const invocation = this.waiting[i] as Invocation;
      if (!this.isOpen(invocation)) continue;
      this.table(invocation.client).remove(invocation);
      this.settle(invocation, TIMED_OUT);
    }
  }

  private isOpen(invocation: Invocation): boolean {
    return this.table(invocation.client).has(invocation);
  }

  private table(client: number): OpenOperations {
    const table = this.open[client];
    assert(table !== undefined, 'a client has a number from 1 to the count of clients');
    return table;
  }

  private settle(invocation: Invocation, answer: Answer): void {
    if (answer.kind === 'unknown') this.unknown++;
    else if (answer.kind === 'refused') this.failed++;
    else this.ok++;
    this.world.returned(invocation, answer);
    this.freeSlots.push(invocation.slot);
  }
}
