// Signatures in a simulated world. The stand-in costs nanoseconds: a keyed digest whose key derives from the world's secret, so
// a node can lie about content and never forge another's key. A real scheme can be put in its place.

import { Digest, hashBytes } from '../../kernel/base/digest.ts';
import type { NodeId } from '../../kernel/base/ids.ts';
import { Random } from '../../kernel/base/random.ts';
import { hashChunk } from '../../kernel/content.ts';
import { helloText, type Hello, type Life } from '../../kernel/hello.ts';
import { genesisOf } from '../../kernel/swarm/envelope.ts';
import { carry, type EnvelopeMessage } from '../../kernel/swarm/message.ts';

const MAX_REMEMBERED = 4_096;

export interface Scheme {
  sign(node: NodeId, text: string): string;
  verify(node: NodeId, text: string, signature: string): boolean;
  /** Actors of the swarm are no nodes: each has a key of its own, which is its name. 64 hexadecimal digits. */
  keyOf(actor: number): string;
  /** 64 bytes. */
  signAs(actor: number, bytes: Uint8Array): Uint8Array;
  verifyKey(key: string, bytes: Uint8Array, signature: Uint8Array): boolean;
}

export class StandInScheme implements Scheme {
  private readonly keys: readonly number[];
  private readonly seed: number;

  constructor(seed: number, nodes: number) {
    this.seed = seed;
    this.keys = Array.from({ length: nodes + 1 }, (_, node) => Random.of(seed, 'key', node).word());
  }

  sign(node: NodeId, text: string): string {
    const digest = new Digest(this.keys[node] as number, node);
    for (let i = 0; i < text.length; i++) digest.word(text.charCodeAt(i));
    digest.word(this.keys[node] as number);
    return digest.text();
  }

  verify(node: NodeId, text: string, signature: string): boolean {
    return this.keys[node] !== undefined && this.sign(node, text) === signature;
  }

  keyOf(actor: number): string {
    const random = Random.of(this.seed, 'actor', actor);
    return Array.from({ length: 8 }, () => (random.word() >>> 0).toString(16).padStart(8, '0')).join('');
  }

  signAs(actor: number, bytes: Uint8Array): Uint8Array {
    return this.seal(this.keyOf(actor), bytes);
  }

  verifyKey(key: string, bytes: Uint8Array, signature: Uint8Array): boolean {
    const right = this.seal(key, bytes);
    return signature.length === right.length && signature.every((byte, place) => byte === right[place]);
  }

  /** Eight digests in a row, under what the world alone knows. */
  private seal(key: string, bytes: Uint8Array): Uint8Array {
    const secret = Random.of(this.seed, 'secret', key);
    const digest = new Digest(secret.word(), secret.word());
    const word = hashBytes(bytes);
    digest.word(word);
    digest.word(hashChunk(bytes));
    const out = new Uint8Array(64);
    const view = new DataView(out.buffer);
    for (let place = 0; place < 64; place += 8) {
      digest.word(place);
      view.setInt32(place, digest.high);
      view.setInt32(place + 4, digest.low);
    }
    return out;
  }
}

/** Verifies hellos, and remembers those that were good: each is said to everybody, and a signature is dear to check. */
export class HelloVerifier {
  private readonly scheme: Scheme;
  private readonly network: string;
  private readonly good: Map<string, { readonly from: NodeId; readonly incarnation: number; readonly tag: number; readonly resumed: number; readonly lives: readonly Life[]; readonly born: number }> = new Map();

  constructor(scheme: Scheme, network: string) {
    this.scheme = scheme;
    this.network = network;
  }

  verify(from: NodeId, message: Hello): boolean {
    const { incarnation, tag, resumed, signature, lives, born } = message;
    const known = this.good.get(signature);
    if (known !== undefined && known.from === from && known.incarnation === incarnation && known.tag === tag && known.resumed === resumed && areSame(known.lives, lives) && known.born === born) return true;
    if (!this.scheme.verify(from, helloText(this.network, from, incarnation, tag, resumed, lives, born), signature)) return false;
    if (this.good.size >= MAX_REMEMBERED) this.good.clear();
    this.good.set(signature, { from, incarnation, tag, resumed, lives, born });
    return true;
  }
}

/** The same for envelopes, which every node of a run verifies. */
export class EnvelopeVerifier {
  private readonly scheme: Scheme;
  private readonly genesis: string;
  private readonly good: Map<string, Uint8Array> = new Map();

  constructor(scheme: Scheme, network: string) {
    this.scheme = scheme;
    this.genesis = genesisOf(network);
  }

  verify({ genesis, envelope, signed }: EnvelopeMessage): boolean {
    if (genesis !== this.genesis) return false;
    const known = this.good.get(envelope.id);
    if (known !== undefined && known.every((byte, place) => byte === envelope.signature[place])) return true;
    if (!this.scheme.verifyKey(envelope.sender, signed, envelope.signature)) return false;
    if (this.good.size >= MAX_REMEMBERED) this.good.clear();
    this.good.set(envelope.id, envelope.signature);
    return true;
  }

  /** What a stranger hands over: decoded and verified, or why it is not let in. */
  examine(bytes: Uint8Array): { readonly ok: true; readonly message: EnvelopeMessage } | { readonly ok: false; readonly reason: string } {
    const carried = carry(bytes, this.genesis);
    if (!carried.ok) return { ok: false, reason: carried.fault };
    return this.verify(carried.message) ? carried : { ok: false, reason: 'notSigned' };
  }
}

const areSame = (a: readonly Life[], b: readonly Life[]): boolean => a.length === b.length && a.every((life, i) => life.incarnation === b[i]?.incarnation && life.from === b[i]?.from);
