// Running digests over 32-bit words. A digest tells two runs apart; it is no protection against an adversary (that is
// sha256, in hash.ts). The step function is MurmurHash3's (Austin Appleby, public domain); two lanes give 64 bits.
// A digest depends on content alone, never on what happens to be cached.

/** Folds one 32-bit word into a 32-bit hash. */
export function mix(hash: number, word: number): number {
  let k = Math.imul(word, 0xcc9e2d51);
  k = Math.imul((k << 15) | (k >>> 17), 0x1b873593);
  const h = hash ^ k;
  return (Math.imul((h << 13) | (h >>> 19), 5) + 0xe6546b64) | 0;
}

/** Spreads every input bit over the whole word. */
export function finish(hash: number): number {
  let h = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return h ^ (h >>> 16);
}

/** Folds a non-negative safe integer: all of its 53 bits. */
export function mixUint(hash: number, value: number): number {
  return mix(mix(hash, value | 0), (value / 4294967296) | 0);
}

export function hashText(text: string): number {
  let h = text.length;
  for (let i = 0; i < text.length; i++) h = mix(h, text.charCodeAt(i));
  return finish(h);
}

export function hashBytes(bytes: Uint8Array): number {
  let h = bytes.length;
  for (let i = 0; i < bytes.length; i++) h = mix(h, bytes[i] as number);
  return finish(h);
}

/** 64 running bits: what a node has seen and said so far. */
export class Digest {
  high: number;
  low: number;

  constructor(high = 0x4c6f636b, low = 0x73746570) {
    this.high = high;
    this.low = low;
  }

  word(word: number): void {
    this.high = mix(this.high, word);
    this.low = Math.imul(this.low ^ word, 0x9e3779b1) ^ (this.low >>> 15);
  }

  uint(value: number): void {
    this.word(value | 0);
    this.word((value / 4294967296) | 0);
  }

  text(): string {
    return digestText(this.high, this.low);
  }
}

export function digestText(high: number, low: number): string {
  return (high >>> 0).toString(16).padStart(8, '0') + (low >>> 0).toString(16).padStart(8, '0');
}
