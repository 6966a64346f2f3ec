// One payload of each kind that keeps all rules, with something drawn in it; and ways to break a rule.

import type { DagMap, DagValue } from '../../base/dag-cbor.ts';
import type { NeedId } from '../../base/ids.ts';
import type { Random } from '../../base/random.ts';
import { bondUnits } from '../challenge.ts';
import { draft, type Head } from '../envelope.ts';
import { KINDS, PAYLOADS, type Kind, type Payloads } from '../payload.ts';

/** In base units. */
const TOKEN = 1_000_000_000_000n;

const digits = (random: Random, bytes: number): string => Array.from({ length: bytes }, () => random.below(256).toString(16).padStart(2, '0')).join('');
const sorted = (names: readonly string[]): readonly string[] => [...new Set(names)].sort((a, b) => (a < b ? -1 : a > b ? 1 : 0));
const bytes = (random: Random, length: number): Uint8Array => Uint8Array.from({ length }, () => random.below(256));

export function samplePayload<K extends Kind>(kind: K, random: Random): Payloads[K] {
  return SAMPLES[kind](random);
}

const task = (random: Random): string => `task-${random.below(1_000)}`;
const need = (random: Random): NeedId => `${random.below(9)}/need-${random.below(1_000)}` as NeedId;

const SAMPLES: { readonly [K in Kind]: (random: Random) => Payloads[K] } = {
  NEED: (r) => ({ taskType: 'render', requires: sorted(['a', `b${r.below(9)}`]), produces: ['frames'], budgetUnits: BigInt(1 + r.below(1_000)) * TOKEN, epoch: r.below(9) }),
  PROPOSE: (r) => ({
    needId: need(r), proposalId: `p${r.below(1_000)}`, patch: [bytes(r, 24), bytes(r, 40)], ballot: r.below(100), costUnits: BigInt(1 + r.below(1_000)), etaMs: 1 + r.below(100_000),
    shardDependencies: [{ shard: r.below(256), needId: need(r) }],
  }),
  CLAIM: (r) => ({ taskId: task(r), leaseTtlMs: 60_000 + r.below(100_000), costUnits: BigInt(1 + r.below(1_000)), etaMs: 1 + r.below(10_000), heartbeatIntervalMs: 1 + r.below(60_000 - 1) }),
  HEARTBEAT: (r) => ({ lease: `lease-${r.below(100)}`, progress: r.below(1_000_001) }),
  COMMIT: (r) => ({ taskId: task(r), artifactHash: digits(r, 32), bountyUnits: BigInt(r.below(1_000)), telemetry: { wallMs: r.below(9_999), cpuMs: r.below(9_999), gpuMs: r.below(9_999), vramMb: r.below(9_999) } }),
  ATTEST: (r) => ({ taskId: task(r), commit: digits(r, 32), verdict: r.pick(['pass', 'fail']), digest: digits(r, 32) }),
  DECIDE: (r) => ({
    needId: need(r), proposalId: `p${r.below(1_000)}`, epoch: r.below(9), lamport: 1 + r.below(1_000), kPlan: 2, deciderId: 'node-3', timestampNs: 1n + BigInt(r.below(1_000_000)),
    attestations: sorted([digits(r, 32), digits(r, 32), digits(r, 32)]), signatures: [{ signer: digits(r, 32), signature: bytes(r, 64) }],
  }),
  FINALIZE: (r) => ({ taskId: task(r), commit: digits(r, 32), attestations: sorted([digits(r, 32), digits(r, 32)]) }),
  YIELD: (r) => ({ taskId: task(r), reason: `out of memory (${r.below(9)})` }),
  RELEASE: (r) => ({ taskId: task(r), lease: `lease-${r.below(100)}`, why: r.pick(['timeout', 'heartbeatMiss']) }),
  UPDATE_PLAN: (r) => ({ ops: [bytes(r, 30)] }),
  ATTEST_PLAN: (r) => ({ needId: need(r), proposalId: `p${r.below(1_000)}`, verdict: r.pick(['approve', 'reject']) }),
  CHALLENGE: (r) => {
    const kind = r.pick(['schema', 'citation', 'contradiction', 'outputMismatch', 'policy'] as const);
    const severity = r.pick(['low', 'medium', 'high'] as const);
    return { target: digits(r, 32), kind, severity, proof: bytes(r, 60), bondUnits: bondUnits(kind, severity) };
  },
  INVALIDATE: (r) => ({ challenge: digits(r, 32), slashed: [digits(r, 32)], honest: sorted([digits(r, 32), digits(r, 32)]), evidence: digits(r, 32), newKResult: 1 + r.below(9) }),
  RECONCILE: (r) => ({ summary: 'two sides met', orphaned: [{ needId: need(r), proposalId: `p${r.below(1_000)}`, orphanedByEpoch: r.below(9) }] }),
  CHECKPOINT: (r) => ({ epoch: r.below(99), merkleRoot: digits(r, 32), stateSummary: digits(r, 32), signatures: [{ signer: digits(r, 32), signature: bytes(r, 64) }] }),
};

