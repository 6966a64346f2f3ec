// An operator's orders over HTTP: who is a member of a group, who shall be, and who shall lead it.

import { Type, type Static, type TArray, type TInteger, type TObject, type TOptional, type TString } from '@sinclair/typebox';
import { groupId, nodeId, type GroupId, type NodeId } from '../../../kernel/base/ids.ts';
import type { Answer } from '../../../kernel/effect.ts';
import type { Seat } from '../../../kernel/raft/configuration.ts';
import type { Wish } from '../../../kernel/raft/message.ts';
import type { Response } from './answers.ts';

const MAX_MEMBERS = 16;
const node: TInteger = Type.Integer({ minimum: 1, maximum: 0xffff });
const nodes = (least: number): TArray<TInteger> => Type.Array(node, { minItems: least, maxItems: MAX_MEMBERS, uniqueItems: true });
const seats: TArray<TObject<{ node: TInteger; life: TInteger }>> = Type.Array(Type.Object({ node, life: Type.Integer({ description: 'the incarnation in which it began anew; 0: never' }) }));

export const ChangeRequest: TObject<{ number: TInteger; voters: TArray<TInteger>; learners: TOptional<TArray<TInteger>> }> = Type.Object(
  {
    number: Type.Integer({ minimum: 0, maximum: Number.MAX_SAFE_INTEGER, description: 'of the configuration that is to be changed: refused if another one is in force by then' }),
    voters: nodes(1),
    learners: Type.Optional(nodes(0)),
  },
  { additionalProperties: false, $id: 'ChangeRequest' },
);
export type ChangeRequest = Static<typeof ChangeRequest>;

export const LeaderRequest: TObject<{ leader: TInteger }> = Type.Object({ leader: node }, { additionalProperties: false, $id: 'LeaderRequest' });
export type LeaderRequest = Static<typeof LeaderRequest>;

export const Members: TObject<{ group: TInteger; verdict: TString; number: TInteger; voters: typeof seats; outgoing: typeof seats; learners: typeof seats; wanted: TObject<{ voters: TArray<TInteger>; learners: TArray<TInteger> }> }> = Type.Object(
  {
    group: Type.Integer(),
    verdict: Type.String({ description: 'done: it is so, or it is committed that it shall be; superseded: another configuration is in force' }),
    number: Type.Integer({ description: 'counts the changes of the group' }),
    voters: seats,
    outgoing: seats,
    learners: seats,
    wanted: Type.Object({ voters: Type.Array(node), learners: Type.Array(node) }),
  },
  { $id: 'Members' },
);
export type Members = Static<typeof Members>;

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
