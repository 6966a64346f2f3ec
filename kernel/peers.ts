// Who is at the other end. Every node says hello, signed, when it starts: its incarnation, fresh entropy, and the place in
// its journal from which it goes on. Peers remember the last place they heard from. A node that comes back older than it
// was (a restored backup, a cloned disk, a tail that was lost) may have forgotten a vote, and is refused.

import { type Codec, type Reader, type Writer } from './base/codec.ts';
import { assert } from './base/assert.ts';
import { nodeId, type NodeId } from './base/ids.ts';
import { NEVER, SECOND, type Micros } from './base/time.ts';
import type { Context } from './context.ts';
import { hello, helloText, type Hello, type Remembered } from './hello.ts';

/** What is remembered of one peer. */
export interface Peer {
  /** 0: it has not said hello yet. */
  incarnation: number;
  tag: number;
  /** The furthest place in its journal it has spoken from. */
  heard: number;
  /** When we last asked it to say hello. */
  asked: Micros;
}

export interface PeersImage {
  readonly incarnation: number;
  readonly tag: number;
  readonly resumed: number;
  readonly signature: string;
  readonly signing: number;
  readonly outcast: boolean;
  readonly peers: readonly Peer[];
}

const ASK_EVERY: Micros = SECOND;

export class Peers {
  private readonly self: NodeId;
  private readonly nodes: number;
  private readonly network: string;
  private readonly slot: number;
  private incarnation = 0;
  private tag = 0;
  private resumed = 0;
  private signature = '';
  /** Journal sequence of the signer call that is open; 0 if none is. */
  private signing = 0;
  private refused = false;
  /** By node id; place 0 is unused. */
  private readonly peers: Peer[];

  constructor(self: NodeId, nodes: number, network: string, slot: number) {
    this.self = self;
    this.nodes = nodes;
    this.network = network;
    this.slot = slot;
    this.peers = Array.from({ length: nodes + 1 }, () => ({ incarnation: 0, tag: 0, heard: 0, asked: 0 }));
  }

  /** True once a peer has shown that this node forgot something: it must not take part any more. */
  get outcast(): boolean {
    return this.refused;
  }

  recovered(ctx: Context, incarnation: number, tag: number): void {
    assert(incarnation > this.incarnation, 'incarnations only grow');
    this.incarnation = incarnation;
    this.tag = tag;
    this.resumed = ctx.sequence;
    this.signature = '';
    this.askForSignature(ctx);
  }

  /** The signer has not answered: ask again. */
  due(ctx: Context): void {
    if (this.signature === '') this.askForSignature(ctx);
  }

  signed(ctx: Context, sequence: number, signature: string): void {
    if (sequence !== this.signing || this.signature !== '') return;
    this.signing = 0;
    this.signature = signature;
    ctx.deadline(this.slot, NEVER);
    for (let peer = 1; peer <= this.nodes; peer++) if (peer !== this.self) this.greet(ctx, nodeId(peer), true);
  }

  /** Whether what `from` says under `incarnation`, from place `sent` of its journal, may be heard at all. */
  admits(ctx: Context, from: NodeId, incarnation: number, sent: number): boolean {
    const peer = this.peers[from];
    // Nobody is node 0, and nobody lives incarnation 0: both stand for what is not known yet.
    if (peer === undefined || from === this.self || from === 0 || incarnation === 0) return false;
    if (peer.incarnation === incarnation) {
      if (sent > peer.heard) peer.heard = sent;
      return true;
    }
    if (incarnation > peer.incarnation && ctx.at - peer.asked >= ASK_EVERY && this.signature !== '') {
      peer.asked = ctx.at;
      this.greet(ctx, from, true);
    }
    return false;
  }

  /** A hello whose signature the boundary has verified. */
  hello(ctx: Context, from: NodeId, incarnation: number, message: Hello): void {
    const peer = this.peers[from];
    if (peer === undefined || from === this.self || from === 0 || incarnation === 0 || incarnation !== message.incarnation) return;
    if (message.refused) return this.wasRefused(ctx, from, message);
    const why = this.fault(peer, message);
    if (why !== undefined) {
      ctx.fact({ kind: 'peerRefused', peer: from, why });
      return this.refuse(ctx, from, message.incarnation, peer);
    }
    peer.incarnation = message.incarnation;
    peer.tag = message.tag;
    if (message.resumed > peer.heard) peer.heard = message.resumed;
    if (message.greet) this.greet(ctx, from, false);
  }