export const writtenPayload = (kind: Kind, random: Random): DagMap => write(kind, random) as DagMap;

function write<K extends Kind>(kind: K, random: Random): DagValue {
  return PAYLOADS[kind].write(samplePayload(kind, random));
}

/** Each breaks one rule, of all kinds or of one. */
export const BROKEN: readonly { readonly kind: Kind | 'any'; readonly change: (payload: DagMap) => DagMap }[] = [
  { kind: 'any', change: (payload) => new Map([...payload].slice(1)) },
  { kind: 'any', change: (payload) => new Map([...payload, ['extra', 1]]) },
  { kind: 'NEED', change: (payload) => new Map([...payload, ['budgetUnits', 0]]) },
  { kind: 'NEED', change: (payload) => new Map([...payload, ['requires', ['b', 'a']]]) },
  { kind: 'CLAIM', change: (payload) => new Map([...payload, ['leaseTtlMs', 59_999], ['heartbeatIntervalMs', 1]]) },
  { kind: 'CLAIM', change: (payload) => new Map([...payload, ['leaseTtlMs', 60_000], ['heartbeatIntervalMs', 60_000]]) },
  { kind: 'PROPOSE', change: (payload) => new Map([...payload, ['costUnits', 0]]) },
  { kind: 'PROPOSE', change: (payload) => new Map([...payload, ['patch', []]]) },
  { kind: 'CHALLENGE', change: (payload) => new Map([...payload, ['kind', 'policy'], ['severity', 'high'], ['bondUnits', Number(375n * TOKEN) - 1]]) },
  { kind: 'DECIDE', change: (payload) => new Map([...payload, ['kPlan', 5]]) },
  { kind: 'HEARTBEAT', change: (payload) => new Map([...payload, ['progress', 1_000_001]]) },
];

export const anyKind = (random: Random): Kind => random.pick(KINDS);

/** An envelope that keeps all rules but that its signature is drawn. */
export function sampleEnvelope(genesis: string, kind: Kind, random: Random): Uint8Array {
  const head: Head = {
    threadId: `thread-${random.below(9)}`, lamport: 1 + random.below(1_000_000), tsNs: 1_800_000_000_000_000_000n + BigInt(random.below(1_000_000)), sender: digits(random, 32),
    policyEngineHash: digits(random, 32), policyCapsuleHash: digits(random, 32), policyEvalDigest: digits(random, 32), traceId: digits(random, 16), nonce: digits(random, 16),
  };
  return draft(genesis, head, kind, samplePayload(kind, random)).sealedBy(bytes(random, 64));
}

/** One of the samples with a few bytes flipped, set, cut out, put in, doubled, or a head that claims much. */
export function mutated(random: Random, samples: readonly Uint8Array[]): Uint8Array {
  let out: Uint8Array = random.pick(samples).slice();
  for (let n = 1 + random.below(3); n > 0 && out.length > 0; n--) {
    const place = random.below(out.length);
    switch (random.below(6)) {
      case 0:
        out[place] = random.below(256);
        break;
      case 1:
        out[place] = (out[place] as number) ^ (1 << random.below(8));
        break;
      case 2:
        out = out.slice(0, place);
        break;
      case 3:
        out = joined(out.subarray(0, place), bytes(random, 1 + random.below(4)), out.subarray(place));
        break;
      case 4:
        out = joined(out.subarray(0, place), out.subarray(place, place + random.below(40)), out.subarray(place));
        break;
      default:
        out = joined(out.subarray(0, place), Uint8Array.from(random.pick(GREEDY)), out.subarray(place + 1));
    }
  }
  return out;
}

/** Heads of lists, maps, bytes and texts that claim to be long, without end or deep. */
const GREEDY: readonly (readonly number[])[] = [
  [0x9b, 0, 0, 0, 1, 0, 0, 0, 0], [0xbb, 0x7f, 255, 255, 255, 255, 255, 255, 255], [0x5a, 255, 255, 255, 255], [0x7b, 255, 255, 255, 255, 255, 255, 255, 255], [0x9f], [0xbf], [0x5f],
  Array.from({ length: 60 }, () => 0x81), Array.from({ length: 200 }, () => 0xd8), [0xfb, 0x7f, 0xf8, 0, 0, 0, 0, 0, 0], [0xc2, 0x41, 1],
];

function joined(...parts: readonly Uint8Array[]): Uint8Array {
  const out = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    out.set(part, at);
    at += part.length;
  }
  return out;
}
