// Envelopes at a node: whether one is heard, and who hears it next. Its form and its signature were checked at the boundary;
// here it is judged by the rules of its kind, by logical time, by its age, and by what was accepted before. What is accepted
// goes to the nodes 1, 2, 4, 8, ... places further in the member list, each of which does the same: a few steps reach all, and
// no single loss leaves anybody out. What is refused is told to whom it came from.

import type { Codec, Reader, Writer } from '../base/codec.ts';
import { nodeId, type NodeId } from '../base/ids.ts';
import type { Context } from '../context.ts';
import type { RequestId } from '../event.ts';
import type { SwarmParameters } from '../parameters.ts';
import { genesisOf, type Envelope } from './envelope.ts';
import { afterHearing, isTooFarAhead } from './lamport.ts';
import { envelopeRefused, type EnvelopeMessage, type EnvelopeRefused, type SwarmMessage } from './message.ts';
import { Broken } from './schema.ts';
import { Seen, seenImageCodec, type SeenFault, type SeenImage } from './seen.ts';

/** `<KIND>.<field>.<rule>` for a payload that breaks a rule of its kind. */
export type EnvelopeRefusal = 'otherNetwork' | 'lamportTooFarAhead' | 'stale' | 'fromTheFuture' | SeenFault | `${string}.${string}`;

export interface SwarmImage {
  readonly lamport: number;
  readonly accepted: number;
  readonly refused: number;
  readonly seen: SeenImage;
}

const CLIENT: NodeId = nodeId(0);

export class Swarm {
  private readonly self: NodeId;
  private readonly nodes: number;
  private readonly genesis: string;
  private readonly parameters: SwarmParameters;
  private readonly seen: Seen;
  private lamport = 0;
  private accepted = 0;
  private refused = 0;

  constructor(self: NodeId, nodes: number, network: string, parameters: SwarmParameters) {
    this.self = self;
    this.nodes = nodes;
    this.genesis = genesisOf(network);
    this.parameters = parameters;
    this.seen = new Seen(parameters);
  }

  /** A client hands over what it has signed. The same once more has the same answer. */
  publish(ctx: Context, request: RequestId, message: EnvelopeMessage): void {
    const { id } = message.envelope;
    const fault = this.fault(ctx, message);
    if (fault === undefined) this.accept(ctx, CLIENT, message);
    else if (fault !== 'duplicate') {
      this.refuse(ctx, CLIENT, id, fault);
      return ctx.reply(request, { kind: 'envelopeRefused', id, reason: fault, lamport: this.lamport });
    }
    ctx.reply(request, { kind: 'published', id, lamport: this.lamport });
  }

  heard(ctx: Context, from: NodeId, message: SwarmMessage): void {
    if (message.kind === 'envelopeRefused') return this.wasRefused(ctx, from, message);
    const fault = this.fault(ctx, message);
    if (fault === undefined) return this.accept(ctx, from, message);
    // Several peers bring the same: nobody did anything wrong.
    if (fault === 'duplicate') return;
    this.refuse(ctx, from, message.envelope.id, fault);
    ctx.send(from, envelopeRefused(message.envelope.id, fault, this.lamport));
  }

  private fault(ctx: Context, { genesis, envelope }: EnvelopeMessage): EnvelopeRefusal | undefined {
    if (genesis !== this.genesis) return 'otherNetwork';
    if (envelope.said instanceof Broken) return `${envelope.kind}.${envelope.said.rule}`;
    return this.seen.fault(envelope.sender, envelope.lamport, envelope.id) ?? this.timeFault(ctx, envelope);
  }

  /** Age is judged by a calendar that may be wrong: it keeps out what nobody needs any more, and nothing rests on it. */
  private timeFault(ctx: Context, envelope: Envelope): EnvelopeRefusal | undefined {
    if (isTooFarAhead(this.lamport, envelope.lamport)) return 'lamportTooFarAhead';
    const sentUs = Number(envelope.tsNs / 1_000n);
    if (sentUs < ctx.wall - this.parameters.freshUs) return 'stale';
    if (sentUs > ctx.wall + this.parameters.aheadUs) return 'fromTheFuture';
    return undefined;
  }

  private accept(ctx: Context, from: NodeId, message: EnvelopeMessage): void {
    const { id, sender, lamport, kind } = message.envelope;
    this.seen.add(sender, lamport, id);
    this.lamport = afterHearing(this.lamport, lamport);
    this.accepted++;
    ctx.fact({ kind: 'envelopeAccepted', id, verb: kind, sender, lamport, from });
    for (let step = 1; step < this.nodes; step *= 2) {
      const to = nodeId(((this.self - 1 + step) % this.nodes) + 1);
      if (to !== from) ctx.send(to, message);
    }
  }

  private refuse(ctx: Context, from: NodeId, id: string, reason: EnvelopeRefusal): void {
    this.refused++;
    ctx.fact({ kind: 'envelopeRefused', id, reason, from });
  }

  private wasRefused(ctx: Context, peer: NodeId, { id, reason }: EnvelopeRefused): void {
    ctx.fact({ kind: 'envelopeRefusedBy', peer, id, reason });
  }

  image(): SwarmImage {
    return { lamport: this.lamport, accepted: this.accepted, refused: this.refused, seen: this.seen.image() };
  }

  restore(image: SwarmImage): void {
    this.lamport = image.lamport;
    this.accepted = image.accepted;
    this.refused = image.refused;
    this.seen.restore(image.seen);
  }
}

export const swarmImageCodec: Codec<SwarmImage> = {
  write(w: Writer, image: SwarmImage): void {
    w.array(4);
    w.uint(image.lamport);
    w.uint(image.accepted);
    w.uint(image.refused);
    seenImageCodec.write(w, image.seen);
  },
  read(r: Reader): SwarmImage {
    r.tuple(4);
    return { lamport: r.uint(), accepted: r.uint(), refused: r.uint(), seen: seenImageCodec.read(r) };
  },
};
