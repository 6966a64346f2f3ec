// Who is at the other end. Every node says hello, signed, when it starts: its incarnation, fresh entropy, and the place in
// its journal from which it goes on, and the lives before this one. Peers remember the last place they heard from, and answer
// with a welcome or a refusal. A node that comes back older than it was (a restored backup, a cloned disk, a tail that was
// lost) may have forgotten a vote, and is refused: it may only begin a new life, in which nothing is asked of it that it
// promised before, and nothing that it says counts for the old one.
//
// A peer that heard nothing of what was forgotten cannot know, and would count on the node before those who know have refused
// it. So a node that starts again takes no part in a group (it neither votes, nor stands, nor acknowledges) until all the
// other voters have answered its hello, or a majority has and the longest election timeout has passed since the first answer:
// that one shows that the hello is out. Without a majority a group could do nothing anyway. What is left: a voter that alone
// remembers, and that cannot be heard for all that time. Nobody else can know better, short of stopping the node for good.

import { type Codec, type Reader, type Writer } from './base/codec.ts';
import { assert } from './base/assert.ts';
import { nodeId, type NodeId } from './base/ids.ts';
import { NEVER, SECOND, type Micros } from './base/time.ts';
import type { Context } from './context.ts';
import { hello, helloText, lifeCodec, MAX_LIVES, type Hello, type Life, type Remembered } from './hello.ts';

/** What is remembered of one peer. */
export interface Peer {
  /** 0: it has not said hello yet. */
  incarnation: number;
  tag: number;
  born: number;
  /** The furthest place in its journal it has spoken from. */
  heard: number;
  /** When we last asked it to say hello. */
  asked: Micros;
  /** It has welcomed this life of ours. */
  answered: boolean;
}

export interface PeersImage {
  readonly incarnation: number;
  readonly tag: number;
  readonly resumed: number;
  readonly signature: string;
  readonly signing: number;
  readonly outcast: boolean;
  readonly born: number;
  readonly floor: number;
  readonly lives: readonly Life[];
  readonly waitsUntil: Micros;
  readonly peers: readonly Peer[];
}

const ASK_EVERY: Micros = SECOND;
/** Far beyond any honest count of starts: an incarnation above it is not believed. */
const MAX_INCARNATION = 0x1000000000000;

export class Peers {
  private readonly self: NodeId;
  private readonly nodes: number;
  private readonly network: string;
  private readonly slot: number;
  private readonly waitUs: Micros;
  private incarnation = 0;
  private tag = 0;
  private resumed = 0;
  private signature = '';
  /** Journal sequence of the signer call that is open; 0 if none is. */
  private signing = 0;
  private refused = false;
  /** The incarnation in which this node began anew; 0: never. */
  private born = 0;
  /** The latest incarnation of this very node that a peer knows of: the next one has to be later. */
  private floor = 0;
  /** The lives before this one, the latest MAX_LIVES of them. */
  private lives: readonly Life[] = [];
  /** When not every answer need be waited for any more: NEVER before the first answer, 0 once nothing is waited for. */
  private waitsUntil: Micros = 0;
  /** By node id; place 0 is unused. */
  private readonly peers: Peer[];

  constructor(self: NodeId, nodes: number, network: string, waitUs: Micros, slot: number) {
    this.self = self;
    this.nodes = nodes;
    this.network = network;
    this.slot = slot;
    this.waitUs = waitUs;
    this.peers = Array.from({ length: nodes + 1 }, () => ({ incarnation: 0, tag: 0, born: 0, heard: 0, asked: 0, answered: false }));
  }

  /** True once a peer has shown that this node forgot something: it must not take part any more. */
  get outcast(): boolean {
    return this.refused;
  }

  /** The latest life of a node that has been heard of; its own. */
  lifeOf(node: NodeId): number {
    return node === this.self ? this.born : (this.peers[node]?.born ?? 0);
  }

  knows(node: NodeId): boolean {
    return node >= 1 && node <= this.nodes;
  }

  get incarnationFloor(): number {
    return this.floor;
  }

  /** `reborn`: it has lost what it had promised, knows it, and begins anew. */
  recovered(ctx: Context, incarnation: number, tag: number, reborn: boolean): void {
    assert(incarnation > this.incarnation, 'incarnations only grow');
    // Who starts for the first time has forgotten nothing, and who begins anew has promised nothing.
    const first = this.incarnation === 0 || reborn;
    this.lives = first ? [] : [...this.lives, { incarnation: this.incarnation, from: this.resumed }].slice(-MAX_LIVES);
    if (reborn) {
      this.born = incarnation;
      this.refused = false;
    }
    this.waitsUntil = first ? 0 : NEVER;
    for (const peer of this.peers) peer.answered = false;
    this.incarnation = incarnation;
    this.tag = tag;
    this.resumed = ctx.sequence;
    this.signature = '';
    this.askForSignature(ctx);
  }

