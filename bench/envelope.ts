// Envelopes: how fast one is read, against the library of IPLD on the same bytes; how fast frames with envelopes pass the gate of a
// live node; how long its event loop stands still meanwhile; and whether a million mutated envelopes do any harm.
//
// Sender and receiver of the live rows are two libp2p nodes in this process, so that its event loop pays for both; signatures are
// Ed25519, made beforehand, and verified as live nodes do it.

import { generateKeyPairSync, sign, type KeyObject } from 'node:crypto';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import * as library from '@ipld/dag-cbor';
import { encode } from '../kernel/base/codec.ts';
import { groupId, nodeId } from '../kernel/base/ids.ts';
import { Random } from '../kernel/base/random.ts';
import { Kernel } from '../kernel/kernel.ts';
import { DECIDE_DEFAULTS, RAFT_DEFAULTS, SWARM_DEFAULTS } from '../kernel/parameters.ts';
import { decodeEnvelope, draft, genesisOf } from '../kernel/swarm/envelope.ts';
import { carry, type EnvelopeMessage } from '../kernel/swarm/message.ts';
import { KINDS } from '../kernel/swarm/payload.ts';
import { mutated, sampleEnvelope, samplePayload } from '../kernel/swarm/testing/samples.ts';
import { frameCodec } from '../io/frame.ts';
import { FrameDecoder } from '../io/live/decoder.ts';
import { Members } from '../io/live/members.ts';
import { frame, Lab, NETWORK } from '../io/live/testing/peers.ts';
import { race } from './codec.ts';
import { row, type Bench, type Row } from './row.ts';

const LIMIT = { perSecond: 2_000, delayMs: 20, growthMb: 64 } as const;
const GENESIS: string = genesisOf(NETWORK);
const SENDERS = 64;
const WALL = 1_800_000_000_000_000;
const SECONDS = 8;
const TICK_MS = 5;
const TOGETHER = 64;
const GATED = 12_000;
const MUTATIONS = 1_000_000;

function actors(): readonly { readonly key: KeyObject; readonly sender: string }[] {
  return Array.from({ length: SENDERS }, () => {
    const { privateKey, publicKey } = generateKeyPairSync('ed25519');
    return { key: privateKey, sender: publicKey.export({ format: 'der', type: 'spki' }).subarray(12).toString('hex') };
  });
}

/** Envelopes of all kinds, by several senders, each signed. */
function signed(count: number): EnvelopeMessage[] {
  const random = Random.of(1, 'bench envelopes');
  const all = actors();
  const hash = '5a'.repeat(32);
  return Array.from({ length: count }, (_, i) => {
    const { key, sender } = all[i % SENDERS] as (typeof all)[number];
    const kind = KINDS[i % KINDS.length] as (typeof KINDS)[number];
    const nonce = i.toString(16).padStart(32, '0');
    const head = { threadId: `thread-${i % 9}`, lamport: 1 + i, tsNs: BigInt(WALL) * 1_000n, sender, policyEngineHash: hash, policyCapsuleHash: hash, policyEvalDigest: hash, traceId: nonce, nonce };
    const made = draft(GENESIS, head, kind, samplePayload(kind, random));
    const carried = carry(made.sealedBy(new Uint8Array(sign(null, made.signed, key))), GENESIS);
    if (!carried.ok) throw new Error(carried.fault);
    return carried.message;
  });
}

async function reading(): Promise<Row[]> {
  const random = Random.of(1, 'bench samples');
  const samples = KINDS.map((kind) => sampleEnvelope(GENESIS, kind, random));
  let place = 0;
  const next = (): Uint8Array => samples[(place = (place + 1) % samples.length)] as Uint8Array;
  const [ours, theirs] = await race(() => decodeEnvelope(next(), GENESIS), () => library.decode(next()));
  const mean = Math.round(samples.reduce((sum, sample) => sum + sample.length, 0) / samples.length);
  return [row('envelope/decode', ours, `envelopes per second, of ${mean} bytes: form, hashes and rules`, `@ipld/dag-cbor, form alone and less strict: ${Math.round(theirs)}/s`, ours / theirs)];
}

/** Frames through the gate of a live node, as many at a time as so many peers would have under way. */
async function gate(): Promise<Row[]> {
  const lab = await Lab.of(2);
  const decoder = new FrameDecoder(NETWORK, nodeId(2), new Members(lab.members));
  const frames = signed(GATED).map((message, i) => encode(frameCodec, frame(1, 2, i + 1, message)));
  let good = 0;
  const pass = (bytes: Uint8Array): Promise<void> => new Promise((resolve) => {
    const decision = decoder.decide(bytes, nodeId(1));
    if (decision.kind !== 'pending') throw new Error('an envelope waits for its signature');
    decision.settled((settled) => {
      if (settled.kind === 'frame') good++;
      resolve();
    });
  });
  const run = async (from: number, to: number): Promise<number> => {
    const started = performance.now();
    for (let i = from; i < to; i += TOGETHER) await Promise.all(frames.slice(i, Math.min(to, i + TOGETHER)).map(pass));
    return (to - from) / ((performance.now() - started) / 1_000);
  };
  await run(0, GATED / 4);
  const before = process.cpuUsage();
  const rate = await run(GATED / 4, GATED);
  const { user, system } = process.cpuUsage(before);
  const cpuUs = Math.round((user + system) / (GATED * 0.75));
  await lab.end();
  if (good !== GATED) throw new Error(`${GATED - good} signatures were refused`);
  return [row('envelope/gate', rate, `envelopes per second decoded and verified, ${cpuUs} us of all processors each`, String(LIMIT.perSecond), rate / LIMIT.perSecond)];
}

