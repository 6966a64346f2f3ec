// A second reader of envelopes, for judging the first: bytes in, fields out, and whether the payload keeps the rules of its
// kind as the specification states them. It shares nothing with the kernel's reader but the hash function.

import { sha256 } from '../kernel/base/hash.ts';

type Item = null | boolean | number | bigint | string | Uint8Array | { readonly link: string } | readonly Item[] | ReadonlyMap<string, Item>;

export interface EnvelopeRead {
  readonly id: string;
  readonly kind: string;
  readonly sender: string;
  readonly lamport: number;
  readonly tsUs: number;
  /** The payload is what it should be, and has the hash that is claimed. */
  readonly valid: boolean;
}

const hexOf = (bytes: Uint8Array): string => Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
const bytesOf = (digits: string): Uint8Array => Uint8Array.from({ length: digits.length / 2 }, (_, i) => Number.parseInt(digits.slice(2 * i, 2 * i + 2), 16));

/** Undefined if this is no envelope at all. */
export function readEnvelope(bytes: Uint8Array, genesis: string): EnvelopeRead | undefined {
  const places = new Map<string, readonly [number, number, number]>();
  const [item, end] = itemAt(bytes, 0, places);
  if (!(item instanceof Map) || end !== bytes.length) return undefined;
  const fields = item as ReadonlyMap<string, Item>;
  const [kind, lamport, sender, tsNs] = [fields.get('kind'), fields.get('lamport'), fields.get('sender'), fields.get('tsNs')];
  const [signature, payload, claimed] = [places.get('signature'), places.get('payload'), fields.get('payloadHash')];
  if (typeof kind !== 'string' || typeof lamport !== 'number' || !(sender instanceof Uint8Array) || signature === undefined || payload === undefined || fields.get('v') !== 1) return undefined;
  const unsigned = [bytes.subarray(0, signature[0]), bytes.subarray(signature[2])].flatMap((part) => [...part]);
  unsigned[0] = (bytes[0] as number) - 1;
  const hashed = sha256(bytes.subarray(payload[1], payload[2]));
  const linked = isMap(claimed) || claimed === null || typeof claimed !== 'object' || !('link' in claimed) ? '' : claimed.link;
  return {
    id: sha256(Uint8Array.from([...bytesOf(genesis), ...unsigned])), kind, sender: hexOf(sender), lamport, tsUs: Number(BigInt(tsNs as number | bigint) / 1_000n),
    valid: linked === `01711220${hashed}` && keepsRules(kind, fields.get('payload')),
  };
}

const isMap = (item: Item | undefined): item is ReadonlyMap<string, Item> => item instanceof Map;

/** The item at a place, and where the next begins. `places`: of a map's entries, where key and value begin, and where they end. */
function itemAt(bytes: Uint8Array, at: number, places?: Map<string, readonly [number, number, number]>): [Item, number] {
  const head = bytes[at] as number;
  const info = head & 31;
  const size = info < 24 ? 0 : 1 << (info - 24);
  let argument = info < 24 ? BigInt(info) : 0n;
  for (let i = 1; i <= size; i++) argument = argument * 256n + BigInt(bytes[at + i] as number);
  const begin = at + 1 + size;
  const count = Number(argument);
  const whole = (value: bigint): Item => (value >= -9007199254740991n && value <= 9007199254740991n ? Number(value) : value);
  switch (head >> 5) {
    case 0:
      return [whole(argument), begin];
    case 1:
      return [whole(-1n - argument), begin];
    case 2:
      return [bytes.slice(begin, begin + count), begin + count];
    case 3:
      return [decodeURIComponent(Array.from(bytes.subarray(begin, begin + count), (byte) => `%${byte.toString(16).padStart(2, '0')}`).join('')), begin + count];
    case 4:
      return listAt(bytes, begin, count);
    case 5:
      return mapAt(bytes, begin, count, places);
    case 6: {
      const [inner, end] = itemAt(bytes, begin);
      return [{ link: hexOf((inner as Uint8Array).subarray(1)) }, end];
    }
    default:
      return [info === 20 ? false : info === 21 ? true : null, begin];
  }
}

function listAt(bytes: Uint8Array, begin: number, count: number): [Item, number] {
  const items: Item[] = [];
  let at = begin;
  for (let i = 0; i < count; i++) {
    const [item, end] = itemAt(bytes, at);
    items.push(item);
    at = end;
  }
  return [items, at];
}

function mapAt(bytes: Uint8Array, begin: number, count: number, places?: Map<string, readonly [number, number, number]>): [Item, number] {
  const map = new Map<string, Item>();
  let at = begin;
  for (let i = 0; i < count; i++) {
    const [key, from] = itemAt(bytes, at);
    const [value, end] = itemAt(bytes, from);
    map.set(key as string, value);
    places?.set(key as string, [at, from, end]);
    at = end;
  }
  return [map, at];
}

type Rule = (item: Item | undefined, payload: ReadonlyMap<string, Item>) => boolean;

