// What is journalled has to be readable again: every kind of event, with every field as long as its bound allows, is written
// and read, and fits into an event. A new kind does not compile until it stands here.

import { describe, expect, it } from 'vitest';
import { MAX_ACTORS, MAX_SUMS, planBlocks, planOps, planVector } from './plan/message.ts';
import { MAX_LAMPORT, MAX_NAME_BYTES, MAX_SEQ, MAX_VALUE_BYTES, op } from './plan/op.ts';
import { decode, encode, MAX_EVENT_BYTES } from './base/codec.ts';
import { groupId, MAX_ID_BYTES, nodeId, sessionId, type NeedId, type NodeId, type ProposalId } from './base/ids.ts';
import { CHUNK_BYTES, MAX_CONTENT_BYTES, type ContentAnswer } from './content.ts';
import { decideBody } from './decide/command.ts';
import { makeProposal, makeRecord } from './decide/record.ts';
import { eventCodec, MAX_DEVICE_ID_BYTES, MAX_DEVICES, MAX_REASON_BYTES, MAX_SIGNATURE_BYTES, type Cause, type Event, type ServiceOutcome } from './event.ts';
import { hello, MAX_LIVES } from './hello.ts';
import type { Message } from './message.ts';
import { DECIDE_DEFAULTS, RAFT_DEFAULTS, SWARM_DEFAULTS } from './parameters.ts';
import { beats, MAX_BEATS, type Beat } from './raft/beats.ts';
import { MAX_NUMBER } from './raft/bounds.ts';
import { configuration, MAX_SEATS, type Seat } from './raft/configuration.ts';
import { applyCommand, configure, makeEntry } from './raft/entry.ts';
import {
  append, appendReply, MAX_ENTRIES_PER_APPEND, openReply, openRequest, order, orderReply, readReply, readRequest, redirect, rest, snapshotChunk, snapshotReply, submit, submitReply,
  takeOver, voteReply, voteRequest, wake,
} from './raft/message.ts';
import { carry, envelopeRefused, MAX_CARRIED_BYTES, MAX_WHY_BYTES, type EnvelopeMessage } from './swarm/message.ts';
import { draft, type Draft } from './swarm/envelope.ts';

const MOST = Number.MAX_SAFE_INTEGER;
const GROUP = groupId(0xffff);
const NODE = nodeId(0xffff);
const SESSION = sessionId(MOST);
/** Four bytes a character, the most that UTF-8 takes. */
const text = (bytes: number): string => '\u{10ffff}'.repeat(bytes >> 2).padEnd((bytes >> 2) * 2 + (bytes & 3), 'x');
const NEED = `999999999/${'n'.repeat(MAX_ID_BYTES - 10)}` as NeedId;
const PROPOSAL = makeProposal(NEED, 255, text(MAX_ID_BYTES) as ProposalId, NODE, 0xffff, MOST);
const RECORD = makeRecord(PROPOSAL, MOST);
const BODY = decideBody(PROPOSAL);
const LOST = { kind: 'lost', record: RECORD } as const;

/** As many seats in each list as it may have, all of them different. */
const seats = (from: number): Seat[] => Array.from({ length: MAX_SEATS }, (_, k) => ({ node: nodeId(0xffff - 3 * MAX_SEATS + from + k), life: MAX_NUMBER }));
const nodes = (from: number): NodeId[] => seats(from).map((seat) => seat.node);
const CONFIGURATION = configuration(MAX_NUMBER, seats(0), seats(MAX_SEATS), seats(2 * MAX_SEATS), { voters: nodes(0), learners: nodes(MAX_SEATS) });

const CONTENT = 'f'.repeat(64);
const bytes = (length: number): Uint8Array => new Uint8Array(length).fill(0xff);
const chunk = { group: GROUP, term: MAX_NUMBER, index: MAX_NUMBER, indexTerm: MAX_NUMBER, content: CONTENT, length: MAX_CONTENT_BYTES, offset: Math.floor(MAX_CONTENT_BYTES / CHUNK_BYTES - 1) * CHUNK_BYTES, bytes: bytes(CHUNK_BYTES), round: MAX_NUMBER };
const entries = Array.from({ length: MAX_ENTRIES_PER_APPEND }, () => makeEntry(MAX_NUMBER, applyCommand(SESSION, MOST, MOST, BODY)));