  /** True while this node may have to wait for answers; `mayTakePart` says in which groups. */
  get waits(): boolean {
    return this.waitsUntil > 0;
  }

  /** Whether enough of the voters of a group have answered for this node to count itself one of them. */
  mayTakePart(voters: readonly NodeId[], at: Micros): boolean {
    if (!this.waits) return true;
    let silent = 0;
    for (const voter of voters) if (voter !== this.self && (this.peers[voter] as Peer).answered === false) silent++;
    return silent === 0 || (at >= this.waitsUntil && 2 * silent < voters.length);
  }

  /** The signer has not answered: ask again. Voters of our groups have not: say hello again. */
  due(ctx: Context, groups: readonly { readonly voters: readonly NodeId[] }[]): void {
    if (this.signature === '') return this.askForSignature(ctx);
    if (groups.every((group) => this.mayTakePart(group.voters, ctx.at))) {
      this.waitsUntil = 0;
      return;
    }
    for (let id = 1; id <= this.nodes; id++) {
      const peer = nodeId(id);
      if (peer !== this.self && !(this.peers[id] as Peer).answered && groups.some((group) => group.voters.includes(peer))) this.greet(ctx, peer, true);
    }
    this.lookAgain(ctx);
  }

  private lookAgain(ctx: Context): void {
    ctx.deadline(this.slot, this.waits ? ctx.at + Math.ceil(this.waitUs / 4) : NEVER);
  }

  signed(ctx: Context, sequence: number, signature: string): void {
    if (sequence !== this.signing || this.signature !== '') return;
    this.signing = 0;
    this.signature = signature;
    this.lookAgain(ctx);
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
    // It has started since, or it is what a backup was restored to and has not heard yet that it is refused.
    if (ctx.at - peer.asked >= ASK_EVERY && this.signature !== '') {
      peer.asked = ctx.at;
      this.greet(ctx, from, true);
    }
    return false;
  }

  /** A hello whose signature the boundary has verified. */
  hello(ctx: Context, from: NodeId, incarnation: number, message: Hello): void {
    const peer = this.peers[from];
    if (peer === undefined || from === this.self || from === 0 || incarnation === 0 || incarnation !== message.incarnation) return;
    if (incarnation > MAX_INCARNATION || message.born > incarnation) return;
    if (message.refused) return this.wasRefused(ctx, from, message);
    const why = this.fault(peer, message);
    if (why !== undefined) {
      ctx.fact({ kind: 'peerRefused', peer: from, why });
      return this.refuse(ctx, from, message.incarnation, peer);
    }
    peer.incarnation = message.incarnation;
    peer.tag = message.tag;
    if (message.born > peer.born || message.resumed > peer.heard) peer.heard = message.resumed;
    peer.born = message.born;
    if (message.answers === this.incarnation) this.wasWelcomed(ctx, peer);
    if (message.greet) this.greet(ctx, from, false, message.incarnation);
  }

  private wasWelcomed(ctx: Context, peer: Peer): void {
    peer.answered = true;
    if (this.waitsUntil >= NEVER) this.waitsUntil = ctx.at + this.waitUs;
  }

  /** What is wrong with who says this, for somebody who remembers that. */
  private fault(peer: Remembered, message: Pick<Hello, 'incarnation' | 'tag' | 'resumed' | 'lives' | 'born'>): 'olderIncarnation' | 'cameBackOlder' | 'sameIncarnationTwice' | undefined {
    if (message.incarnation < peer.incarnation) return 'olderIncarnation';
    if (message.incarnation === peer.incarnation) return message.tag === peer.tag ? undefined : 'sameIncarnationTwice';
    if (message.born < peer.born) return 'olderIncarnation';
    if (message.born > peer.born) return undefined;
    return goesOn(message, peer) ? undefined : 'cameBackOlder';
  }

  /**
   * A refusal meant for an earlier life of ours does not count, and neither does one that does not show what we forgot: we judge
   * ourselves by what the peer remembers, as it should have. So a peer that is mistaken does not silence a node that is sound.
   * One that makes up what it remembers is outside the fault model, like one that votes twice: voters are named, and fail by
   * crashing.
   */
  private wasRefused(ctx: Context, from: NodeId, message: Hello): void {
    if (this.refused || message.answers !== this.incarnation) return;
    const own = { incarnation: this.incarnation, tag: this.tag, resumed: this.resumed, lives: this.lives, born: this.born };
    if (this.fault(message.remembered, own) === undefined) return ctx.fact({ kind: 'refusalIgnored', peer: from });
    this.refused = true;
    if (message.remembered.incarnation <= MAX_INCARNATION) this.floor = Math.max(this.floor, message.remembered.incarnation);
    ctx.fact({ kind: 'refusedByPeer', peer: from });
  }

