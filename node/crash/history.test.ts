// What clients are told over HTTP, as operations of a history: told right, it is linearizable; told wrong, the judges see it.

import { expect, test } from 'vitest';
import { bucketOf, makeProposal, makeRecord } from '../../kernel/decide/record.ts';
import { groupId, nodeId, type NeedId, type ProposalId } from '../../kernel/base/ids.ts';
import type { Answer } from '../../kernel/effect.ts';
import { DECIDE_DEFAULTS, RAFT_DEFAULTS, SWARM_DEFAULTS, type Parameters } from '../../kernel/parameters.ts';
import { responseTo } from '../live/api/answers.ts';
import type { Asked } from './asking.ts';
import { answerOf, judgeHistory } from './history.ts';

const PARAMETERS: Parameters = { network: 'told', nodes: 3, groups: [{ id: groupId(0), voters: [1, 2, 3].map(nodeId) }], raft: RAFT_DEFAULTS, decide: DECIDE_DEFAULTS, swarm: SWARM_DEFAULTS, gpuPollUs: 0, followsParent: false, planSyncUs: 0 };
const NEED = '0/a' as NeedId;
const record = (proposal: string, lamport = 7): Extract<Answer, { kind: 'decided' }>['record'] => makeRecord(makeProposal(NEED, bucketOf(NEED), proposal as ProposalId, nodeId(2), 1, 1_700_000_000_000_000), lamport);

let number = 0;

/** A question from `begunUs` to `endedUs`, answered as a node would. */
function asked(begunUs: number, endedUs: number, proposal: string | undefined, answer: Answer | number): Asked {
  const { status, body } = typeof answer === 'number' ? { status: answer, body: undefined } : responseTo(answer);
  return { client: 1, number: ++number, node: 2, need: NEED, begunUs, endedUs, status, body: JSON.parse(JSON.stringify(body ?? null)), ...(proposal === undefined ? {} : { proposal }) };
}

const verdicts = (history: readonly Asked[]): Record<string, string> => Object.fromEntries(judgeHistory(history, PARAMETERS).map(({ id, judgement }) => [id, judgement.verdict]));
const found = (proposal: string, lamport = 7): Answer => ({ kind: 'found', record: record(proposal, lamport) });
const decided = (proposal: string): Answer => ({ kind: 'decided', record: record(proposal) });

test.each<[string, string | undefined, Answer]>([
  ['a decide', 'p', decided('p')],
  ['a decide that lost', 'q', { kind: 'lost', record: record('p') }],
  ['a read', undefined, found('p')],
  ['a read of nothing', undefined, { kind: 'none' }],
  ['an epoch that is forgotten', 'p', { kind: 'tooOld', lowWater: 3 }],
  ['an epoch to come', 'p', { kind: 'tooNew', epoch: 2 }],
  ['a full register', 'p', { kind: 'full' }],
  ['a node without a majority', 'p', { kind: 'refused', why: 'unreachable' }],
  ['no answer in time', 'p', { kind: 'unknown', why: 'timeout' }],
])('%s means over HTTP what it means in the kernel', (_what, proposal, answer) => {
  expect(answerOf(asked(1, 2, proposal, answer))).toEqual(answer);
});

test('a connection that nobody took did nothing; one that broke may have done anything', () => {
  expect(answerOf(asked(1, 2, 'p', 0)).kind).toBe('refused');
  expect(answerOf(asked(1, 2, 'p', -1)).kind).toBe('unknown');
  expect(answerOf(asked(1, 2, 'p', 500)).kind).toBe('unknown');
});

test('a history in which everything was kept holds', () => {
  expect(verdicts([asked(10, 20, 'p', decided('p')), asked(15, 30, 'q', { kind: 'lost', record: record('p') }), asked(40, 50, undefined, found('p')), asked(41, 51, 'r', -1)])).toEqual({ linearizability: 'held', durability: 'held' });
});

test('a decide that is gone, or is another one, is found, in whatever order the answers were written down', () => {
  const gone = [asked(40, 50, undefined, { kind: 'none' }), asked(10, 20, 'p', decided('p'))];
  expect(verdicts(gone)).toEqual({ linearizability: 'violated', durability: 'violated' });
  const changed = [asked(10, 20, 'p', decided('p')), asked(30, 60, 'q', -1), asked(70, 80, undefined, found('q', 9))];
  expect(verdicts(changed)).toEqual({ linearizability: 'violated', durability: 'violated' });
});

test('what overlaps may come in either order', () => {
  expect(verdicts([asked(10, 30, 'p', decided('p')), asked(20, 40, undefined, { kind: 'none' })]).linearizability).toBe('held');
});
