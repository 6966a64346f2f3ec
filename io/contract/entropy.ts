// What a loop relies on entropy for: words that nobody else has.

import type { Entropy } from '../ports.ts';
import { expect, type Claim } from './contract.ts';

export interface EntropySubject {
  readonly entropy: Entropy;
  /** Another machine's. */
  readonly other: Entropy;
}

const words = (entropy: Entropy): number[] => Array.from({ length: 256 }, () => entropy.word());

export const entropyContract: readonly Claim<EntropySubject>[] = [
  {
    claim: 'a word has 32 bits, all of which vary',
    check({ entropy }) {
      let ones = 0;
      let zeros = 0;
      for (const word of words(entropy)) {
        expect(Number.isSafeInteger(word) && Math.abs(word) <= 0xffffffff, `a word is ${word}`);
        ones |= word;
        zeros |= ~word;
      }
      expect(ones === -1 && zeros === -1, 'every bit is set in some word and clear in some');
      return Promise.resolve();
    },
  },
  {
    claim: 'words do not repeat, neither here nor on another machine',
    check({ entropy, other }) {
      expect(new Set([...words(entropy), ...words(other)]).size > 500, 'different words');
      return Promise.resolve();
    },
  },
];