/** The longest envelope that is carried: its patch is filled up to the last byte. */
function longestEnvelope(): EnvelopeMessage {
  const head = { threadId: 't'.repeat(64), lamport: 2 ** 52, tsNs: 2n ** 63n - 1n, sender: CONTENT, policyEngineHash: CONTENT, policyCapsuleHash: CONTENT, policyEvalDigest: CONTENT, traceId: 'f'.repeat(32), nonce: 'f'.repeat(32) };
  const of = (last: number): Draft => draft(CONTENT, head, 'UPDATE_PLAN', { ops: [bytes(4_096), bytes(4_096), bytes(4_096), bytes(last)] });
  const room = MAX_CARRIED_BYTES - of(300).sealedBy(bytes(64)).length;
  const carried = carry(of(300 + room).sealedBy(bytes(64)), CONTENT);
  if (!carried.ok) throw new Error(carried.fault);
  expect(carried.message.bytes.length).toBe(MAX_CARRIED_BYTES);
  return carried.message;
}
const ENVELOPE = longestEnvelope();

const SEEN = Array.from({ length: MAX_ACTORS }, () => ({ actor: text(MAX_NAME_BYTES), seq: MAX_SEQ, high: 0xffffffff, low: 0xffffffff }));
const NOTE = { kind: 'ANNOTATE', task: text(MAX_NAME_BYTES), key: text(MAX_NAME_BYTES), value: text(MAX_VALUE_BYTES) } as const;
// As many of the longest ops as one message may carry.
const OPS = Array.from({ length: 4 }, (_, i) => op({ thread: text(MAX_NAME_BYTES), actor: text(MAX_NAME_BYTES), seq: MAX_SEQ - 2 * i, lamport: MAX_LAMPORT, body: NOTE }, text(MAX_SIGNATURE_BYTES)));

const MESSAGES: Readonly<Record<Message['kind'], Message>> = {
  hello: hello(MOST, MOST, MOST, text(MAX_SIGNATURE_BYTES), false, true, MOST, Array.from({ length: MAX_LIVES }, () => ({ incarnation: MOST, from: MOST })), { incarnation: MOST, tag: MOST, heard: MOST, born: MOST }, MOST),
  vote: voteRequest(GROUP, true, MAX_NUMBER, MAX_NUMBER, MAX_NUMBER),
  voteReply: voteReply(GROUP, true, MAX_NUMBER, true),
  append: append(GROUP, MAX_NUMBER, MAX_NUMBER, MAX_NUMBER, entries, MAX_NUMBER, MAX_NUMBER),
  appendReply: appendReply(GROUP, MAX_NUMBER, true, MAX_NUMBER, MAX_NUMBER),
  snapshot: snapshotChunk(chunk),
  snapshotReply: snapshotReply(GROUP, MAX_NUMBER, MAX_NUMBER, CONTENT, MAX_NUMBER, 'damaged', MAX_NUMBER),
  open: openRequest(GROUP, MOST),
  opened: openReply(GROUP, MOST, SESSION),
  submit: submit(GROUP, SESSION, MOST, MOST, BODY),
  submitted: submitReply(GROUP, SESSION, MOST, LOST),
  read: readRequest(GROUP, MOST, NEED),
  readReply: readReply(GROUP, MOST, { kind: 'found', record: RECORD }),
  redirect: redirect(GROUP, 'notOwner', NODE, 'submit', MOST, MOST, Array.from({ length: 3 * MAX_SEATS }, () => NODE)),
  beats: beats(Array.from({ length: MAX_BEATS }, () => append(GROUP, MAX_NUMBER, MAX_NUMBER, MAX_NUMBER, [], MAX_NUMBER, MAX_NUMBER))),
  planVector: planVector(SEEN, true),
  planOps: planOps(OPS, true),
  planBlocks: planBlocks(text(MAX_NAME_BYTES), MAX_SEQ, Array.from({ length: MAX_SUMS }, () => ({ high: 0xffffffff, low: 0xffffffff })), true),
  takeOver: takeOver(GROUP, MAX_NUMBER),
  rest: rest(GROUP, MAX_NUMBER, MAX_NUMBER),
  wake: wake(GROUP, MAX_NUMBER),
  order: order(GROUP, MOST, { kind: 'change', number: MOST, goal: CONFIGURATION.goal }),
  ordered: orderReply(GROUP, MOST, 'superseded', CONFIGURATION),
  envelope: ENVELOPE,
  envelopeRefused: envelopeRefused(CONTENT, text(MAX_WHY_BYTES), MOST),
};

