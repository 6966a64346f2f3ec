// Signatures in a simulated world. The stand-in costs nanoseconds: a keyed digest whose key derives from the world's secret, so
// a node can lie about content and never forge another's key. A real scheme can be put in its place.

import { Digest } from '../../kernel/base/digest.ts';
import type { NodeId } from '../../kernel/base/ids.ts';
import { Random } from '../../kernel/base/random.ts';
import { helloText, type Hello, type Life } from '../../kernel/hello.ts';

const MAX_REMEMBERED = 4_096;

export interface Scheme {
  sign(node: NodeId, text: string): string;
  verify(node: NodeId, text: string, signature: string): boolean;
}

export class StandInScheme implements Scheme {
  private readonly keys: readonly number[];

  constructor(seed: number, nodes: number) {
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

const areSame = (a: readonly Life[], b: readonly Life[]): boolean => a.length === b.length && a.every((life, i) => life.incarnation === b[i]?.incarnation && life.from === b[i]?.from);
