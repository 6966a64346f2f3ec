// Who is at the other end. Every node says hello, signed, when it starts: its incarnation, fresh entropy, and the place in
// its journal from which it goes on. Peers remember the last place they heard from. A node that comes back older than it
// was (a restored backup, a cloned disk, a tail that was lost) may have forgotten a vote, and is refused.

import { type Codec, type Reader, type Writer } from './base/codec.ts';
import { finish, hashText, mix, mixUint } from './base/digest.ts';
import type { NodeId } from './base/ids.ts';

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
  readonly hash: number;
}

export function hello(incarnation: number, tag: number, resumed: number, signature: string, greet: boolean, refused: boolean): Hello {
  const hash = finish(mix(mixUint(mixUint(mixUint(mix(20, (greet ? 1 : 0) + (refused ? 2 : 0)), incarnation), tag), resumed), hashText(signature)));
  return { kind: 'hello', incarnation, tag, resumed, signature, greet, refused, hash };
}

/** What the signature of a hello covers. */
export function helloText(network: string, self: NodeId, incarnation: number, tag: number, resumed: number): string {
  return `hello ${network} ${self} ${incarnation} ${tag} ${resumed}`;
}

export const helloCodec: Codec<Hello> = {
  write(w: Writer, m: Hello): void {
    w.array(6);
    w.uint(m.incarnation);
    w.uint(m.tag);
    w.uint(m.resumed);
    w.text(m.signature);
    w.bool(m.greet);
    w.bool(m.refused);
  },
  read(r: Reader): Hello {
    r.tuple(6);
    return hello(r.uint(), r.uint(), r.uint(), r.text(256), r.bool(), r.bool());
  },
};
