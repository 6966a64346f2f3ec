// What an answer of the register means in HTTP. Statuses say whether it pays to try again: 4xx no (409, 410), 425 later,
// 503 now or soon with nothing done, 504 that the same request may be sent again and will have the same outcome.

import { unreachable } from '../../../kernel/base/assert.ts';
import type { DecideRecord as Recorded } from '../../../kernel/decide/record.ts';
import type { Answer } from '../../../kernel/effect.ts';
import type { Members } from './group-schemas.ts';
import type { Decided, DecideRecord, Failure } from './schemas.ts';

export interface Response {
  readonly status: number;
  readonly body: Decided | DecideRecord | Failure | Members;
  readonly retryAfterSeconds?: number;
}

export function recordOf(record: Recorded): DecideRecord {
  const { need, proposal, epoch, kPlan, decider, wall } = record.proposal;
  return { needId: need, proposalId: proposal, epoch, lamport: record.lamport, kPlan, deciderId: decider, timestampNs: nanoseconds(wall) };
}

/** Microseconds are exact; three zeros more are not, as numbers. */
function nanoseconds(wall: number): string {
  return wall === 0 ? '0' : `${wall}000`;
}

export function responseTo(answer: Answer): Response {
  switch (answer.kind) {
    case 'decided':
      return { status: 200, body: { outcome: 'decided', record: recordOf(answer.record) } };
    case 'lost':
      return { status: 409, body: { code: 'lost', message: 'another proposal was first: here is the record that won', record: recordOf(answer.record) } };
    case 'found':
      return { status: 200, body: recordOf(answer.record) };
    case 'none':
      return { status: 404, body: { code: 'none', message: 'nothing is decided for this need' } };
    case 'tooOld':
      return { status: 410, body: { code: 'tooOld', message: `epochs below ${answer.lowWater} are forgotten: nothing can be decided or read there any more`, lowWater: answer.lowWater } };
    case 'tooNew':
      return { status: 425, retryAfterSeconds: 1, body: { code: 'tooNew', message: `the register is at epoch ${answer.epoch}, and this need names a later one than it takes yet`, epoch: answer.epoch } };
    case 'full':
      return { status: 503, retryAfterSeconds: 5, body: { code: 'full', message: 'the register holds as many records as it may; nothing was recorded: room comes when an epoch is forgotten' } };
    case 'unknown':
      return { status: 504, retryAfterSeconds: 1, body: { code: 'unknown', message: 'no answer came in time: it may have been decided, or may still be; sending the same request again is safe' } };
    case 'refused':
      if (answer.why === 'overloaded') return { status: 503, retryAfterSeconds: 1, body: { code: 'overloaded', message: 'this node has as many requests open as it takes; nothing was done' } };
      return { status: 503, retryAfterSeconds: 1, body: { code: 'unreachable', message: 'no majority of the register answered; nothing was done' } };
    case 'advanced':
    case 'ordered':
    case 'published':
    case 'envelopeRefused':
    case 'planned':
      return { status: 500, body: { code: 'internal', message: 'the register answered another question' } };
    default:
      return unreachable(answer);
  }
}
