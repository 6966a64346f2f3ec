// Secret randomness from the operating system.

import { randomFillSync } from 'node:crypto';
import type { Entropy } from '../ports.ts';

export class LiveEntropy implements Entropy {
  /** A system call per word would be waste: words are drawn by the block, and each is handed out once. */
  private readonly block: Uint32Array<ArrayBuffer> = new Uint32Array(64);
  private next: number = this.block.length;

  word(): number {
    if (this.next === this.block.length) {
      randomFillSync(this.block);
      this.next = 0;
    }
    const word = this.block[this.next] as number;
    this.block[this.next++] = 0;
    return word;
  }
}
