// An operator's orders over HTTP: who is a member of a group, who shall be, and who shall lead it.

import { groupId, nodeId, type GroupId, type NodeId } from '../../../kernel/base/ids.ts';
import type { Answer } from '../../../kernel/effect.ts';
import type { Seat } from '../../../kernel/raft/configuration.ts';
import type { Wish } from '../../../kernel/raft/message.ts';
import type { Response } from './answers.ts';
import type { ChangeRequest, LeaderRequest, Members } from './group-schemas.ts';

export interface OrderAsked {
  readonly kind: 'order';
  readonly group: GroupId;
  readonly wish: Wish;
}

const sorted = (list: readonly number[]): NodeId[] => [...list].sort((a, b) => a - b).map((one) => nodeId(one));

export const membersAsked = (group: number): OrderAsked => ({ kind: 'order', group: groupId(group), wish: { kind: 'members' } });

export const changeAsked = (group: number, body: ChangeRequest): OrderAsked => ({
  kind: 'order', group: groupId(group), wish: { kind: 'change', number: body.number, goal: { voters: sorted(body.voters), learners: sorted(body.learners ?? []) } },
});

export const leaderAsked = (group: number, body: LeaderRequest): OrderAsked => ({ kind: 'order', group: groupId(group), wish: { kind: 'handOver', to: nodeId(body.leader) } });

export function orderResponse(group: number, answer: Answer): Response {
  if (answer.kind === 'ordered') {
    const { number, voters, outgoing, learners, goal } = answer.configuration;
    const shown = (list: readonly Seat[]): { node: number; life: number }[] => list.map((seat) => ({ node: seat.node, life: seat.life }));
    const body: Members = {
      group, verdict: answer.verdict, number, voters: shown(voters), outgoing: shown(outgoing), learners: shown(learners), wanted: { voters: [...goal.voters], learners: [...goal.learners] },
    };
    return { status: answer.verdict === 'done' ? 200 : answer.verdict === 'superseded' ? 409 : 422, body };
  }
  if (answer.kind === 'unknown') return { status: 504, retryAfterSeconds: 1, body: { code: 'unknown', message: 'no answer came in time: it may be done, or may still be; sending the same request again is safe' } };
  if (answer.kind === 'refused' && answer.why === 'nonsense') return { status: 422, body: { code: 'badRequest', message: 'there is no such group, or no such node in this network' } };
  return { status: 503, retryAfterSeconds: 1, body: { code: 'unreachable', message: 'the leader of the group was not reached; nothing was done' } };
}
