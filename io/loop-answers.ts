// What services answer, as it may be journalled. What is journalled has to be readable again, or the node would never start
// any more; a signer and a driver are not ours, and say what they like. Answers are rare enough to be tried out.

import { clipped, decode, encode, Refused } from '../kernel/base/codec.ts';
import { eventCodec, MAX_REASON_BYTES, type Cause, type ServiceOutcome } from '../kernel/event.ts';

/** Why nothing could read this again, in the journal of the longest life; undefined if it can be read. */
export function unreadable(cause: Cause): string | undefined {
  const last = Number.MAX_SAFE_INTEGER;
  try {
    const decoded = decode(eventCodec, encode(eventCodec, { sequence: last, at: last, wall: last, cause }));
    return decoded.ok ? undefined : decoded.reason;
  } catch (error) {
    if (error instanceof Refused) return error.message;
    throw error;
  }
}

/** An answer that could not be read again is a failure of the service, with a reason that can. */
export function readable(sequence: number, index: number, outcome: ServiceOutcome): ServiceOutcome {
  const why = unreadable({ kind: 'outcome', sequence, index, outcome });
  if (why === undefined) return outcome;
  const reason = outcome.kind === 'failed' ? outcome.reason : `the answer cannot be journalled: ${why}`;
  return { kind: 'failed', reason: clipped(reason, MAX_REASON_BYTES) };
}
