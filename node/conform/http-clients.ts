// Clients of live nodes, over HTTP, who record what they asked and what they were told as simulated ones do. What a status
// means is read back into the answer it was made of. A request that cannot have arrived was refused; one whose answer did not
// come, or was cut off, is unknown.

import { Agent, request } from 'node:http';
import type { NodeId } from '../../kernel/base/ids.ts';
import { MS, type Micros } from '../../kernel/base/time.ts';
import type { Answer } from '../../kernel/effect.ts';
import type { Operation } from '../../kernel/event.ts';
import type { Invocation } from '../../io/sim/evidence.ts';
import { answerOf as meaningOf } from '../crash/history.ts';

export interface ClientsWorld {
  readonly now: Micros;
  invoked(invocation: Invocation): void;
  returned(invocation: Invocation, answer: Answer): void;
}

/** Where a node is asked. */
export interface ClientPlace {
  readonly host: string;
  readonly httpPort: number;
}

const UNKNOWN: Answer = { kind: 'unknown', why: 'timeout' };
const UNREACHABLE: Answer = { kind: 'refused', why: 'unreachable' };
/** Connections to one node; a client that finds none free waits for one. */
const CONNECTIONS = 64;
const MAX_ANSWER = 64 * 1024;

export class HttpClients {
  private readonly world: ClientsWorld;
  private readonly timeoutUs: Micros;
  private readonly places: readonly ClientPlace[];
  private readonly agent: Agent = new Agent({ keepAlive: true, maxSockets: CONNECTIONS, maxFreeSockets: CONNECTIONS });
  private readonly numbers: number[] = [];
  private readonly freeSlots: number[] = [];
  private slots = 0;
  private readonly open: Set<Invocation> = new Set();

  /** `places`: by node, from place 0. */
  constructor(world: ClientsWorld, places: readonly ClientPlace[], timeoutUs: Micros) {
    this.world = world;
    this.places = places;
    this.timeoutUs = timeoutUs;
  }

  invoke(client: number, node: NodeId, operation: Operation, final: boolean): void {
    const number = (this.numbers[client] ?? 0) + 1;
    this.numbers[client] = number;
    const invocation: Invocation = { client, number, slot: this.freeSlots.pop() ?? this.slots++, node, operation, invokedAt: this.world.now, final };
    this.open.add(invocation);
    this.world.invoked(invocation);
    this.ask(invocation);
  }

  /** How many that were invoked at `time` or later are open. */
  openSince(time: Micros): number {
    let count = 0;
    for (const invocation of this.open) if (invocation.invokedAt >= time) count++;
    return count;
  }

  /** Nobody waits any longer. */
  end(): void {
    for (const invocation of this.open) this.settle(invocation, UNKNOWN);
    this.agent.destroy();
  }

  private ask(invocation: Invocation): void {
    const { operation, node } = invocation;
    const body = operation.kind === 'decide' ? JSON.stringify({ need: operation.need, proposal: operation.proposal, kPlan: operation.kPlan }) : undefined;
    let connected = false;
    const asked = request({
      ...this.placeOf(node), agent: this.agent, timeout: this.timeoutUs / MS,
      ...(body === undefined ? { method: 'GET', path: `/v1/decide/${operation.need}` } : { method: 'POST', path: '/v1/decide', headers: { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) } }),
    });
    const late = setTimeout(() => asked.destroy(), this.timeoutUs / MS);
    asked.on('socket', (socket) => {
      if (!socket.connecting) connected = true;
      else socket.once('connect', () => (connected = true));
    });
    asked.on('response', (response) => {
      let text = '';
      response.setEncoding('utf8');
      response.on('data', (more: string) => {
        if (text.length < MAX_ANSWER) text += more;
      });
      response.on('error', () => undefined);
      response.on('close', () => {
        clearTimeout(late);
        this.settle(invocation, response.complete ? answerOf(operation, response.statusCode ?? 0, text) : UNKNOWN);
      });
    });
    asked.on('error', (error: NodeJS.ErrnoException) => {
      clearTimeout(late);
      this.settle(invocation, !connected && error.code === 'ECONNREFUSED' ? UNREACHABLE : UNKNOWN);
    });
    asked.end(body);
  }

  private placeOf(node: NodeId): { readonly host: string; readonly port: number } {
    const { host, httpPort } = this.places[node - 1] as ClientPlace;
    return { host, port: httpPort };
  }

  private settle(invocation: Invocation, answer: Answer): void {
    if (!this.open.delete(invocation)) return;
    this.world.returned(invocation, answer);
    this.freeSlots.push(invocation.slot);
  }
}

/** What the node meant; an answer that is no JSON may have been anything. */
export function answerOf(operation: Operation, status: number, text: string): Answer {
  let body: unknown;
  try {
    body = JSON.parse(text);
  } catch {
    return UNKNOWN;
  }
  return meaningOf({ status, body, ...(operation.kind === 'decide' ? { proposal: operation.proposal } : {}) });
}