const outcome = (of: ServiceOutcome): Cause => ({ kind: 'outcome', sequence: MOST, index: MOST, outcome: of });
const largest = <T extends object>(fields: T): T => Object.fromEntries(Object.keys(fields).map((name) => [name, MOST])) as T;
const signed = (bytes: number): Cause => outcome({ kind: 'ok', answer: { service: 'signer', signature: text(bytes) } });
const content = (answer: ContentAnswer): Cause => outcome({ kind: 'ok', answer });
const failed = (bytes: number): Cause => outcome({ kind: 'failed', reason: text(bytes) });
const inventory = (count: number, bytes: number): Cause =>
  outcome({ kind: 'ok', answer: { service: 'gpu', devices: Array.from({ length: count }, () => ({ id: text(bytes), memoryMb: MOST, usedMb: MOST })) } });
const parameters = (groups: number, voters: number) => ({
  network: text(128), nodes: 0xffff, raft: largest(RAFT_DEFAULTS), decide: largest(DECIDE_DEFAULTS), swarm: largest(SWARM_DEFAULTS), gpuPollUs: MOST, followsParent: true, planSyncUs: MOST,
  groups: Array.from({ length: groups }, () => ({ id: GROUP, voters: Array.from({ length: voters }, () => NODE) })),
});
const boot = (groups: number, voters: number): Cause => ({ kind: 'boot', self: NODE, seed: MOST, parameters: parameters(groups, voters), version: text(128) });

const STORED: Readonly<Record<ContentAnswer['is'], ContentAnswer>> = {
  stored: { service: 'content', is: 'stored', content: CONTENT, length: MAX_CONTENT_BYTES },
  chunk: { service: 'content', is: 'chunk', bytes: bytes(CHUNK_BYTES) },
  held: { service: 'content', is: 'held', length: MAX_CONTENT_BYTES },
  dropped: { service: 'content', is: 'dropped' },
  absent: { service: 'content', is: 'absent', why: 'damaged' },
};

const CAUSES: Readonly<Record<Cause['kind'], readonly Cause[]>> = {
  // One group for every bucket, of as many voters as a live network gives it.
  boot: [boot(256, 5), boot(64, 63)],
  recovered: [{ kind: 'recovered', incarnation: MOST, tag: MOST, reborn: true }],
  deadline: [{ kind: 'deadline' }],
  message: [...Object.values(MESSAGES), append(GROUP, MAX_NUMBER, MAX_NUMBER, MAX_NUMBER, [makeEntry(MAX_NUMBER, configure(CONFIGURATION))], MAX_NUMBER, MAX_NUMBER)].map((message) => ({ kind: 'message', from: NODE, incarnation: MOST, sent: MOST, message })),
  request: [
    { kind: 'request', request: { client: MOST, number: MOST }, operation: { kind: 'decide', need: NEED, bucket: 255, proposal: PROPOSAL.proposal, kPlan: 0xffff } },
    { kind: 'request', request: { client: MOST, number: MOST }, operation: { kind: 'get', need: NEED, bucket: 255 } },
  ],
  outcome: [signed(MAX_SIGNATURE_BYTES), failed(MAX_REASON_BYTES), inventory(MAX_DEVICES, MAX_DEVICE_ID_BYTES), outcome({ kind: 'unknown' }), ...Object.values(STORED).map(content)],
  order: [{ kind: 'order', request: { client: MOST, number: MOST }, group: GROUP, wish: { kind: 'change', number: MOST, goal: CONFIGURATION.goal } }],
  publish: [{ kind: 'publish', request: { client: MOST, number: MOST }, message: ENVELOPE }],
  planEdit: [{ kind: 'planEdit', request: { client: MOST, number: MOST }, thread: text(MAX_NAME_BYTES), body: NOTE }],
  drain: [{ kind: 'drain' }],
  parentHead: [{ kind: 'parentHead', number: MOST, hash: text(128), parent: text(128) }],
};

