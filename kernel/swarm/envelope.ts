// What one actor of the swarm says to all: a signed envelope. On the wire it is one DAG-CBOR map in its one form. The signature
// covers the hash of the network's genesis and the bytes of that map without the signature, so nothing replays on another
// network; the key that signs is the sender. The id is the sha256 of the signed bytes, in hexadecimal: it is not written, because
// what can be computed cannot be lied about, and not chosen, because a chosen id could be taken by somebody else first. It does
// not cover the signature: whoever signs the same again has said the same.

import { assert } from '../base/assert.ts';
import { decodeDagMap, encodeDagCbor, type DagFault, type DagLimits, type DagMap, type DagValue, type Extent, Link } from '../base/dag-cbor.ts';
import { sha256 } from '../base/hash.ts';
import { DAG_CBOR, hashOf, linkToBytes, RAW } from './link.ts';
import { KINDS, PAYLOADS, type Kind, type Payloads, type Said } from './payload.ts';
import { amount, Broken, bytes as bytesOf, digits, integer, link, name, unhex, type Schema } from './schema.ts';

export const MAX_PAYLOAD_BYTES = 1_048_575;
/** All fields but the payload, at their longest. */
const MAX_HEAD_BYTES = 1_024;
export const MAX_ENVELOPE_BYTES: number = MAX_PAYLOAD_BYTES + MAX_HEAD_BYTES;
const LIMITS: DagLimits = { bytes: MAX_ENVELOPE_BYTES, depth: 8, items: 65_536 };
/** So far below 2^53 that no sum of ours reaches that. */
export const MAX_LAMPORT: number = 0x10000000000000;

/** The fields that every envelope has beside kind, payload and signature. */
export interface Head {
  readonly threadId: string;
  readonly lamport: number;
  readonly tsNs: bigint;
  /** The public key, as hexadecimal digits, as are the hashes. */
  readonly sender: string;
  readonly policyEngineHash: string;
  readonly policyCapsuleHash: string;
  readonly policyEvalDigest: string;
  readonly traceId: string;
  readonly nonce: string;
}

export type Envelope = Head & {
  readonly id: string;
  readonly kind: Kind;
  readonly payloadHash: string;
  /** What it says; or by which of the rules of its kind it is not to be heard, which does not make it less signed. */
  readonly said: Said | Broken;
  readonly signature: Uint8Array;
};

/** Why bytes are no envelope. Who sent them is not known then: the signature covers nothing that can be read. */
export type EnvelopeFault = DagFault | 'notAMap' | 'unknownVersion' | 'unknownKind' | 'unknownField' | 'payloadTooLarge' | 'payloadHashDiffers' | `${string}.${string}`;

export type DecodedEnvelope =
  | { readonly ok: true; readonly envelope: Envelope; readonly signed: Uint8Array }
  | { readonly ok: false; readonly fault: EnvelopeFault };

const HEAD: { readonly [K in keyof Head]: Schema<Head[K]> } = {
  threadId: name(),
  lamport: integer(1, MAX_LAMPORT, 'notPositive'),
  tsNs: amount(1n, 'notPositive'),
  sender: digits(32),
  policyEngineHash: link(RAW),
  policyCapsuleHash: link(DAG_CBOR),
  policyEvalDigest: digits(32),
  traceId: digits(16),
  nonce: digits(16),
};
const HEAD_FIELDS = Object.keys(HEAD) as (keyof Head)[];
const SIGNATURE: Schema<Uint8Array> = bytesOf(64, 64);
/** v, kind, payload, payloadHash and the signature. */
const FIELDS: number = HEAD_FIELDS.length + 5;
/** Fewer than 24 entries: the head of a map is one byte. */
const MAP = 0xa0;

/** Never throws, whatever the bytes. `genesis` is the network's hash, in hexadecimal. */
export function decodeEnvelope(bytes: Uint8Array, genesis: string): DecodedEnvelope {
  const decoded = decodeDagMap(bytes, LIMITS);
  if (!decoded.ok) return { ok: false, fault: decoded.fault };
  if (decoded.value === undefined) return { ok: false, fault: 'notAMap' };
  const { map, extents } = decoded.value;
  const fault = outerFault(map);
  if (fault !== undefined) return { ok: false, fault };
  const head: Partial<Record<keyof Head, unknown>> = {};
  for (const field of HEAD_FIELDS) {
    const found = HEAD[field].read(map.get(field) as DagValue);
    if (found instanceof Broken) return { ok: false, fault: `${field}.${found.rule}` };
    head[field] = found;
  }
  const signature = SIGNATURE.read(map.get('signature') as DagValue);
  if (signature instanceof Broken) return { ok: false, fault: `signature.${signature.rule}` };
  const payload = payloadOf(bytes, map, extents);
  if (typeof payload === 'string') return { ok: false, fault: payload };
  const signed = signedBytes(genesis, without(bytes, extents.get('signature') as Extent));
  return { ok: true, signed, envelope: { ...(head as Head), ...payload, id: sha256(signed), signature } };
}

