// CHALLENGE and INVALIDATE: somebody says, at the price of a bond, that a result is wrong; and what came of it.

import { RAW } from './link.ts';
import { amount, byCodeUnits, bytes, checked, digits, integer, link, oneOf, record, set, type Schema } from './schema.ts';

export type ChallengeKind = 'schema' | 'citation' | 'contradiction' | 'outputMismatch' | 'policy';
export type Severity = 'low' | 'medium' | 'high';

export interface Challenge {
  /** The id of the envelope that is challenged. */
  readonly target: string;
  readonly kind: ChallengeKind;
  readonly severity: Severity;
  readonly proof: Uint8Array;
  readonly bondUnits: bigint;
}

export interface Invalidate {
  /** The id of the envelope with the challenge. */
  readonly challenge: string;
  /** Public keys of verifiers that were wrong, and of those that were right. */
  readonly slashed: readonly string[];
  readonly honest: readonly string[];
  readonly evidence: string;
  readonly newKResult: number;
}

const UNITS_PER_TOKEN = 1_000_000_000_000n;
const BOND_TOKENS: Readonly<Record<ChallengeKind, bigint>> = { schema: 10n, citation: 25n, contradiction: 50n, outputMismatch: 100n, policy: 75n };
const TIMES: Readonly<Record<Severity, bigint>> = { low: 1n, medium: 2n, high: 5n };
const MAX_PROOF_BYTES = 10_240;
const MAX_VERIFIERS = 1_024;

export const bondUnits = (kind: ChallengeKind, severity: Severity): bigint => BOND_TOKENS[kind] * TIMES[severity] * UNITS_PER_TOKEN;

export const CHALLENGE: Schema<Challenge> = checked(
  record<Challenge>({
    target: digits(32),
    kind: oneOf('schema', 'citation', 'contradiction', 'outputMismatch', 'policy'),
    severity: oneOf('low', 'medium', 'high'),
    proof: bytes(1, MAX_PROOF_BYTES),
    bondUnits: amount(),
  }),
  'bondTooLow',
  (challenge) => challenge.bondUnits >= bondUnits(challenge.kind, challenge.severity),
);

export const INVALIDATE: Schema<Invalidate> = checked(
  record<Invalidate>({
    challenge: digits(32),
    slashed: set(digits(32), byCodeUnits, 0, MAX_VERIFIERS),
    honest: set(digits(32), byCodeUnits, 0, MAX_VERIFIERS),
    evidence: link(RAW),
    newKResult: integer(1, 0xffff),
  }),
  'slashedAndHonest',
  ({ slashed, honest }) => {
    const wrong = new Set(slashed);
    return honest.every((key) => !wrong.has(key));
  },
);