const eventOf = (cause: Cause): Event => ({ sequence: MOST, at: MOST, wall: MOST, cause });
const named = (cause: Cause): string => `${cause.kind} ${cause.kind === 'message' ? cause.message.kind : cause.kind === 'outcome' ? cause.outcome.kind : ''}`.trim();

describe('the longest event of its kind is read as it was written, and fits', () => {
  it.each(Object.values(CAUSES).flat().map((cause) => [named(cause), cause] as const))('%s', (_name, cause) => {
    const bytes = encode(eventCodec, eventOf(cause));
    expect(bytes.length).toBeLessThanOrEqual(MAX_EVENT_BYTES);
    expect(decode(eventCodec, bytes)).toEqual({ ok: true, value: eventOf(cause) });
  });

  it.each<[string, Cause]>([
    ['signature', signed(MAX_SIGNATURE_BYTES + 1)],
    ['reason', failed(MAX_REASON_BYTES + 1)],
    ['device id', inventory(1, MAX_DEVICE_ID_BYTES + 1)],
    ['list of devices', inventory(MAX_DEVICES + 1, 1)],
    ['hash', { kind: 'parentHead', number: 1, hash: text(129), parent: '' }],
    ['chunk', content({ service: 'content', is: 'chunk', bytes: bytes(CHUNK_BYTES + 1) })],
    ['content', content({ service: 'content', is: 'stored', content: CONTENT, length: MAX_CONTENT_BYTES + 1 })],
    ['name of a content', content({ service: 'content', is: 'stored', content: `${CONTENT}f`, length: 1 })],
  ])('a %s that is one longer is refused', (_what, cause) => {
    expect(decode(eventCodec, encode(eventCodec, eventOf(cause)))).toMatchObject({ ok: false });
  });

  it.each<[string, readonly Beat[]]>([
    ['only one', [rest(GROUP, 1, 1)]],
    ['too many', Array.from({ length: MAX_BEATS + 1 }, () => rest(GROUP, 1, 1))],
    ['one that holds entries', [rest(GROUP, 1, 1), append(GROUP, 1, 0, 0, entries.slice(0, 1), 0, 0)]],
    ['one that is a vote', [rest(GROUP, 1, 1), voteReply(GROUP, false, 1, true) as unknown as Beat]],
  ])('so are heartbeats together of which there is %s', (_what, together) => {
    const message = (of: readonly Beat[]): Cause => ({ kind: 'message', from: NODE, incarnation: 1, sent: 1, message: beats(of) });
    expect(decode(eventCodec, encode(eventCodec, eventOf(message(together))))).toMatchObject({ ok: false });
    expect(decode(eventCodec, encode(eventCodec, eventOf(message([rest(GROUP, 1, 1), appendReply(GROUP, 1, true, 1, 0)]))))).toMatchObject({ ok: true });
  });

  it.each([
    ['is not full, and not the last', { ...chunk, bytes: bytes(CHUNK_BYTES - 1) }],
    ['is longer than what is left', { ...chunk, length: 10, offset: 0, bytes: bytes(11) }],
    ['begins between two others', { ...chunk, offset: 1 }],
    ['begins at the end', { ...chunk, length: CHUNK_BYTES, offset: CHUNK_BYTES, bytes: bytes(0) }],
    ['is of an empty content', { ...chunk, length: 0, offset: 0, bytes: bytes(0) }],
    ['is of a content without a name', { ...chunk, content: 'F'.repeat(64) }],
  ])('so is a chunk that %s', (_what, fields) => {
    const message = (of: typeof chunk): Cause => ({ kind: 'message', from: NODE, incarnation: 1, sent: 1, message: snapshotChunk(of) });
    expect(decode(eventCodec, encode(eventCodec, eventOf(message(fields))))).toMatchObject({ ok: false });
    expect(decode(eventCodec, encode(eventCodec, eventOf(message(chunk))))).toMatchObject({ ok: true });
  });
});
