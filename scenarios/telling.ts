// What crosses the ports of a world, told in a line each: for naming the moment at which something was decided.

import type { Answer } from '../kernel/effect.ts';
import type { Event } from '../kernel/event.ts';
import type { Fact } from '../kernel/fact.ts';
import type { NodeId } from '../kernel/base/ids.ts';
import type { Evidence, Invocation, LostWhy } from '../io/sim/evidence.ts';
import type { CrashPoint, Frame } from '../io/ports.ts';

export interface Told {
  readonly text: string;
  /** The larger, the more it says about what goes on. */
  readonly weight: number;
}

/** One entry of a queue is seen in few lines. */
const KEPT = 256;
const FAULT = 6;
const PROCESS = 5;
const CLAIM = 4;
const HEARD = 3;
const DURABLE = 2;
const SAID = 1;

export class Telling implements Evidence {
  /** Of all lines, told or forgotten. */
  count = 0;
  private readonly lines: Told[] = [];

  private tell(weight: number, text: string): void {
    this.count++;
    this.lines.push({ weight, text });
    if (this.lines.length > 2 * KEPT) this.lines.splice(0, KEPT);
  }

  /** The lines after the first `count`, as far as they are remembered. */
  after(count: number): readonly Told[] {
    return this.count <= count ? [] : this.lines.slice(-(this.count - count));
  }

  /** The first of those that say the most. */
  foremost(lines: readonly Told[]): string | undefined {
    let best: Told | undefined;
    for (const line of lines) if (best === undefined || line.weight > best.weight) best = line;
    return best?.text;
  }

  faultBegan(kind: string, nodes: readonly NodeId[]): void {
    this.tell(FAULT, `the fault ${kind} of ${nodesText(nodes)} begins`);
  }

  faultEnded(kind: string, nodes: readonly NodeId[]): void {
    this.tell(FAULT, `the fault ${kind} of ${nodesText(nodes)} ends`);
  }

  healed(): void {
    this.tell(FAULT, 'everything is healed');
  }

  crashed(node: NodeId, point: CrashPoint | 'betweenTurns'): void {
    this.tell(PROCESS, `node ${node} crashes (${point})`);
  }

  stopped(node: NodeId): void {
    this.tell(PROCESS, `node ${node} has stopped`);
  }

  restarted(node: NodeId): void {
    this.tell(PROCESS, `node ${node} is started again`);
  }

  refolded(node: NodeId, sequence: number): void {
    this.tell(PROCESS, `node ${node} has refolded its journal up to event ${sequence}`);
  }

  refused(node: NodeId, reason: string): void {
    this.tell(PROCESS, `node ${node} is out: ${reason}`);
  }

  damaged(node: NodeId): void {
    this.tell(PROCESS, `what node ${node} had acknowledged is damaged`);
  }

  fact(node: NodeId, fact: Fact): void {
    this.tell(CLAIM, `node ${node} announces ${fact.kind}${'group' in fact ? ` in group ${fact.group}` : ''}${'term' in fact ? `, term ${fact.term}` : ''}`);
  }

  delivered(frame: Frame): void {
    this.tell(HEARD, `node ${frame.to} is handed ${messageText(frame)} of node ${frame.from}`);
  }

  invoked({ client, node, operation }: Invocation): void {
    this.tell(HEARD, `client ${client} asks node ${node}: ${operation.kind} ${operation.need}`);
  }

  returned({ client, node, operation }: Invocation, answer: Answer): void {
    this.tell(HEARD, `client ${client} hears "${answer.kind}" of node ${node}: ${operation.kind} ${operation.need}`);
  }

  durable(node: NodeId, events: readonly Event[]): void {
    const first = events[0]?.sequence;
    const last = events.at(-1)?.sequence;
    this.tell(DURABLE, `event${first === last ? '' : 's'} ${first === last ? '' : `${first} to `}${last} of node ${node} ${first === last ? 'is' : 'are'} durable: ${[...new Set(events.map((event) => causeText(event)))].join(', ')}`);
  }

  sent(frame: Frame): void {
    this.tell(SAID, `node ${frame.from} sends ${messageText(frame)} to node ${frame.to}`);
  }

  lost(frame: Frame, reason: LostWhy): void {
    this.tell(SAID, `${messageText(frame)} of node ${frame.from} to node ${frame.to} is lost (${reason})`);
  }
}

function nodesText(nodes: readonly NodeId[]): string {
  return nodes.length === 0 ? 'all nodes' : `node${nodes.length === 1 ? '' : 's'} ${nodes.join(', ')}`;
}

function causeText({ cause }: Event): string {
  return cause.kind === 'message' ? `${cause.message.kind} of node ${cause.from}` : cause.kind;
}

function messageText({ message }: Frame): string {
  return `${message.kind}${'group' in message ? ` of group ${message.group}` : ''}${'term' in message ? `, term ${message.term},` : ''}`;
}