function outerFault(map: DagMap): EnvelopeFault | undefined {
  if (map.get('v') !== 1) return 'unknownVersion';
  const kind = map.get('kind');
  if (typeof kind !== 'string' || !(KINDS as readonly string[]).includes(kind)) return 'unknownKind';
  for (const field of HEAD_FIELDS) if (!map.has(field)) return `${field}.missing`;
  for (const field of ['payload', 'payloadHash', 'signature']) if (!map.has(field)) return `${field}.missing`;
  return map.size === FIELDS ? undefined : 'unknownField';
}

function payloadOf(bytes: Uint8Array, map: DagMap, extents: ReadonlyMap<string, Extent>): Pick<Envelope, 'kind' | 'payloadHash' | 'said'> | EnvelopeFault {
  const { from, to } = extents.get('payload') as Extent;
  if (to - from > MAX_PAYLOAD_BYTES) return 'payloadTooLarge';
  const given = map.get('payloadHash');
  const payloadHash = given instanceof Link ? hashOf(given, DAG_CBOR) : undefined;
  if (payloadHash === undefined) return given instanceof Link ? 'payloadHash.otherLink' : 'payloadHash.notALink';
  if (payloadHash !== sha256(bytes.subarray(from, to))) return 'payloadHashDiffers';
  const kind = map.get('kind') as Kind;
  const payload = PAYLOADS[kind].read(map.get('payload') as DagValue);
  return { kind, payloadHash, said: payload instanceof Broken ? payload : ({ kind, payload } as Said) };
}

/** The map without one entry is canonical as it was with it: one fewer, and the rest in its order. */
function without(bytes: Uint8Array, entry: Extent): Uint8Array {
  const out = new Uint8Array(bytes.length - (entry.to - entry.key));
  out.set(bytes.subarray(0, entry.key));
  out.set(bytes.subarray(entry.to), entry.key);
  out[0] = (out[0] as number) - 1;
  return out;
}

/** A node knows one network: its genesis is not read again for each envelope. */
let lastGenesis: { readonly digits: string; readonly bytes: Uint8Array } = { digits: '', bytes: new Uint8Array(0) };

function signedBytes(genesis: string, unsigned: Uint8Array): Uint8Array {
  assert(genesis.length === 64, 'the hash of the genesis has 64 hexadecimal digits');
  if (lastGenesis.digits !== genesis) lastGenesis = { digits: genesis, bytes: unhex(genesis) };
  const out = new Uint8Array(32 + unsigned.length);
  out.set(lastGenesis.bytes);
  out.set(unsigned, 32);
  return out;
}

/** What is to be signed, and the bytes of the envelope once it is. */
export interface Draft {
  readonly id: string;
  readonly signed: Uint8Array;
  /** Without the signature. */
  readonly entries: readonly (readonly [string, DagValue])[];
  sealedBy(signature: Uint8Array): Uint8Array;
}

export function draft<K extends Kind>(genesis: string, head: Head, kind: K, payload: Payloads[K]): Draft {
  return draftOf(genesis, head, kind, PAYLOADS[kind].write(payload));
}

/** The same with a payload that need not keep the rules of its kind: whoever says such things signs them too. */
export function draftOf(genesis: string, head: Head, kind: string, payload: DagValue): Draft {
  const entries: [string, DagValue][] = [['v', 1], ['kind', kind], ['payload', payload], ['payloadHash', linkToBytes(encodeDagCbor(payload), DAG_CBOR)]];
  for (const field of HEAD_FIELDS) entries.push([field, (HEAD[field] as Schema<unknown>).write(head[field])]);
  const signed = signedBytes(genesis, encodeDagCbor(new Map(entries)));
  return { id: sha256(signed), signed, entries, sealedBy: (signature) => encodeDagCbor(new Map<string, DagValue>([...entries, ['signature', signature]])) };
}

/** The hash of what makes this network this network. */
export const genesisOf = (network: string): string => sha256(`lockstep genesis ${network}`);

assert(FIELDS < 24 && MAP + FIELDS < 0xb8, 'the head of an envelope is one byte');
