import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Digest, finish, hashText, mix, mixUint } from './digest.ts';

/** MurmurHash3_x86_32 of whole words, from our two functions: the published algorithm folds in the length between them. */
const murmur = (text: string, seed: number): number => {
  let h = seed;
  for (let i = 0; i < text.length; i += 4) h = mix(h, text.charCodeAt(i) | (text.charCodeAt(i + 1) << 8) | (text.charCodeAt(i + 2) << 16) | (text.charCodeAt(i + 3) << 24));
  return finish(h ^ text.length) >>> 0;
};

describe('digests', () => {
  it('mix and finish are MurmurHash3: published vectors (A. Appleby, and the test vectors of the Wikipedia article)', () => {
    expect(murmur('', 0)).toBe(0);
    expect(murmur('', 1)).toBe(0x514e28b7);
    expect(murmur('', 0xffffffff)).toBe(0x81f16f39);
    expect(murmur('test', 0)).toBe(0xba6bd213);
    expect(murmur('test', 0x9747b28c)).toBe(0x704b81dc);
    expect(murmur('aaaa', 0x9747b28c)).toBe(0x5a97808a);
  });

  it('tell any two streams of words apart that differ in one word, in order, or in length', () => {
    const digest = (words: readonly number[]): string => {
      const d = new Digest();
      for (const word of words) d.word(word);
      return d.text();
    };
    fc.assert(
      fc.property(fc.array(fc.integer(), { minLength: 2, maxLength: 20 }), fc.nat(), fc.integer(), (words, place, other) => {
        const changed = words.slice();
        changed[place % words.length] = other;
        expect(digest(changed) === digest(words)).toBe(changed.every((word, i) => word === words[i]));
        const [a, b, ...rest] = words;
        if (a !== b) expect(digest([b as number, a as number, ...rest])).not.toBe(digest(words));
        expect(digest([...words, 0])).not.toBe(digest(words));
      }),
    );
  });

  it('see all 53 bits of an integer', () => {
    for (let bit = 0; bit < 53; bit++) expect(mixUint(7, 2 ** bit)).not.toBe(mixUint(7, 0));
  });

  it('see every character of a text', () => {
    expect(new Set(['', 'a', 'b', 'ab', 'ba', 'aa', '\u0001a', 'a\u0000'].map(hashText)).size).toBe(8);
  });
});
