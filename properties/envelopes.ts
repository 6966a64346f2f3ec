// Each node accepts an envelope at most once in its life, and only one that is sound; it passes on and confirms nothing else, and
// what it refuses deserves it. Judged from journals, replies and frames, with a reader and a memory of our own: ours keeps
// everything, the node's must do with little. Facts say which of the journalled envelopes were accepted; what was not announced
// before a crash may have been.

import { sha256 } from '../kernel/base/hash.ts';
import type { NodeId } from '../kernel/base/ids.ts';
import type { Micros } from '../kernel/base/time.ts';
import type { Answer } from '../kernel/effect.ts';
import type { Cause, Event, RequestId } from '../kernel/event.ts';
import type { Fact } from '../kernel/fact.ts';
import type { Frame } from '../io/ports.ts';
import type { Property, RunView, Watch, WorldView } from '../io/sim/evidence.ts';
import { readEnvelope, type EnvelopeRead } from './envelope-reading.ts';
import { Verdicts } from './verdict.ts';

/** Ids, and envelopes journalled and not yet spoken of, that are remembered of each node. */
const REMEMBERED = 65_536;
const WAITING = 8_192;
const AHEAD = 1_048_576;

interface Journalled {
  readonly from: number;
  readonly wall: Micros;
  readonly sequence: number;
  readonly read: EnvelopeRead;
}

/** What one node has done with envelopes in its present life. */
interface Ledger {
  judged: boolean;
  waiting: Journalled[];
  /** By id; false: it is not known whether it was. */
  readonly accepted: Map<string, boolean>;
  /** By sender and Lamport time. */
  readonly spoken: Map<string, string>;
  /** Its logical time is between the two. */
  clockLeast: number;
  clockMost: number;
  refusals: Map<string, string>;
}

const fresh = (): Ledger => ({ judged: true, waiting: [], accepted: new Map(), spoken: new Map(), clockLeast: 0, clockMost: 0, refusals: new Map() });

class Envelopes extends Verdicts {
  private readonly ledgers: Ledger[];
  private readonly genesis: string;
  private readonly reads: WeakMap<Uint8Array, EnvelopeRead> = new WeakMap();

  constructor(run: RunView) {
    super('envelopes', run);
    this.genesis = sha256(`lockstep genesis ${run.parameters.network}`);
    this.ledgers = Array.from({ length: run.parameters.nodes + 1 }, fresh);
  }

  private ledger(node: NodeId): Ledger {
    return this.ledgers[node] as Ledger;
  }

  goesOnFrom(): void {
    for (const ledger of this.ledgers) ledger.judged = false;
  }

  beginsAmid(node: NodeId): void {
    this.ledger(node).judged = false;
  }

  damaged(node: NodeId): void {
    this.ledger(node).judged = false;
  }

  durable(node: NodeId, events: readonly Event[], _high: number, _low: number, now: Micros): void {
    for (const event of events) {
      const { cause } = event;
      // Only an empty disk forgets; who begins anew because peers refused it still knows what it heard.
      if (cause.kind === 'boot') this.ledgers[node] = fresh();
      else if (cause.kind === 'publish') this.journalled(node, event, cause.message, 0, now);
      else if (cause.kind === 'message' && cause.message.kind === 'envelope') this.journalled(node, event, cause.message, cause.from, now);
    }
  }

  private journalled(node: NodeId, event: Event, message: Extract<Cause, { kind: 'publish' }>['message'], from: number, now: Micros): void {
    const ledger = this.ledger(node);
    if (!ledger.judged) return;
    const read = this.read(message.bytes);
    if (read === undefined || message.genesis !== this.genesis) return this.violated(now, [node], `node ${node} let in something that is no envelope of this network`, [], event.sequence);
    ledger.waiting.push({ from, wall: event.wall, sequence: event.sequence, read });
    if (ledger.waiting.length > WAITING) this.doubt(ledger, ledger.waiting.splice(0, WAITING / 2));
  }

  private read(bytes: Uint8Array): EnvelopeRead | undefined {
    let read = this.reads.get(bytes);
    if (read === undefined) {
      read = readEnvelope(bytes, this.genesis);
      if (read !== undefined) this.reads.set(bytes, read);
    }
    return read;
  }

  /** Its process ended: what it did with these it may never have announced. */
  restarted(node: NodeId): void {
    const ledger = this.ledger(node);
    this.doubt(ledger, ledger.waiting);
    ledger.waiting = [];
  }

  private doubt(ledger: Ledger, left: readonly Journalled[]): void {
    for (const { read } of left) {
      if (!read.valid || ledger.accepted.has(read.id)) continue;
      this.remember(ledger, read, false);
      if (read.lamport <= ledger.clockMost + AHEAD) ledger.clockMost = Math.max(ledger.clockMost, read.lamport) + 1;
    }
  }

  private remember(ledger: Ledger, read: EnvelopeRead, certain: boolean): void {
    ledger.accepted.set(read.id, certain);
    if (certain) ledger.spoken.set(`${read.sender} ${read.lamport}`, read.id);
    for (const map of [ledger.accepted, ledger.spoken]) if (map.size > REMEMBERED) map.delete(map.keys().next().value as string);
  }