  private askForSignature(ctx: Context): void {
    ctx.call({ service: 'signer', bytes: helloText(this.network, this.self, this.incarnation, this.tag, this.resumed, this.lives, this.born) });
    this.signing = ctx.sequence;
    ctx.deadline(this.slot, ctx.at + ASK_EVERY);
  }

  private greet(ctx: Context, to: NodeId, greet: boolean, answers = 0): void {
    if (this.signature === '') return;
    ctx.send(to, hello(this.incarnation, this.tag, this.resumed, this.signature, greet, false, answers, this.lives, undefined, this.born));
  }

  private refuse(ctx: Context, to: NodeId, answers: number, { incarnation, tag, heard, born }: Peer): void {
    if (this.signature === '') return;
    ctx.send(to, hello(this.incarnation, this.tag, this.resumed, this.signature, false, true, answers, this.lives, { incarnation, tag, heard, born }, this.born));
  }

  image(): PeersImage {
    return {
      incarnation: this.incarnation, tag: this.tag, resumed: this.resumed, signature: this.signature, signing: this.signing,
      outcast: this.refused, born: this.born, floor: this.floor, lives: this.lives, waitsUntil: this.waitsUntil, peers: this.peers.map(copyPeer),
    };
  }

  restore(image: PeersImage): void {
    this.incarnation = image.incarnation;
    this.tag = image.tag;
    this.resumed = image.resumed;
    this.signature = image.signature;
    this.signing = image.signing;
    this.refused = image.outcast;
    this.born = image.born;
    this.floor = image.floor;
    this.lives = image.lives;
    this.waitsUntil = image.waitsUntil;
    this.peers.splice(0, this.peers.length, ...image.peers.map(copyPeer));
  }
}

/**
 * Whether what says this hello remembers all that the peer was heard to say: the life that is known of it must be one of its
 * own, and must have lasted that long. Only if the hello names no life that old is there nothing to go by but the place.
 */
function goesOn(message: Pick<Hello, 'resumed' | 'lives'>, peer: Remembered): boolean {
  const lives = message.lives;
  const place = lives.findIndex((life) => life.incarnation === peer.incarnation);
  if (place >= 0) return peer.heard < (lives[place + 1]?.from ?? message.resumed);
  const namesAll = lives.length > 0 && peer.incarnation >= (lives[0] as Life).incarnation;
  return peer.incarnation === 0 || (!namesAll && message.resumed > peer.heard);
}

const copyPeer = (peer: Peer): Peer => ({ incarnation: peer.incarnation, tag: peer.tag, born: peer.born, heard: peer.heard, asked: peer.asked, answered: peer.answered });

const peerCodec: Codec<Peer> = {
  write(w: Writer, peer: Peer): void {
    w.array(6);
    w.uint(peer.incarnation);
    w.uint(peer.tag);
    w.uint(peer.born);
    w.uint(peer.heard);
    w.uint(peer.asked);
    w.bool(peer.answered);
  },
  read(r: Reader): Peer {
    r.tuple(6);
    return { incarnation: r.uint(), tag: r.uint(), born: r.uint(), heard: r.uint(), asked: r.uint(), answered: r.bool() };
  },
};

export const peersImageCodec: Codec<PeersImage> = {
  write(w: Writer, image: PeersImage): void {
    w.array(11);
    w.uint(image.incarnation);
    w.uint(image.tag);
    w.uint(image.resumed);
    w.text(image.signature);
    w.uint(image.signing);
    w.bool(image.outcast);
    w.uint(image.born);
    w.uint(image.floor);
    w.list(lifeCodec, image.lives);
    w.uint(image.waitsUntil);
    w.list(peerCodec, image.peers);
  },
  read(r: Reader): PeersImage {
    r.tuple(11);
    return {
      incarnation: r.uint(), tag: r.uint(), resumed: r.uint(), signature: r.text(256), signing: r.uint(), outcast: r.bool(), born: r.uint(), floor: r.uint(),
      lives: r.list(lifeCodec, MAX_LIVES), waitsUntil: r.uint(), peers: r.list(peerCodec, 0xffff),
    };
  },
};
