// Reads what a fixture expects of itself: a line that ends in "//! rule rule" must be reported by these rules.

import { readFileSync } from 'node:fs';

export type Expected = { line: number; rule: string };

export function expectedIn(file: string): Expected[] {
  return readFileSync(file, 'utf8')
    .split('\n')
    .flatMap((text, index) => {
      const rules = /\/\/! (?<rules>[a-z -]+)$/u.exec(text)?.groups?.['rules'] ?? '';
      return rules.split(' ').filter((rule) => rule !== '').map((rule) => ({ line: index + 1, rule }));
    });
}