/** At a steady rate from one live node to another, whose kernel takes a step for each. */
async function live(): Promise<Row[]> {
  const count = LIMIT.perSecond * SECONDS;
  const messages = signed(count);
  const kernel = booted();
  let sequence = 1;
  let accepted = 0;
  const lab = await Lab.of(2);
  const one = await lab.start(1);
  await lab.start(2, {}, ({ message }) => {
    if (message.kind !== 'envelope') return;
    sequence++;
    const effects = kernel.step({ sequence, at: sequence, wall: WALL, cause: { kind: 'publish', request: { client: 1, number: sequence }, message } });
    if (effects.some((effect) => effect.kind === 'fact' && effect.fact.kind === 'envelopeAccepted')) accepted++;
  });
  await lab.connected(1, 2);
  const delay = monitorEventLoopDelay({ resolution: 1 });
  let sent = 0;
  const feed = (until: number): void => {
    for (; sent < until && sent < count; sent++) one.send(frame(1, 2, sent + 1, messages[sent] as EnvelopeMessage));
  };
  const started = performance.now();
  while (sent < count) {
    await new Promise((resolve) => setTimeout(resolve, TICK_MS));
    const passed = performance.now() - started;
    // The first second warms it up.
    if (passed > 1_000) delay.enable();
    feed(Math.floor((passed / 1_000) * LIMIT.perSecond));
  }
  for (let waited = 0; accepted < count && waited < 10_000; waited += TICK_MS) await new Promise((resolve) => setTimeout(resolve, TICK_MS));
  const rate = accepted / ((performance.now() - started) / 1_000);
  delay.disable();
  await lab.end();
  const p99 = delay.percentile(99) / 1e6;
  return [
    row('envelope/live', rate, `envelopes per second from node to node, ${accepted} of ${count} accepted`, String(LIMIT.perSecond), rate / (0.95 * LIMIT.perSecond)),
    row('envelope/live-delay-p99-ms', p99, 'ms that the event loop stands still, p99', String(LIMIT.delayMs), LIMIT.delayMs / p99),
  ];
}

function booted(): Kernel {
  const kernel = new Kernel();
  const parameters = {
    network: NETWORK, nodes: 2, groups: [{ id: groupId(0), voters: [nodeId(1), nodeId(2)] }], raft: RAFT_DEFAULTS, decide: DECIDE_DEFAULTS, swarm: SWARM_DEFAULTS, gpuPollUs: 0, followsParent: false, planSyncUs: 0,
  };
  kernel.step({ sequence: 1, at: 1, wall: WALL, cause: { kind: 'boot', self: nodeId(2), seed: 1, parameters, version: 'bench' } });
  return kernel;
}

async function mutations(): Promise<Row[]> {
  const random = Random.of(1, 'a million mutations');
  const samples = KINDS.flatMap((kind) => [sampleEnvelope(GENESIS, kind, random), sampleEnvelope(GENESIS, kind, random)]);
  for (let i = 0; i < 20_000; i++) decodeEnvelope(mutated(random, samples), GENESIS);
  const before = process.memoryUsage().rss;
  let [most, accepted, slowestMs] = [before, 0, 0];
  const started = performance.now();
  for (let i = 0; i < MUTATIONS; i++) {
    const bytes = mutated(random, samples);
    const began = performance.now();
    if (decodeEnvelope(bytes, GENESIS).ok) accepted++;
    slowestMs = Math.max(slowestMs, performance.now() - began);
    if (i % 1_000 === 0) most = Math.max(most, process.memoryUsage().rss);
  }
  const seconds = (performance.now() - started) / 1_000;
  const growth = Math.max(0.1, (most - before) / 1_048_576);
  const against = `${LIMIT.growthMb} MB: ${MUTATIONS} mutations in ${seconds.toFixed(0)} s without a throw, ${accepted} were envelopes still, the slowest took ${slowestMs.toFixed(1)} ms`;
  return [row('envelope/mutations-growth-mb', growth, 'MB of memory grown, at most', against, LIMIT.growthMb / growth)];
}

export const ENVELOPE: readonly Bench[] = [
  { rows: ['envelope/decode'], about: 'reading envelopes against the library of IPLD', measure: reading },
  { rows: ['envelope/gate'], about: 'envelopes through the gate of a live node', measure: gate },
  { rows: ['envelope/live', 'envelope/live-delay-p99-ms'], about: 'envelopes at a steady rate between two live nodes', measure: live },
  { rows: ['envelope/mutations-growth-mb'], about: 'a million mutated envelopes', onlyByName: true, measure: mutations },
];
