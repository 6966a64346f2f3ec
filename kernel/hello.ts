// The first thing a node says to every other one when it starts, signed.

import { Refused, type Codec, type Reader, type Writer } from './base/codec.ts';
import { finish, hashText, mix, mixUint } from './base/digest.ts';
import type { NodeId } from './base/ids.ts';

/**
 * An incarnation counts the starts of a node in its high part; the low part is drawn. So two lives that begin at the same copy
 * of a disk (a restored backup, a clone) never share one, and a frame of the one is never taken for the other's.
 */
const LIVES = 1 << 20;

export const nextIncarnation = (last: number, draw: number): number => (Math.floor(last / LIVES) + 1) * LIVES + (draw & (LIVES - 1));
export const startsOf = (incarnation: number): number => Math.floor(incarnation / LIVES);

/** What a peer remembers of a node: the incarnation and tag of its last good hello, and the furthest place it spoke from. */
export interface Remembered {
  readonly incarnation: number;
  readonly tag: number;
  readonly heard: number;
}

export const NOTHING_REMEMBERED: Remembered = { incarnation: 0, tag: 0, heard: 0 };

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
  /** What a refusal rests on; of nobody in any other hello. */
  readonly remembered: Remembered;
  readonly hash: number;
}

export function hello(incarnation: number, tag: number, resumed: number, signature: string, greet: boolean, refused: boolean, answers: number, remembered: Remembered = NOTHING_REMEMBERED): Hello {
  let h = mixUint(mixUint(mixUint(mixUint(mix(20, (greet ? 1 : 0) + (refused ? 2 : 0)), incarnation), tag), resumed), answers);
  if (refused) h = mixUint(mixUint(mixUint(h, remembered.incarnation), remembered.tag), remembered.heard);
  return { kind: 'hello', incarnation, tag, resumed, signature, greet, refused, answers, remembered, hash: finish(mix(h, hashText(signature))) };
}

/** What the signature of a hello covers. */
export function helloText(network: string, self: NodeId, incarnation: number, tag: number, resumed: number): string {
  return `hello ${network} ${self} ${incarnation} ${tag} ${resumed}`;
}

export const helloCodec: Codec<Hello> = {
  write(w: Writer, m: Hello): void {
    w.array(10);
    w.uint(m.incarnation);
    w.uint(m.tag);
    w.uint(m.resumed);
    w.text(m.signature);
    w.bool(m.greet);
    w.bool(m.refused);
    w.uint(m.answers);
    w.uint(m.remembered.incarnation);
    w.uint(m.remembered.tag);
    w.uint(m.remembered.heard);
  },
  read(r: Reader): Hello {
    r.tuple(10);
    const [incarnation, tag, resumed, signature, greet, refused, answers] = [r.uint(), r.uint(), r.uint(), r.text(256), r.bool(), r.bool(), r.uint()];
    const remembered = { incarnation: r.uint(), tag: r.uint(), heard: r.uint() };
    if (!refused && (remembered.incarnation !== 0 || remembered.tag !== 0 || remembered.heard !== 0)) throw new Refused('only a refusal says what it rests on');
    return hello(incarnation, tag, resumed, signature, greet, refused, answers, remembered);
  },
};