  fact(node: NodeId, fact: Fact, _at: Micros, now: Micros): void {
    if (fact.kind !== 'envelopeAccepted' && fact.kind !== 'envelopeRefused') return;
    const ledger = this.ledger(node);
    if (!ledger.judged) return;
    const place = ledger.waiting.findIndex((one) => one.read.id === fact.id && one.from === fact.from);
    if (place < 0) return this.violated(now, [node], `node ${node} announced an envelope that its journal does not hold`, [`id ${fact.id}`]);
    const journalled = ledger.waiting[place] as Journalled;
    // Those before it were repeated, or came from a peer that was not listened to.
    ledger.waiting.splice(0, place + 1);
    if (fact.kind === 'envelopeAccepted') this.accepted(node, ledger, journalled, fact, now);
    else this.refusedIt(node, ledger, journalled, fact.reason, now);
  }

  private accepted(node: NodeId, ledger: Ledger, { read, wall, sequence }: Journalled, fact: Extract<Fact, { kind: 'envelopeAccepted' }>, now: Micros): void {
    this.checks++;
    const why = this.unsound(ledger, read, wall);
    const wrong = (what: string): void => this.violated(now, [node], `node ${node} accepted an envelope ${what}`, [`id ${read.id}`, `${read.kind} of ${read.sender} at lamport ${read.lamport}`], sequence);
    if (why !== undefined) return wrong(why);
    if (fact.sender !== read.sender || fact.lamport !== read.lamport || fact.verb !== read.kind) return wrong('and announced it as another');
    this.remember(ledger, read, true);
    ledger.clockLeast = Math.max(ledger.clockLeast, read.lamport) + 1;
    ledger.clockMost = Math.max(ledger.clockMost, read.lamport) + 1;
  }

  private unsound(ledger: Ledger, read: EnvelopeRead, wall: Micros): string | undefined {
    if (ledger.accepted.get(read.id) === true) return 'twice';
    if (!read.valid) return 'whose payload breaks a rule of its kind';
    if (ledger.spoken.has(`${read.sender} ${read.lamport}`)) return 'of a sender that had said something else at that time';
    if (read.lamport > ledger.clockMost + AHEAD) return 'that is too far ahead of it';
    const { freshUs, aheadUs } = this.run.parameters.swarm;
    return read.tsUs < wall - freshUs || read.tsUs > wall + aheadUs ? 'that is too old or not yet said' : undefined;
  }

  private refusedIt(node: NodeId, ledger: Ledger, { read, wall, sequence }: Journalled, reason: string, now: Micros): void {
    this.checks++;
    if (!this.isTrue(ledger, read, wall, reason)) this.violated(now, [node], `node ${node} refused an envelope for a reason that is none`, [`id ${read.id}`, `reason ${reason}`], sequence);
  }

  private isTrue(ledger: Ledger, read: EnvelopeRead, wall: Micros, reason: string): boolean {
    const { freshUs, aheadUs } = this.run.parameters.swarm;
    switch (reason) {
      case 'lamportTooFarAhead':
        return read.lamport > ledger.clockLeast + AHEAD;
      case 'stale':
        return read.tsUs < wall - freshUs;
      case 'fromTheFuture':
        return read.tsUs > wall + aheadUs;
      case 'equivocation': {
        const said = ledger.spoken.get(`${read.sender} ${read.lamport}`);
        return said === undefined ? [...ledger.accepted.values()].includes(false) : said !== read.id;
      }
      // Something as late was accepted: how much of it is remembered is the node's affair.
      case 'replayed':
      case 'unknownAndOld':
        return read.lamport < ledger.clockMost;
      default:
        return !read.valid && reason.startsWith(`${read.kind}.`);
    }
  }

  sent(frame: Frame, now: Micros): void {
    if (frame.message.kind !== 'envelope') return;
    const ledger = this.ledger(frame.from);
    if (!ledger.judged) return;
    this.checks++;
    if (!ledger.accepted.has(frame.message.envelope.id)) this.violated(now, [frame.from], `node ${frame.from} passed on an envelope that it had not accepted`, [`id ${frame.message.envelope.id}`], frame.sequence);
  }

  replied(node: NodeId, _request: RequestId, answer: Answer, now: Micros): void {
    if (answer.kind !== 'published') return;
    const ledger = this.ledger(node);
    if (!ledger.judged) return;
    this.checks++;
    if (!ledger.accepted.has(answer.id)) this.violated(now, [node], `node ${node} confirmed an envelope that it had not accepted`, [`id ${answer.id}`]);
  }

  finished(world: WorldView): void {
    const { senders, window } = this.run.parameters.swarm;
    for (const { id, kernel } of world.nodes) {
      const seen = kernel?.image().swarm.seen;
      if (seen === undefined) continue;
      if (seen.senders.length > senders || seen.senders.some((one) => one.ids.length > window || one.ids.length !== one.lamports.length)) {
        this.violated(world.now, [id], `node ${id} remembers more envelopes than it has bounds for`, [`${seen.senders.length} senders`]);
      }
    }
  }
}

export const envelopes: Property = {
  id: 'envelopes',
  claim: 'A node accepts each envelope at most once in its life, and only sound ones; it relays and confirms no others, and remembers few',
  kind: 'safety',
  scope: 'local',
  watch: (run: RunView): Watch => new Envelopes(run),
};
