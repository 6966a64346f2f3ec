// The shape of a violation, without the numbers and names of the run it happened in: two failures with one signature are
// most likely one bug. Used to group the failures of a sweep, and by a shrinker to stay with the bug it started from.

import type { Violation } from '../io/sim/evidence.ts';

export function signatureOf(property: string, violation: Violation): string {
  const shape = violation.message
    .replace(/"[^"]*"/g, '"…"')
    .replace(/\b[0-9]+\/[\x21-\x7e]+/g, '#/…')
    .replace(/[0-9]+(\.[0-9]+)?/g, '#');
  return `${property}: ${shape}`;
}
