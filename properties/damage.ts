// Voters that are not themselves any more. A node whose acknowledged state was damaged (an old backup put back, most of all)
// may have forgotten what it promised; whoever heard more from it than it remembers must not count on it again. Whoever heard
// no more may: nothing was forgotten between the two. What each node has heard is read from its journal.

import type { Frame } from '../io/ports.ts';
import type { NodeId } from '../kernel/base/ids.ts';
import type { Cause, Event } from '../kernel/event.ts';
import type { JournalReader, Journals } from './journals.ts';

export class Damage implements JournalReader {
  private readonly nodes: number;
  /** 1: damaged, and has not started since; 2: has. */
  private readonly state: Uint8Array;
  /** By listener, then by speaker: the incarnation it last took for true, and the furthest place it heard of it. */
  private readonly incarnation: Float64Array;
  private readonly place: Float64Array;
  private readonly estranged: Uint8Array;

  constructor(nodes: number, journals: Journals) {
    this.nodes = nodes + 1;
    this.state = new Uint8Array(this.nodes);
    this.incarnation = new Float64Array(this.nodes * this.nodes);
    this.place = new Float64Array(this.nodes * this.nodes);
    this.estranged = new Uint8Array(this.nodes * this.nodes);
    journals.read(this);
  }

  damaged(node: NodeId): void {
    this.state[node] = 1;
    // What it has heard itself is forgotten in part; how much is not known.
    this.incarnation.fill(0, node * this.nodes, (node + 1) * this.nodes);
    this.place.fill(0, node * this.nodes, (node + 1) * this.nodes);
  }

  /** Something that the node had acknowledged was damaged, ever. */
  wasDamaged(node: NodeId): boolean {
    return this.state[node] !== 0;
  }

  /** The node was damaged and started again. */
  isSuspect(node: NodeId): boolean {
    return this.state[node] === 2;
  }

  /** Whether who gets the frame may count on who sent it. */
  admits(frame: Frame): boolean {
    return this.state[frame.from] !== 2 || this.estranged[frame.to * this.nodes + frame.from] === 0;
  }

  /**
   * The same of what stands in a journal. What is older than the life that its hearer knows of is not counted by it; what is of that
   * very life was said before the damage, though it may have waited for its turn: its hearer remembers it from here on.
   */
  countsOn(node: NodeId, cause: Extract<Cause, { kind: 'message' }>): boolean {
    const pair = node * this.nodes + cause.from;
    const known = this.incarnation[pair] as number;
    return cause.incarnation >= known && (this.state[cause.from] !== 2 || this.estranged[pair] === 0 || cause.incarnation === known);
  }

  heard(node: NodeId, cause: Extract<Cause, { kind: 'message' }>): void {
    const pair = node * this.nodes + cause.from;
    const message = cause.message;
    let place = cause.sent;
    if (message.kind === 'hello') {
      if (message.refused || message.incarnation <= (this.incarnation[pair] as number) || message.resumed <= (this.place[pair] as number)) return;
      this.incarnation[pair] = message.incarnation;
      place = message.resumed;
    } else if (cause.incarnation !== this.incarnation[pair]) return;
    if (place > (this.place[pair] as number)) this.place[pair] = place;
  }

  /** In another life it is asked for nothing that it promised before, and heard for nothing either. */
  private begins(node: NodeId): void {
    this.state[node] = 0;
    for (let listener = 1; listener < this.nodes; listener++) this.estranged[listener * this.nodes + node] = 0;
  }

  recovered(node: NodeId, event: Event, cause: Extract<Cause, { kind: 'recovered' }>): void {
    if (cause.reborn) return this.begins(node);
    if (this.state[node] === 0) return;
    this.state[node] = 2;
    for (let listener = 1; listener < this.nodes; listener++) {
      const pair = listener * this.nodes + node;
      if (cause.incarnation <= (this.incarnation[pair] as number) || event.sequence <= (this.place[pair] as number)) this.estranged[pair] = 1;
    }
  }
}
