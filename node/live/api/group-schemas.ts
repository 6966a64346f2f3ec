// Schemas of an operator's orders and of what comes of them: checked on the way in, written by on the way out, and shown in
// /openapi.json.

import { Type, type Static, type TArray, type TInteger, type TObject, type TOptional, type TString } from '@sinclair/typebox';

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