const from = (least: number): Rule => (item) => typeof item === 'number' && item >= least;
const between = (least: number, most: number): Rule => (item) => typeof item === 'number' && item >= least && item <= most;
const units = (least: bigint): Rule => (item) => (typeof item === 'number' || typeof item === 'bigint') && BigInt(item) >= least && BigInt(item) < 9223372036854775808n;
const named: Rule = (item) => typeof item === 'string' && /^[!-~]{1,64}$/.test(item);
const words = (...known: readonly string[]): Rule => (item) => typeof item === 'string' && known.includes(item);
const sized = (least: number, most: number): Rule => (item) => item instanceof Uint8Array && item.length >= least && item.length <= most;
const phrase: Rule = (item) => typeof item === 'string' && encodeURIComponent(item).replaceAll(/%../g, 'x').length <= 1_024;
const need: Rule = (item) => typeof item === 'string' && item.length <= 64 && /^(?:0|[1-9][0-9]{0,8})\/[!-~]+$/.test(item);
const linked = (codec: string): Rule => (item) => typeof item === 'object' && item !== null && 'link' in item && item.link.length === 72 && item.link.startsWith(`01${codec}1220`);
const many = (rule: Rule, least: number, most: number): Rule => (item, payload) => Array.isArray(item) && item.length >= least && item.length <= most && item.every((one) => rule(one as Item, payload));
const rising = (rule: Rule, key: (item: Item) => string, least: number, most: number): Rule => (item, payload) =>
  many(rule, least, most)(item, payload) && (item as readonly Item[]).every((one, place, all) => place === 0 || key(all[place - 1] as Item) < key(one));
const exactly = (fields: Readonly<Record<string, Rule>>): Rule => (item) =>
  isMap(item) && item.size === Object.keys(fields).length && Object.entries(fields).every(([name, rule]) => item.has(name) && rule(item.get(name), item));

const key32 = sized(32, 32);
const inHex = (item: Item): string => hexOf(item as Uint8Array);
const keys = (least: number, most: number): Rule => rising(key32, inHex, least, most);
const signatures = (most: number): Rule => rising(exactly({ signer: key32, signature: sized(64, 64) }), (item) => inHex((item as ReadonlyMap<string, Item>).get('signer') as Item), 1, most);
const names: Rule = rising(named, (item) => item as string, 0, 64);
const ops = many(sized(1, 4_096), 1, 1_024);
const BONDS: Readonly<Record<string, bigint>> = { schema: 10n, citation: 25n, contradiction: 50n, outputMismatch: 100n, policy: 75n };
const TIMES: Readonly<Record<string, bigint>> = { low: 1n, medium: 2n, high: 5n };
const length = (item: Item | undefined): number => (Array.isArray(item) ? item.length : 0);
const apart: Rule = (item, payload) => (item as readonly Item[]).every((one) => !(payload.get('honest') as readonly Item[]).some((other) => inHex(other) === inHex(one)));
const dependency = exactly({ shard: between(0, 255), needId: need });
const isNamedOnce: Rule = (item) => new Set((item as readonly ReadonlyMap<string, Item>[]).map((one) => `${String(one.get('shard'))} ${String(one.get('needId'))}`)).size === length(item);
const both = (a: Rule, b: Rule): Rule => (item, payload) => a(item, payload) && b(item, payload);

const RULES: Readonly<Record<string, Rule>> = {
  NEED: exactly({ taskType: named, requires: names, produces: names, budgetUnits: units(1n), epoch: from(0) }),
  PROPOSE: exactly({ needId: need, proposalId: named, patch: ops, ballot: from(0), costUnits: units(1n), etaMs: from(1), shardDependencies: both(many(dependency, 0, 256), isNamedOnce) }),
  CLAIM: exactly({
    taskId: named, leaseTtlMs: between(60_000, 31_536_000_000), costUnits: units(1n), etaMs: from(1),
    heartbeatIntervalMs: (item, payload) => typeof item === 'number' && item > 0 && item < Number(payload.get('leaseTtlMs')),
  }),
  HEARTBEAT: exactly({ lease: named, progress: between(0, 1_000_000) }),
  YIELD: exactly({ taskId: named, reason: phrase }),
  RELEASE: exactly({ taskId: named, lease: named, why: words('timeout', 'heartbeatMiss') }),
  COMMIT: exactly({ taskId: named, artifactHash: linked('55'), bountyUnits: units(0n), telemetry: exactly({ wallMs: from(0), cpuMs: from(0), gpuMs: from(0), vramMb: from(0) }) }),
  ATTEST: exactly({ taskId: named, commit: key32, verdict: words('pass', 'fail'), digest: key32 }),
  FINALIZE: exactly({ taskId: named, commit: key32, attestations: keys(1, 256) }),
  DECIDE: exactly({
    needId: need, proposalId: named, epoch: from(0), lamport: from(1), kPlan: (item, payload) => between(1, 5)(item, payload) && Number(item) <= length(payload.get('attestations')),
    deciderId: named, timestampNs: units(1n), attestations: keys(1, 256), signatures: signatures(64),
  }),
  UPDATE_PLAN: exactly({ ops }),
  ATTEST_PLAN: exactly({ needId: need, proposalId: named, verdict: words('approve', 'reject') }),
  CHALLENGE: exactly({
    target: key32, kind: words(...Object.keys(BONDS)), severity: words(...Object.keys(TIMES)), proof: sized(1, 10_240),
    bondUnits: (item, payload) => units((BONDS[String(payload.get('kind'))] ?? 0n) * (TIMES[String(payload.get('severity'))] ?? 0n) * 1_000_000_000_000n)(item, payload),
  }),
  INVALIDATE: exactly({ challenge: key32, slashed: both(keys(0, 1_024), apart), honest: keys(0, 1_024), evidence: linked('55'), newKResult: between(1, 65_535) }),
  RECONCILE: exactly({ summary: phrase, orphaned: many(exactly({ needId: need, proposalId: named, orphanedByEpoch: from(0) }), 0, 4_096) }),
  CHECKPOINT: exactly({ epoch: from(0), merkleRoot: key32, stateSummary: linked('71'), signatures: signatures(4_096) }),
};

const keepsRules = (kind: string, payload: Item | undefined): boolean => isMap(payload) && (RULES[kind]?.(payload, payload) ?? false);
