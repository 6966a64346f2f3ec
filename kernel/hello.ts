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

/** One start of a node, and the place in its journal at which it began. */
export interface Life {
  readonly incarnation: number;
  readonly from: number;
}

/** How many earlier lives a hello names. A peer that remembers none of them must have missed as many. */
export const MAX_LIVES = 16;
const NO_LIVES: readonly Life[] = [];

/** What a peer remembers of a node: the incarnation and tag of its last good hello, and the furthest place it spoke from. */
export interface Remembered {
  readonly incarnation: number;
  readonly tag: number;
  readonly heard: number;
  readonly born: number;
}

export const NOTHING_REMEMBERED: Remembered = { incarnation: 0, tag: 0, heard: 0, born: 0 };

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
  /** The incarnation whose hello this one answers, with a welcome or a refusal; 0 if it answers none. */
  readonly answers: number;
  /** The lives that this one goes on from, oldest first. */
  readonly lives: readonly Life[];
  /** 0; or the incarnation with which the node began anew, after it had lost what it had promised. */
  readonly born: number;
  /** What a refusal rests on; of nobody in any other hello. */
  readonly remembered: Remembered;
  readonly hash: number;
}

export function hello(
  incarnation: number, tag: number, resumed: number, signature: string, greet: boolean, refused: boolean, answers: number, lives: readonly Life[] = NO_LIVES,
  remembered: Remembered = NOTHING_REMEMBERED, born: number = 0,
): Hello {
  let h = mixUint(mixUint(mixUint(mixUint(mix(20, (greet ? 1 : 0) + (refused ? 2 : 0)), incarnation), tag), resumed), answers);
  for (const life of lives) h = mixUint(mixUint(h, life.incarnation), life.from);
  if (refused) h = mixUint(mixUint(mixUint(h, remembered.incarnation), remembered.tag), remembered.heard);
  if (born > 0 || remembered.born > 0) h = mixUint(mixUint(h, born), remembered.born);
  return { kind: 'hello', incarnation, tag, resumed, signature, greet, refused, answers, lives, born, remembered, hash: finish(mix(h, hashText(signature))) };
}

/** What the signature of a hello covers. */
export function helloText(network: string, self: NodeId, incarnation: number, tag: number, resumed: number, lives: readonly Life[] = NO_LIVES, born: number = 0): string {
  let text = `hello ${network} ${self} ${incarnation} ${tag} ${resumed}`;
  for (const life of lives) text += ` ${life.incarnation}@${life.from}`;
  return born === 0 ? text : `${text} born ${born}`;
}

export const lifeCodec: Codec<Life> = {
  write(w: Writer, life: Life): void {
    w.array(2);
    w.uint(life.incarnation);
    w.uint(life.from);
  },
  read(r: Reader): Life {
    r.tuple(2);
    return { incarnation: r.uint(), from: r.uint() };
  },
};

export const helloCodec: Codec<Hello> = {
  write(w: Writer, m: Hello): void {
    w.array(13);
    w.uint(m.incarnation);
    w.uint(m.tag);
    w.uint(m.resumed);
    w.text(m.signature);
    w.bool(m.greet);
    w.bool(m.refused);
    w.uint(m.answers);
    w.list(lifeCodec, m.lives);
    w.uint(m.remembered.incarnation);
    w.uint(m.remembered.tag);
    w.uint(m.remembered.heard);
    w.uint(m.remembered.born);
    w.uint(m.born);
  },
  read(r: Reader): Hello {
    r.tuple(13);
    const [incarnation, tag, resumed, signature, greet, refused, answers] = [r.uint(), r.uint(), r.uint(), r.text(256), r.bool(), r.bool(), r.uint()];
    const lives = r.list(lifeCodec, MAX_LIVES);
    const remembered = { incarnation: r.uint(), tag: r.uint(), heard: r.uint(), born: r.uint() };
    if (!refused && (remembered.incarnation !== 0 || remembered.tag !== 0 || remembered.heard !== 0 || remembered.born !== 0)) throw new Refused('only a refusal says what it rests on');
    return hello(incarnation, tag, resumed, signature, greet, refused, answers, lives, remembered, r.uint());
  },
};
