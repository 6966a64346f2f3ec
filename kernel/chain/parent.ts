// Follows the parent chain. The chain port reports heads that the parent calls final; finality must mean it: each head
// extends the last one, and one that contradicts an earlier head is refused and reported, never adopted.

import type { Codec, Reader, Writer } from '../base/codec.ts';
import type { Context } from '../context.ts';

export interface ParentHead {
  readonly number: number;
  readonly hash: string;
}

/** Heads remembered to tell a repetition from a contradiction. */
export const REMEMBERED_HEADS = 64;

export class Parent {
  /** Oldest first, at most REMEMBERED_HEADS. */
  private heads: ParentHead[] = [];

  get last(): ParentHead | undefined {
    return this.heads[this.heads.length - 1];
  }

  head(ctx: Context, number: number, hash: string, parent: string): void {
    const last = this.last;
    if (last !== undefined && number <= last.number) {
      const known = this.heads.find((head) => head.number === number);
      if (known !== undefined && known.hash !== hash) ctx.fact({ kind: 'parentRefused', number, hash, why: 'conflict' });
      return;
    }
    if (last !== undefined && number > last.number + 1) return ctx.fact({ kind: 'parentRefused', number, hash, why: 'gap' });
    if (last !== undefined && parent !== last.hash) return ctx.fact({ kind: 'parentRefused', number, hash, why: 'conflict' });
    this.heads.push({ number, hash });
    if (this.heads.length > REMEMBERED_HEADS) this.heads.shift();
    ctx.fact({ kind: 'parentFinalised', number, hash });
  }

  image(): readonly ParentHead[] {
    return this.heads.slice();
  }

  restore(heads: readonly ParentHead[]): void {
    this.heads = heads.slice();
  }
}

export const parentHeadCodec: Codec<ParentHead> = {
  write(w: Writer, head: ParentHead): void {
    w.array(2);
    w.uint(head.number);
    w.text(head.hash);
  },
  read(r: Reader): ParentHead {
    r.tuple(2);
    return { number: r.uint(), hash: r.text(128) };
  },
};