  /** What is wrong with who says this, for somebody who remembers that. */
  private fault(peer: Remembered, message: Pick<Hello, 'incarnation' | 'tag' | 'resumed'>): 'olderIncarnation' | 'cameBackOlder' | 'sameIncarnationTwice' | undefined {
    if (message.incarnation < peer.incarnation) return 'olderIncarnation';
    if (message.incarnation === peer.incarnation) return message.tag === peer.tag ? undefined : 'sameIncarnationTwice';
    return message.resumed <= peer.heard ? 'cameBackOlder' : undefined;
  }

  /**
   * A refusal meant for an earlier life of ours does not count, and neither does one that does not show what we forgot: we judge
   * ourselves by what the peer remembers, as it should have. So a peer that is mistaken does not silence a node that is sound.
   * One that makes up what it remembers is outside the fault model, like one that votes twice: voters are named, and fail by
   * crashing.
   */
  private wasRefused(ctx: Context, from: NodeId, message: Hello): void {
    if (this.refused || message.answers !== this.incarnation) return;
    const own = { incarnation: this.incarnation, tag: this.tag, resumed: this.resumed };
    if (this.fault(message.remembered, own) === undefined) return ctx.fact({ kind: 'refusalIgnored', peer: from });
    this.refused = true;
    ctx.fact({ kind: 'refusedByPeer', peer: from });
  }

  private askForSignature(ctx: Context): void {
    ctx.call({ service: 'signer', bytes: helloText(this.network, this.self, this.incarnation, this.tag, this.resumed) });
    this.signing = ctx.sequence;
    ctx.deadline(this.slot, ctx.at + ASK_EVERY);
  }

  private greet(ctx: Context, to: NodeId, greet: boolean): void {
    if (this.signature === '') return;
    ctx.send(to, hello(this.incarnation, this.tag, this.resumed, this.signature, greet, false, 0));
  }

  private refuse(ctx: Context, to: NodeId, answers: number, { incarnation, tag, heard }: Peer): void {
    if (this.signature === '') return;
    ctx.send(to, hello(this.incarnation, this.tag, this.resumed, this.signature, false, true, answers, { incarnation, tag, heard }));
  }

  image(): PeersImage {
    return {
      incarnation: this.incarnation, tag: this.tag, resumed: this.resumed, signature: this.signature, signing: this.signing,
      outcast: this.refused, peers: this.peers.map(copyPeer),
    };
  }

  restore(image: PeersImage): void {
    this.incarnation = image.incarnation;
    this.tag = image.tag;
    this.resumed = image.resumed;
    this.signature = image.signature;
    this.signing = image.signing;
    this.refused = image.outcast;
    this.peers.splice(0, this.peers.length, ...image.peers.map(copyPeer));
  }
}

const copyPeer = (peer: Peer): Peer => ({ incarnation: peer.incarnation, tag: peer.tag, heard: peer.heard, asked: peer.asked });

const peerCodec: Codec<Peer> = {
  write(w: Writer, peer: Peer): void {
    w.array(4);
    w.uint(peer.incarnation);
    w.uint(peer.tag);
    w.uint(peer.heard);
    w.uint(peer.asked);
  },
  read(r: Reader): Peer {
    r.tuple(4);
    return { incarnation: r.uint(), tag: r.uint(), heard: r.uint(), asked: r.uint() };
  },
};

export const peersImageCodec: Codec<PeersImage> = {
  write(w: Writer, image: PeersImage): void {
    w.array(7);
    w.uint(image.incarnation);
    w.uint(image.tag);
    w.uint(image.resumed);
    w.text(image.signature);
    w.uint(image.signing);
    w.bool(image.outcast);
    w.list(peerCodec, image.peers);
  },
  read(r: Reader): PeersImage {
    r.tuple(7);
    return {
      incarnation: r.uint(), tag: r.uint(), resumed: r.uint(), signature: r.text(256), signing: r.uint(), outcast: r.bool(), peers: r.list(peerCodec, 0xffff),
    };
  },
};
