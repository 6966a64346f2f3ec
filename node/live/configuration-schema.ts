// The form of a configuration file. `expects` completes the sentence "expected ..." that a person reads when a field is wrong.

import { Type, type Static, type TArray, type TBoolean, type TInteger, type TLiteral, type TObject, type TOptional, type TString, type TUnion } from '@sinclair/typebox';
import { LIVE_DECIDE, LIVE_RAFT } from './network-definition.ts';

export const MODES = ['full', 'compute', 'storage', 'validator'] as const;
export type Mode = (typeof MODES)[number];

const whole = (least: number, most: number): TInteger => Type.Integer({ minimum: least, maximum: most, expects: `a whole number from ${least} to ${most}` });
const text = (expects: string): TString => Type.String({ minLength: 1, maxLength: 4_096, expects });

const overrides = (defaults: object): TObject => Type.Object(Object.fromEntries(Object.keys(defaults).map((name) => [name, Type.Optional(whole(1, Number.MAX_SAFE_INTEGER))])), { additionalProperties: false, expects: 'an object' });

const MemberSchema: TObject<{ id: TInteger; publicKey: TString; addresses: TArray<TString> }> = Type.Object(
  { id: whole(1, 0xffff), publicKey: text('64 hexadecimal digits'), addresses: Type.Array(text('/ip4/<address>/tcp/<port>'), { maxItems: 16, expects: 'a list of addresses' }) },
  { additionalProperties: false, expects: 'an object {id, publicKey, addresses}' },
);

const NetworkSchema: TObject<{ name: TString; groups: TOptional<TInteger>; members: TArray<typeof MemberSchema>; raft: TOptional<TObject>; decide: TOptional<TObject> }> = Type.Object(
  {
    name: Type.String({ minLength: 1, maxLength: 64, expects: 'a name of 1 to 64 characters' }),
    groups: Type.Optional(whole(1, 256)),
    members: Type.Array(MemberSchema, { minItems: 1, maxItems: 1_000, expects: 'a list of 1 to 1000 members' }),
    raft: Type.Optional(overrides(LIVE_RAFT)),
    decide: Type.Optional(overrides(LIVE_DECIDE)),
  },
  { additionalProperties: false, expects: 'an object' },
);

const LimitsSchema: TObject<{ inFlight: TOptional<TInteger>; connections: TOptional<TInteger>; requestsPerSecond: TOptional<TInteger>; reserveMb: TOptional<TInteger>; snapshotEvery: TOptional<TInteger> }> = Type.Object(
  {
    inFlight: Type.Optional(whole(1, 100_000)),
    connections: Type.Optional(whole(1, 100_000)),
    requestsPerSecond: Type.Optional(whole(1, 1_000_000)),
    reserveMb: Type.Optional(whole(0, 1_000_000)),
    snapshotEvery: Type.Optional(whole(100, 1_000_000)),
  },
  { additionalProperties: false, expects: 'an object' },
);

export const FileSchema: TObject<{
  self: TInteger; key: TString; data: TString; http: TOptional<TString>; p2p: TOptional<TString>; mode: TOptional<TUnion<TLiteral<Mode>[]>>;
  chainRpc: TOptional<TString>; sidecar: TOptional<TString>; gpuPollSeconds: TOptional<TInteger>; mdns: TOptional<TBoolean>; listedOnly: TOptional<TBoolean>; rejoin: TOptional<TBoolean>; network: typeof NetworkSchema; limits: TOptional<typeof LimitsSchema>;
}> = Type.Object(
  {
    self: whole(1, 0xffff),
    key: text('the path of a key file'),
    data: text('the path of a directory'),
    http: Type.Optional(text('<host>:<port>')),
    p2p: Type.Optional(text('/ip4/<address>/tcp/<port>')),
    mode: Type.Optional(Type.Union(MODES.map((mode) => Type.Literal(mode)), { expects: `one of ${MODES.join(', ')}` })),
    chainRpc: Type.Optional(text('a URL ws://... or wss://... or http(s)://...')),
    sidecar: Type.Optional(text('<host>:<port>')),
    gpuPollSeconds: Type.Optional(whole(0, 86_400)),
    mdns: Type.Optional(Type.Boolean({ expects: 'true or false' })),
    rejoin: Type.Optional(Type.Boolean({ expects: 'true or false' })),
    listedOnly: Type.Optional(Type.Boolean({ expects: 'true or false' })),
    network: NetworkSchema,
    limits: Type.Optional(LimitsSchema),
  },
  { additionalProperties: false, expects: 'an object' },
);

/** A configuration file, as JSON. */
export type ConfigurationFile = Static<typeof FileSchema>;
