// What goes over HTTP, said once: requests are checked against these schemas, answers are written by them, and
// /openapi.json is made of them. Names are those of the protocol; a wall time is a decimal string of nanoseconds, because
// JSON numbers end at 2^53.

import { Type, type Static, type TInteger, type TLiteral, type TObject, type TOptional, type TString, type TUnion, type TUnknown, type TArray, type TBoolean, type TNumber } from '@sinclair/typebox';
import { MAX_ID_BYTES } from '../../../kernel/base/ids.ts';

const NEED = '^(0|[1-9][0-9]{0,8})/[\\x21-\\x7e]+$';
const PRINTABLE = '^[\\x21-\\x7e]+$';
export const MAX_K_PLAN = 5;

const needId: TString = Type.String({ maxLength: MAX_ID_BYTES, pattern: NEED, description: '<epoch>/<name>: a decimal epoch, a slash, printable ASCII; at most 64 characters', examples: ['0/translate-page-7'] });
const proposalId: TString = Type.String({ minLength: 1, maxLength: MAX_ID_BYTES, pattern: PRINTABLE, description: 'printable ASCII, at most 64 characters', examples: ['plan-a'] });

export const DecideRequest: TObject<{ need: TString; proposal: TString; kPlan: TOptional<TInteger> }> = Type.Object(
  { need: needId, proposal: proposalId, kPlan: Type.Optional(Type.Integer({ minimum: 1, maximum: MAX_K_PLAN, default: 1, description: 'how many verifiers the plan was attested by' })) },
  { additionalProperties: false, $id: 'DecideRequest' },
);
export type DecideRequest = Static<typeof DecideRequest>;

export const DecideRecord: TObject<{
  needId: TString; proposalId: TString; epoch: TInteger; lamport: TInteger; kPlan: TInteger; deciderId: TInteger; timestampNs: TString;
}> = Type.Object(
  {
    needId,
    proposalId,
    epoch: Type.Integer({ minimum: 0 }),
    lamport: Type.Integer({ minimum: 0, description: "the register's logical time at which it recorded the decide" }),
    kPlan: Type.Integer({ minimum: 0 }),
    deciderId: Type.Integer({ minimum: 1, description: 'the node that submitted the winning proposal: its place in the member list' }),
    timestampNs: Type.String({ pattern: '^[0-9]+$', description: "nanoseconds of the decider's wall clock; data, never compared" }),
  },
  { $id: 'DecideRecord' },
);
export type DecideRecord = Static<typeof DecideRecord>;

export const Decided: TObject<{ outcome: TLiteral<'decided'>; record: typeof DecideRecord }> = Type.Object({ outcome: Type.Literal('decided'), record: DecideRecord }, { $id: 'Decided' });
export type Decided = Static<typeof Decided>;

/** Every error has a code for programs and a sentence for people; some carry what the caller needs to go on. */
export const ERROR_CODES = [
  'badRequest', 'notJson', 'tooLarge', 'badNeed', 'unsupportedMediaType', 'notFound', 'methodNotAllowed',
  'none', 'lost', 'tooOld', 'tooNew', 'full', 'unknown', 'overloaded', 'unreachable', 'notReady', 'tooManyRequests', 'internal',
] as const;
export type ErrorCode = (typeof ERROR_CODES)[number];

export const Failure: TObject<{
  code: TUnion<TLiteral<ErrorCode>[]>; message: TString; record: TOptional<typeof DecideRecord>; lowWater: TOptional<TInteger>; epoch: TOptional<TInteger>; faults: TOptional<TArray<TString>>;
}> = Type.Object(
  {
    code: Type.Union(ERROR_CODES.map((code) => Type.Literal(code))),
    message: Type.String(),
    record: Type.Optional(DecideRecord),
    lowWater: Type.Optional(Type.Integer({ description: 'tooOld: the oldest epoch that is still answered' })),
    epoch: Type.Optional(Type.Integer({ description: 'tooNew: the epoch of the register' })),
    faults: Type.Optional(Type.Array(Type.String(), { description: 'badRequest: everything that is wrong with it' })),
  },
  { $id: 'Error' },
);
export type Failure = Static<typeof Failure>;

