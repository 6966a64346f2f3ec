// The first thing a node says to every other one when it starts, signed.

import type { Codec, Reader, Writer } from './base/codec.ts';
import { finish, hashText, mix, mixUint } from './base/digest.ts';
import type { NodeId } from './base/ids.ts';

/**
 * An incarnation counts the starts of a node in its high part; the low part is drawn. So two lives that begin at the same copy
 * of a disk (a restored backup, a clone) never share one, and a frame of the one is never taken for the other's.
 */
const LIVES = 1 << 20;

export const nextIncarnation = (last: number, draw: number): number => (Math.floor(last / LIVES) + 1) * LIVES + (draw & (LIVES - 1));
export const startsOf = (incarnation: number): number => Math.floor(incarnation / LIVES);

export interface Hello {
  readonly kind: 'hello';
  readonly incarnation: number;
  readonly tag: number;
  /** Journal sequence at which this incarnation began: everything the earlier ones said came before it. */
  readonly resumed: number;
  readonly signature: string;
  /** True asks the peer to say hello in turn. */
  readonly greet: boolean;
  /** The peer's hello was refused: it must stop taking part. */
  readonly refused: boolean;
  /** A refusal names the incarnation it refuses; 0 otherwise. */
  readonly answers: number;
  /** The life of the node: 0, or the incarnation with which it began anew after it had lost what it had promised. */
  readonly life: number;
  /** A refusal names the latest incarnation that the refuser knows of; 0 otherwise. */
  readonly known: number;
  readonly hash: number;
}

export function hello(
  incarnation: number, tag: number, resumed: number, signature: string, greet: boolean, refused: boolean, answers: number, life: number = 0, known: number = 0,
): Hello {
  const h = mixUint(mixUint(mixUint(mixUint(mixUint(mixUint(mix(20, (greet ? 1 : 0) + (refused ? 2 : 0)), incarnation), tag), resumed), answers), life), known);
  return { kind: 'hello', incarnation, tag, resumed, signature, greet, refused, answers, life, known, hash: finish(mix(h, hashText(signature))) };
}

/** What the signature of a hello covers. */
export function helloText(network: string, self: NodeId, incarnation: number, tag: number, resumed: number, life: number): string {
  return `hello ${network} ${self} ${incarnation} ${tag} ${resumed} ${life}`;
}

export const helloCodec: Codec<Hello> = {
  write(w: Writer, m: Hello): void {
    w.array(9);
    w.uint(m.incarnation);
    w.uint(m.tag);
    w.uint(m.resumed);
    w.text(m.signature);
    w.bool(m.greet);
    w.bool(m.refused);
    w.uint(m.answers);
    w.uint(m.life);
    w.uint(m.known);
  },
  read(r: Reader): Hello {
    r.tuple(9);
    return hello(r.uint(), r.uint(), r.uint(), r.text(256), r.bool(), r.bool(), r.uint(), r.uint(), r.uint());
  },
};
