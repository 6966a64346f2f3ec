// What clients were told, in the order in which it happened, judged by the properties that judge simulated clients.

import type { Evidence, Invocation, RunView } from '../../io/sim/evidence.ts';
import { needIdFault, nodeId, type NeedId, type ProposalId } from '../../kernel/base/ids.ts';
import { bucketOf, makeProposal, makeRecord, type DecideRecord } from '../../kernel/decide/record.ts';
import type { Answer } from '../../kernel/effect.ts';
import type { Parameters } from '../../kernel/parameters.ts';
import { durability } from '../../properties/durability.ts';
import { linearizability } from '../../properties/linearizability.ts';
import type { Judged } from '../audit/audit-journals.ts';
import type { DecideRecord as Shown } from '../live/api/schemas.ts';
import type { Asked } from './asking.ts';

const UNKNOWN: Answer = { kind: 'unknown', why: 'timeout' };
const REFUSED: Answer = { kind: 'refused', why: 'unreachable' };

/** What an answer over HTTP means. One that means nothing we know may have been anything. */
export function answerOf({ status, body, proposal }: Pick<Asked, 'status' | 'body' | 'proposal'>): Answer {
  const said = (body ?? {}) as { readonly code?: string; readonly record?: Shown; readonly lowWater?: number; readonly epoch?: number };
  switch (status) {
    case 0:
    case 429:
      return REFUSED;
    case 200: {
      const record = recordOf(proposal === undefined ? body : said.record);
      return record === undefined ? UNKNOWN : { kind: proposal === undefined ? 'found' : 'decided', record };
    }
    case 404:
      return said.code === 'none' ? { kind: 'none' } : UNKNOWN;
    case 409: {
      const record = recordOf(said.record);
      return record === undefined ? UNKNOWN : { kind: 'lost', record };
    }
    case 410:
      return said.lowWater === undefined ? UNKNOWN : { kind: 'tooOld', lowWater: said.lowWater };
    case 425:
      return said.epoch === undefined ? UNKNOWN : { kind: 'tooNew', epoch: said.epoch };
    case 503:
      return said.code === 'full' ? { kind: 'full' } : REFUSED;
    default:
      return UNKNOWN;
  }
}

function recordOf(body: unknown): DecideRecord | undefined {
  const { needId, proposalId, kPlan, deciderId, timestampNs, lamport } = (body ?? {}) as Partial<Shown>;
  if (needId === undefined || proposalId === undefined || needIdFault(needId) !== undefined) return undefined;
  const need = needId as NeedId;
  return makeRecord(makeProposal(need, bucketOf(need), proposalId as ProposalId, nodeId(deciderId ?? 0), kPlan ?? 0, Number(timestampNs) / 1_000), lamport ?? 0);
}

interface Moment {
  readonly us: number;
  readonly ends: boolean;
  readonly place: number;
}

export function judgeHistory(history: readonly Asked[], parameters: Parameters, listeners: readonly Evidence[] = []): readonly Judged[] {
  const heardFirst: Evidence[] = [];
  const run: RunView = { seed: 0, scenario: 'clients', parameters, livenessBoundUs: 0, listen: (evidence) => void heardFirst.push(evidence), violated: () => undefined };
  const watches = [linearizability, durability].map((property) => ({ property, watch: property.watch(run) }));
  const sinks = [...listeners, ...heardFirst, ...watches.map((one) => one.watch)];
  const invocations = history.map(invocationOf);
  for (const { us, ends, place } of momentsOf(history)) {
    const invocation = invocations[place] as Invocation;
    for (const sink of sinks) {
      if (ends) sink.returned?.(invocation, answerOf(history[place] as Asked), us);
      else sink.invoked?.(invocation);
    }
  }
  return watches.map(({ property: { id, claim }, watch }) => ({ id, claim, judgement: watch.judge() }));
}

/** Beginnings and ends in order. What ends and begins in the same microsecond overlaps. */
function momentsOf(history: readonly Asked[]): Moment[] {
  const moments = history.flatMap(({ begunUs, endedUs }, place) => [{ us: begunUs, ends: false, place }, { us: endedUs, ends: true, place }]);
  return moments.sort((a, b) => a.us - b.us || Number(a.ends) - Number(b.ends) || a.place - b.place);
}

function invocationOf({ client, number, node, need, proposal, begunUs }: Asked, slot: number): Invocation {
  const id = need as NeedId;
  const bucket = bucketOf(id);
  const operation = proposal === undefined ? ({ kind: 'get', need: id, bucket } as const) : ({ kind: 'decide', need: id, bucket, proposal: proposal as ProposalId, kPlan: 1 } as const);
  return { client, number, slot, node: nodeId(node), operation, invokedAt: begunUs, final: false };
}