export const Health: TObject<{
  status: TLiteral<'alive'>; node: TInteger; network: TString; phase: TString; mode: TString; version: TString; kernel: TString; engine: TString; uptimeSeconds: TNumber;
  shadow: TObject<{ folded: TInteger; behind: TInteger; snapshot: TInteger; snapshotUnderWay: TBoolean; differs: TString }>;
}> = Type.Object(
  {
    status: Type.Literal('alive'),
    node: Type.Integer(),
    network: Type.String({ description: 'hash of the network definition' }),
    phase: Type.String({ description: 'recovering, running, draining, sealed, refused or failed' }),
    mode: Type.String(),
    version: Type.String(),
    kernel: Type.String({ description: "sha256 over the kernel's sources" }),
    engine: Type.String(),
    uptimeSeconds: Type.Number(),
    shadow: Type.Object(
      {
        folded: Type.Integer({ description: 'the last event of the journal that was folded beside the node, to the same digest' }),
        behind: Type.Integer({ description: 'durable events that are not folded yet' }),
        snapshot: Type.Integer({ description: 'the event after which the newest snapshot was taken; 0: there is none' }),
        snapshotUnderWay: Type.Boolean(),
        differs: Type.String({ description: 'how the state of the node differs from what its journal says; empty: it does not' }),
      },
      { description: 'the journal as it is folded beside the node' },
    ),
  },
  { $id: 'Health' },
);
export type Health = Static<typeof Health>;

export const Ready: TObject<{ ready: TBoolean; reasons: TArray<TString> }> = Type.Object(
  { ready: Type.Boolean(), reasons: Type.Array(Type.String(), { description: 'why it is not, one sentence each' }) },
  { $id: 'Ready' },
);
export type Ready = Static<typeof Ready>;

const GroupStatus: TObject<{ group: TInteger; role: TString; leader: TInteger; term: TInteger; commit: TInteger; applied: TInteger; epoch: TInteger }> = Type.Object({
  group: Type.Integer(), role: Type.String(), leader: Type.Integer({ description: '0: none is known' }), term: Type.Integer(), commit: Type.Integer(), applied: Type.Integer(),
  epoch: Type.Integer({ description: 'the newest epoch that was announced since the process started' }),
});

export const Status: TObject<{
  node: TInteger; phase: TString; incarnation: TInteger; groups: TArray<typeof GroupStatus>; peers: TArray<TInteger>; decided: TInteger; answered: TInteger;
  decidesPerSecond: TNumber; answersPerSecond: TNumber; latencyMs: TObject<{ p50: TNumber; p95: TNumber; p99: TNumber }>; inFlight: TInteger; journalBytes: TInteger; steps: TInteger; fsyncs: TInteger;
}> = Type.Object(
  {
    node: Type.Integer(),
    phase: Type.String(),
    incarnation: Type.Integer(),
    groups: Type.Array(GroupStatus),
    peers: Type.Array(Type.Integer(), { description: 'members it is connected with' }),
    decided: Type.Integer({ description: 'decides this node has seen recorded since the process started' }),
    answered: Type.Integer({ description: 'requests of its own clients it has answered since the process started' }),
    decidesPerSecond: Type.Number(),
    answersPerSecond: Type.Number(),
    latencyMs: Type.Object({ p50: Type.Number(), p95: Type.Number(), p99: Type.Number() }, { description: 'of the requests of the last ten seconds' }),
    inFlight: Type.Integer(),
    journalBytes: Type.Integer(),
    steps: Type.Integer(),
    fsyncs: Type.Integer(),
  },
  { $id: 'Status' },
);
export type Status = Static<typeof Status>;

export type AnySchema = TObject | TUnknown;
