// The clients of a node, as the boundary knows them. Each connection has a seat, whose number is the client in a request's id;
// a seat is given to another connection when it is free, and goes on numbering its requests. So an answer finds the connection
// that asked, and only that one: what is meant for a connection that is gone, or for one of an earlier life of the process, is
// dropped and counted. The number of requests under way is bounded, for a connection and over all; what is over the bound is
// turned away before anything is kept for it.

import type { Answer } from '../../kernel/effect.ts';
import type { Operation, RequestId } from '../../kernel/event.ts';
import type { OrderAsked } from './api/groups.ts';
import type { Clients } from '../../io/ports.ts';
import { Admission } from './admission.ts';

/** A request that was taken on. `since` is in milliseconds of the monotonic clock. */
interface Open {
  readonly since: number;
  readonly isDecide: boolean;
  readonly answered: (answer: Answer) => void;
}

export interface Connection {
  readonly client: number;
  /** The number of its next request: no other request of this seat has it, in this life of the process or another. */
  next: number;
  readonly open: Map<number, Open>;
}

export interface RequestBounds {
  /** Requests under way, over all connections, at most: see admission.ts. */
  readonly inFlight: number;
  /** Requests under way on one connection. */
  readonly perConnection: number;
  /** A request that the node has not answered after this time is answered here: the node itself may be stuck. */
  readonly patienceMs: number;
}

export interface RequestCounts {
  /** Answers for connections that are gone. */
  abandoned: number;
  /** Requests that were turned away because too many were under way. */
  turnedAway: number;
  /** Requests that nobody answered in time. */
  expired: number;
}

/** What the loop takes requests by. */
export type Ask = (request: RequestId, operation: Asked) => void;

/** What a connection may ask for. */
export type Asked = Operation | OrderAsked;

/** Without a backlog an answer takes some tens of milliseconds. */
const TARGET_MS = 400;
/** What a session has room for: fewer would leave batches half empty. */
const LEAST_IN_FLIGHT = 64;
/** Requests of one seat in one life of the process; the journal may still hold requests of earlier lives. */
const REQUESTS_PER_LIFE = 2 ** 32;
const LIVES = 0xfffff;

export class Requests implements Clients {
  readonly counts: RequestCounts = { abandoned: 0, turnedAway: 0, expired: 0 };
  /** Told of every answer that reached its connection, and how long it took. */
  watched: ((request: RequestId, answer: Answer, isDecide: boolean, tookMs: number) => void) | undefined;
  private readonly ask: Ask;
  private readonly bounds: RequestBounds;
  private readonly now: () => number;
  private readonly admission: Admission;
  /** By seat; place 0 is unused. */
  private readonly seats: (Connection | undefined)[] = [undefined];
  /** Seats that were left, with the number at which they go on. */
  private readonly left: { readonly client: number; readonly next: number }[] = [];
  private readonly firstNumber: number;
  private underWay = 0;

  /** `life`: random bits that tell this life of the process from earlier ones. */
  constructor(ask: Ask, bounds: RequestBounds, life: number, now: () => number = () => performance.now()) {
    this.ask = ask;
    this.bounds = bounds;
    this.admission = new Admission({ most: bounds.inFlight, least: Math.min(LEAST_IN_FLIGHT, bounds.inFlight), targetMs: TARGET_MS });
    this.now = now;
    this.firstNumber = (life & LIVES) * REQUESTS_PER_LIFE + 1;
  }

  get inFlight(): number {
    return this.underWay;
  }

  /** So many may be under way now. */
  get admitted(): number {
    return this.admission.limit;
  }

  /** True if another request would be turned away: so that the boundary can say so before it reads one. */
  get full(): boolean {
    return this.underWay >= this.admission.limit;
  }

  connected(): Connection {
    const seat = this.left.pop() ?? { client: this.seats.length, next: this.firstNumber };
    const connection: Connection = { ...seat, open: new Map() };
    this.seats[seat.client] = connection;
    return connection;
  }

  gone(connection: Connection): void {
    if (this.seats[connection.client] !== connection) return;
    this.seats[connection.client] = undefined;
    this.left.push({ client: connection.client, next: connection.next });
    this.underWay -= connection.open.size;
    connection.open.clear();
  }

  /**
   * Undefined if too much is under way: nothing was done. A connection may have as many requests under way as there is room
   * left: so a few that want everything leave room for others, and one that is alone may have half of it.
   */
  request(connection: Connection, operation: Asked): Promise<Answer> | undefined {
    let taken = false;
    const answer = new Promise<Answer>((answered) => {
      taken = this.take(connection, operation, answered);
    });
    return taken ? answer : undefined;
  }

  /** The same for who would rather be called. False if too much is under way. */
  take(connection: Connection, operation: Asked, answered: (answer: Answer) => void): boolean {
    if (connection.open.size >= Math.min(this.bounds.perConnection, this.admission.limit - this.underWay)) {
      this.counts.turnedAway++;
      return false;
    }
    const number = connection.next++;
    connection.open.set(number, { since: this.now(), isDecide: operation.kind === 'decide' || (operation.kind === 'order' && operation.wish.kind !== 'members'), answered });
    this.admission.took(++this.underWay);
    this.ask({ client: connection.client, number }, operation);
    return true;
  }

  reply(request: RequestId, answer: Answer): void {
    const connection = this.seats[request.client];
    const open = connection?.open.get(request.number);
    if (connection === undefined || open === undefined) {
      this.counts.abandoned++;
      return;
    }
    connection.open.delete(request.number);
    this.underWay--;
    const now = this.now();
    this.admission.answered(now - open.since, now);
    this.watched?.(request, answer, open.isDecide, now - open.since);
    open.answered(answer);
  }

  /** Answers what the node has left unanswered for too long. To be called now and then; and with 0 when the node has ended. */
  expire(patienceMs: number = this.bounds.patienceMs): void {
    const before = this.now() - patienceMs;
    for (const connection of this.seats) {
      for (const [number, open] of connection?.open ?? []) {
        if (open.since > before) break;
        this.counts.expired++;
        this.reply({ client: (connection as Connection).client, number }, open.isDecide ? { kind: 'unknown', why: 'timeout' } : { kind: 'refused', why: 'unreachable' });
      }
    }
  }
}
